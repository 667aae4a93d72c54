/**
 * Writes the generated parts of docs/locks and docs/threads. Run with tsx after a change of a design, a scenario of the history or a report;
 * words choose pages by name.
 */
import { writeFileSync } from 'node:fs';
import { setEngineFlags } from '../src/campaign/engine-flags.ts';
import { lockPages, threadPages } from './docs/pages.ts';

setEngineFlags();
// Sources of scenarios are named from the root, and so are the commands on the pages.
process.chdir(new URL('..', import.meta.url).pathname);
const words = process.argv.slice(2);
for (const { path, read, fresh } of [...lockPages(), ...threadPages()]) {
  if (words.length > 0 && !words.some((word) => path.includes(word))) continue;
  const text = await fresh();
  if (text === read()) continue;
  writeFileSync(path, text);
  process.stdout.write(`${path}\n`);
}
