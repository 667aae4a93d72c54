/**
 * Goal: under a kernel with known defects the churn finds these and nothing else; under the current one nothing.
 * Method: short runs of the controlled runtime with guests of bare instructions, against the table of docs/decisions/0007-kernel-profiles.md.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { KernelName } from '../../src/base/kernel-profile.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import type { RunReport } from '../../src/scenario/run-report.ts';
import { ScenarioRun } from '../../src/scenario/run-scenario.ts';
import { ROOT } from '../tidy/tree.ts';

const world = (kernel: KernelName): string => `
host:
  kernel: "${kernel}"
  adapters: [{ id: 5, type: CEX8C }, { id: 6, type: CEX8C }]
  domains: [4, 5]
  apmask: "-5,-6"
  serviceScale: 0
mdevs:
  - { name: m1, adapters: [5], domains: [4, 5] }
  - { name: m2, adapters: [6], domains: [4, 5] }
guests:
  - { name: guest1, mdev: m1, workload: { instructions: [aqic 05.0004, nqap 05.0004, nqap 05.0005] } }
  - { name: guest2, mdev: m2, workload: { instructions: [aqic 06.0004, nqap 06.0004, nqap 06.0005] } }
`;

async function stress(kernel: KernelName, seed: number): Promise<RunReport> {
  const scenario = loadScenario(world(kernel), 'world.yaml');
  const options = { scenario, design: scenario.design, seed, runtime: 'controlled', mode: 'stress', steps: 15_000 } as const;
  return await new ScenarioRun({ ...options, logger: { level: 'silent' } }).start();
}

/** Beginnings of the titles, by kernel. */
function knownFindings(kernel: KernelName): string[] {
  const lines = readFileSync(join(ROOT, 'docs', 'decisions', '0007-kernel-profiles.md'), 'utf8').split('\n');
  const rows = lines.filter((line) => line.startsWith('| ')).map((line) => line.split('|').map((cell) => cell.trim()));
  return rows.filter(([, name]) => name === kernel).map(([, , title]) => title!);
}

const SEEDS = [1, 2, 3, 4];
/** They need a removal or Secure Execution at the right time, and are not in every short run. */
const RARE = /^use after free|^invariant [ch]|^kernel BUG|^left over/;

test.each<KernelName>(['current', '6.0', '5.15'])(
  'a churn under kernel %s finds the defects that are known, and no others',
  async (kernel) => {
    const known = knownFindings(kernel);
    expect(known.length).toBe({ current: 0, '6.0': 9, '5.15': 10 }[kernel]);
    const found = new Set<string>();
    for (const seed of SEEDS) {
      const { findings, guests, stress: done } = await stress(kernel, seed);
      const beginning = (title: string): string => {
        const bare = title.replace(/^churn\d+ failed: /, '');
        return known.find((candidate) => bare.startsWith(candidate)) ?? title;
      };
      for (const { title } of findings) found.add(beginning(title));
      for (const { name, operations, errors } of guests) expect([name, operations > 0, errors]).toEqual([name, true, 0]);
      expect(done!.checks).toBeGreaterThan(100);
    }
    expect([...found].filter((title) => !known.includes(title))).toEqual([]);
    expect(known.filter((title) => !RARE.test(title) && !found.has(title))).toEqual([]);
  },
);
