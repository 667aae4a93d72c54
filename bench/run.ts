/**
 * `npm run bench`: every benchmark in one process, the table on stdout, the figures in bench/results.json. Compiled first, like the product:
 * what runs TypeScript directly names every function anew, which costs short programs half their speed. Words choose benchmarks by name.
 */
import v8 from 'node:v8';
import { writeFileSync } from 'node:fs';
import { assignment } from './assignment.ts';
import { busScan } from './bus-scan.ts';
import { designs } from './designs.ts';
import { exploreAbba } from './explore-abba.ts';
import { exploreScenarios } from './explore-scenarios.ts';
import { guestCpu } from './guest-cpu.ts';
import { hostBringup } from './host-bringup.ts';
import { idleHost } from './idle-host.ts';
import { locks } from './locks.ts';
import { lszcrypt } from './lszcrypt.ts';
import { figureLine, reached, type Figure } from './measure.ts';
import { nqapDqap } from './nqap-dqap.ts';
import { rsaPath } from './rsa-path.ts';
import { sysfs } from './sysfs.ts';

// Worlds that live for microseconds: as exploring processes set it.
v8.setFlagsFromString('--no-allocation-site-pretenuring');

const wanted = process.argv.slice(2);
const chosen = [
  hostBringup,
  busScan,
  idleHost,
  rsaPath,
  nqapDqap,
  locks,
  assignment,
  exploreAbba,
  exploreScenarios,
  designs,
  guestCpu,
  sysfs,
  lszcrypt,
].filter(({ name }) => wanted.length === 0 || wanted.some((word) => name.includes(word)));
const figures: Figure[] = [];
for (const benchmark of chosen) {
  for (const figure of await benchmark()) {
    figures.push(figure);
    console.log(figureLine(figure));
  }
}
if (wanted.length === 0) {
  writeFileSync(
    'bench/results.json',
    `${JSON.stringify({ node: process.version, figures: figures.map((figure) => ({ ...figure, reached: reached(figure) })) }, null, 2)}\n`,
  );
}
