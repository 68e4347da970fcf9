/**
 * `consignee check`: examines the configuration, the files and the machine, one line each: pass, warn or fail.
 * Exit 1 if anything fails. Values are never printed.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import type { Problem } from '../errors.ts';
import { examineInbox } from '../inbox/sqlite/files.ts';
import { isLoopback } from '../verification/address.ts';
import { ENV_FILE, readSettings, type Settings, usesDotenv } from './settings.ts';

interface Finding {
  readonly verdict: 'pass' | 'warn' | 'fail';
  readonly subject: string;
  readonly says: string;
}

const FREE_MB_LEAST = 512;

export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { json: { type: 'boolean', default: false }, config: { type: 'string' } },
  });
  const settings = await readSettings(values.config, usesDotenv());
  const findings = [
    ...settings.problems.map((problem) => finding('fail', problem)),
    ...settings.warnings.map((problem) => finding('warn', problem)),
    ...sourceFindings(settings),
    ...edgeFindings(settings),
    ...envFileFindings(),
    ...inboxFindings(settings),
  ];
  for (const { verdict, subject, says } of findings) {
    const line = values.json
      ? JSON.stringify({ verdict, subject, says })
      : `${verdict}  ${subject.padEnd(16)} ${says}`;
    process.stdout.write(`${line}\n`);
  }
  const failed = findings.filter(({ verdict }) => verdict === 'fail').length;
  if (!values.json) {
    process.stdout.write(failed === 0 ? '\nNothing fails.\n' : `\n${failed} of ${findings.length} fail.\n`);
  }
  return failed === 0 ? 0 : 1;
}

function finding(verdict: Finding['verdict'], { setting, wrong, fix }: Problem): Finding {
  return { verdict, subject: setting, says: `${wrong}. ${fix}` };
}

function sourceFindings({ config }: Settings): Finding[] {
  const findings = config.sources.map(({ name, schemes, path, prefix }): Finding => {
    if (schemes.length === 0) {
      return { verdict: 'warn', subject: name, says: `off; set ${prefix}_WEBHOOK_SECRET to switch it on` };
    }
    return { verdict: 'pass', subject: name, says: `${path} verifies ${schemes.join(' + ')}` };
  });
  const secrets = config.sources.flatMap((source) =>
    [source.hmacSecrets, source.tokens, source.jwtSecrets]
      .flat()
      .map((secret) => ({ secret, name: source.name })),
  );
  for (const [at, { secret, name }] of secrets.entries()) {
    const twin = secrets.slice(0, at).find((other) => other.secret === secret);
    if (!twin) continue;
    const says = `shares a secret with ${twin.name === name ? 'another setting of its own' : twin.name}: give each its own`;
    findings.push({ verdict: 'warn', subject: name, says });
  }
  return findings;
}

function edgeFindings({ config }: Settings): Finding[] {
  const https: Finding = config.requireHttps
    ? { verdict: 'pass', subject: 'REQUIRE_HTTPS', says: 'webhooks must arrive over TLS' }
    : {
        verdict: config.production ? 'fail' : 'warn',
        subject: 'REQUIRE_HTTPS',
        says: 'false: webhooks are taken without TLS. Set it to true behind HTTPS.',
      };
  const findings: Finding[] = [https];
  if (config.requireHttps && config.trustProxy.length === 0) {
    findings.push({
      verdict: 'fail',
      subject: 'TRUST_PROXY',
      says: 'empty, while TLS is required and this service speaks plain HTTP: every webhook would be refused with 403. Name your proxy’s addresses.',
    });
  }
  const open = !isLoopback(config.console.host);
  findings.push({
    verdict: 'pass',
    subject: 'console',
    says: open ? `${config.console.host}, with a token` : 'this machine only',
  });
  return findings;
}

function envFileFindings(): Finding[] {
  if (!existsSync(ENV_FILE)) return [];
  const mode = statSync(ENV_FILE).mode & 0o777;
  const isPrivate = (mode & 0o077) === 0;
  return [
    {
      verdict: isPrivate ? 'pass' : 'fail',
      subject: ENV_FILE,
      says: isPrivate
        ? 'readable by its owner only'
        : `others may read it (mode ${mode.toString(8)}): chmod 600 .env`,
    },
    envFileInGit(),
  ];
}

function envFileInGit(): Finding {
  const subject = `${ENV_FILE} in git`;
  const git = (...args: string[]) => execFileSync('git', args, { stdio: 'pipe' }).toString();
  try {
    git('rev-parse', '--is-inside-work-tree');
  } catch {
    return { verdict: 'pass', subject, says: 'not in a git work tree' };
  }
  try {
    git('ls-files', '--error-unmatch', ENV_FILE);
    const says = 'git tracks it: git rm --cached .env, then rotate every secret in it';
    return { verdict: 'fail', subject, says };
  } catch {
    // Not tracked; it must be ignored as well, or the next `git add .` takes it along.
  }
  try {
    git('check-ignore', '-q', ENV_FILE);
    return { verdict: 'pass', subject, says: 'ignored' };
  } catch {
    return { verdict: 'fail', subject, says: 'not ignored: add .env to .gitignore' };
  }
}

function inboxFindings({ config, problems }: Settings): Finding[] {
  if (problems.some(({ setting }) => setting === 'DATABASE_URL')) return [];
  const problem = examineInbox(config.inboxPath, true);
  if (problem) return [finding('fail', problem)];
  const state = existsSync(config.inboxPath) ? 'sound' : 'will be made at the first start';
  const { bavail, bsize } = statfsSync(dirname(config.inboxPath));
  const freeMb = Math.floor((bavail * bsize) / 1_048_576);
  return [
    { verdict: 'pass', subject: 'inbox', says: `${config.inboxPath}: ${state}` },
    {
      verdict: freeMb < FREE_MB_LEAST ? 'warn' : 'pass',
      subject: 'disk',
      says: `${freeMb} MiB free for the inbox`,
    },
  ];
}
