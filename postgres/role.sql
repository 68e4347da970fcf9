-- Run once, by the image, when the volume of docker-compose.replicas.yml is new: Consignee's role owns its database, and has
-- no other right. The superuser has no password afterwards: it comes in by the container's own socket only.
\set password `cat /run/secrets/database-password`
CREATE ROLE consignee LOGIN PASSWORD :'password';
CREATE DATABASE consignee OWNER consignee TEMPLATE template0 ENCODING 'UTF8';
ALTER ROLE postgres PASSWORD NULL;
