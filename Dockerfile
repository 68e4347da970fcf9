# docker-compose.yml says which image of this name is meant, by its digest. With `docker build` say so yourself:
#   --build-context node:26-bookworm-slim=docker-image://node:26-bookworm-slim@sha256:…
FROM node:26-bookworm-slim

WORKDIR /app

# What runs, and Google's clients, which are optional only for those who install the package. Versions and digests are those of the
# lock file. Install scripts do not run: none of these packages needs one.
COPY package.json package-lock.json ./
RUN npm pkg delete devDependencies peerDependenciesMeta \
 && npm install --no-save --ignore-scripts --cache /tmp/npm && rm -rf /tmp/*

COPY bin bin
COPY src src
COPY template template
# The wiring: mount a folder of your own there, or copy one over it.
COPY config /config

# `consignee <command>` for docker exec; `consignee` as /config and what is mounted there import it; and the one folder that is
# written to: by node, and by any other user in group 0, as `--user 1234` and OpenShift have it. What is made there stays with
# that group, so that the next user may go on.
RUN chmod 755 bin/consignee.js \
 && ln -s /app/bin/consignee.js /usr/local/bin/consignee \
 && mkdir /node_modules && ln -s /app /node_modules/consignee \
 && ln -s /config config \
 && install -d -m 2770 -o node -g root /data

ENV NODE_ENV=production \
    CONSIGNEE_CONFIG=/config \
    DATA_DIR=/data
VOLUME /data
# By number, so that Kubernetes can tell that it is not root (runAsNonRoot); of group 0, so that it can be changed for another user.
USER 1000:0
EXPOSE 3000

# Liveness only: a full disk is for /readyz and the balancer, restarting would not help it.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/healthz`, { signal: AbortSignal.timeout(4000) }).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]

STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/app/bin/consignee.js"]
CMD ["serve"]
