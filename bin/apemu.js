#!/usr/bin/env node
/** Starts the built command line. Kept this small so that nothing but a missing build can fail here. */
import { existsSync } from 'node:fs';

const entry = new URL('../dist/cli/main.js', import.meta.url);
if (existsSync(entry)) {
  const { main } = await import(entry.href);
  process.exitCode = await main(process.argv.slice(2));
} else {
  process.stderr.write('apemu: expected a build in dist/, found none: run `npm ci` (or `npm run build`) in the checkout first\n');
  process.exitCode = 2;
}
