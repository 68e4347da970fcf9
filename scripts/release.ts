/**
 * `node scripts/release.ts TAG REPOSITORY`: what a release of that tag is called, one `name=value` a line, for the steps of
 * .github/workflows/release.yml. Fails if the tag is not that of the version, or CHANGELOG.md does not tell of it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

export interface Release {
  readonly version: string;
  /** npm's name for what `npm install consignee` takes: `next` for what comes before a release. */
  readonly npmTag: string;
  readonly imageTags: readonly string[];
  /** What the Dockerfile's FROM means, by digest; it stands once, in docker-compose.yml. */
  readonly base: string;
}

export function releaseOf(tag: string, version: string, changelog: string, compose: string): Release {
  if (tag !== `v${version}`) throw new Error(`the tag is ${tag}, and package.json has ${version}`);
  const [, major, minor, rest] = /^(\d+)\.(\d+)\.\d+(-.+)?$/.exec(version) ?? [];
  if (major === undefined) throw new Error(`${version} is no version`);
  if (!rest && !changelog.includes(`\n## ${version} `))
    throw new Error(`CHANGELOG.md has no heading for ${version}`);
  const [, name, digest] = /^\s+"(.+)": (docker-image:.+)$/m.exec(compose) ?? [];
  if (digest === undefined) throw new Error('docker-compose.yml does not say what the image is built on');
  return {
    version,
    npmTag: rest ? 'next' : 'latest',
    imageTags: rest ? [version] : [version, `${major}.${minor}`, major, 'latest'],
    base: `${name}=${digest}`,
  };
}

if (import.meta.main) {
  const [tag = '', repository = ''] = process.argv.slice(2);
  const { version } = JSON.parse(read('package.json'));
  const release = releaseOf(tag, version, read('CHANGELOG.md'), read('docker-compose.yml'));
  const image = `ghcr.io/${repository.toLowerCase()}`;
  console.log(`version=${release.version}`);
  console.log(`npm-tag=${release.npmTag}`);
  console.log(`image-tags=${release.imageTags.map((name) => `${image}:${name}`).join(',')}`);
  console.log(`base=${release.base}`);
}
