/**
 * `npm run bench`: every benchmark in one process, the table on stdout, the figures in bench/results.json.
 */
import { writeFileSync } from 'node:fs';
import { hostBringup } from './host-bringup.ts';
import { locks } from './locks.ts';
import { figureLine, reached, type Figure } from './measure.ts';
import { rsaPath } from './rsa-path.ts';

const figures: Figure[] = [];
for (const benchmark of [hostBringup, rsaPath, locks]) {
  for (const figure of await benchmark()) {
    figures.push(figure);
    console.log(figureLine(figure));
  }
}
writeFileSync(
  new URL('results.json', import.meta.url),
  `${JSON.stringify({ node: process.version, figures: figures.map((figure) => ({ ...figure, reached: reached(figure) })) }, null, 2)}\n`,
);
