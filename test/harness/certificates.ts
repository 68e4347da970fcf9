/** Certificates that nobody has signed but their own key, made by openssl. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const KINDS = {
  ec: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
  rsa: ['-newkey', 'rsa:2048'],
};

/** Valid from now on, for so many days; `name` as in `DNS:keys.example`. All in PEM. */
export function makeCertificate({
  days = 2,
  name = 'IP:127.0.0.1',
  kind = 'ec',
}: {
  days?: number;
  name?: string;
  kind?: keyof typeof KINDS;
}): { readonly key: string; readonly certificate: string } {
  const folder = mkdtempSync(join(tmpdir(), 'consignee-'));
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const key = [...KINDS[kind], '-nodes', '-keyout', 'key.pem'];
  openssl('req', ...key, '-subj', '/CN=target', '-addext', `subjectAltName=${name}`, '-out', 'request.pem');
  const signing = ['-req', '-in', 'request.pem', '-key', 'key.pem', '-copy_extensions', 'copy'];
  openssl('x509', ...signing, '-days', String(days), '-out', 'certificate.pem');
  const read = (file: string) => readFileSync(join(folder, file), 'utf8');
  const made = { key: read('key.pem'), certificate: read('certificate.pem') };
  rmSync(folder, { recursive: true });
  return made;
}
