#!/usr/bin/env node
// Plain JavaScript that any Node can read: an old one gets a sentence, not a stack trace.
var major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.error(
    'Consignee needs Node 24 or later, and this is ' +
      process.version +
      '. Get a newer one from nodejs.org; in a clone of Consignee `npm ci` brings one, which `npm run …` uses.',
  );
  process.exit(78);
}
import('../src/ops/main.ts').then((cli) => cli.main(process.argv.slice(2)));
