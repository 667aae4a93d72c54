/**
 * Goal: the conformance program passes on every kind of machine, and runs there exactly the checks that make sense there.
 */
import { expect, test } from 'vitest';
import { Fact } from '../../../../src/guest/s390x/programs/ap-check-rows.ts';
import { AP_CHECKS } from '../../../../src/guest/s390x/programs/ap-checks.ts';
import { MACHINES, runConformance, type MachineName } from './conformance-run.ts';

const EVERYTHING = Fact.QCI | Fact.APFT | Fact.AQIC | Fact.APXA | Fact.AP | Fact.QUEUE | Fact.OTHER;

/** What the program must find on each machine. */
const FACTS: Readonly<Record<MachineName, number>> = {
  accelerator: EVERYTHING,
  coprocessor: EVERYTHING,
  'without facility 12': EVERYTHING & ~(Fact.QCI | Fact.APXA),
  'without facility 15': EVERYTHING & ~Fact.APFT,
  'without facility 65': EVERYTHING & ~Fact.AQIC,
  'without APXA': EVERYTHING & ~Fact.APXA,
  'without AP': 0,
};

function expectedOn(machine: MachineName): string[] {
  const facts = FACTS[machine];
  return AP_CHECKS.filter(({ needs, without = 0 }) => {
    const all = needs | (Fact.AP & ~without);
    return (facts & all) === all && (facts & without) === 0;
  }).map(({ name }) => name);
}

test('names of checks are unique, and every check makes sense on one of the machines', () => {
  const names = AP_CHECKS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  const somewhere = new Set((Object.keys(MACHINES) as MachineName[]).flatMap(expectedOn));
  expect(names.filter((name) => !somewhere.has(name))).toEqual([]);
});

test.each(Object.keys(MACHINES) as MachineName[])('all checks that make sense pass: %s', async (machine) => {
  const { passed, failed, status, console, report } = await runConformance(machine);
  expect([...failed], console).toEqual([]);
  expect([...passed]).toEqual(expectedOn(machine));
  expect(status).toBe(1);
  expect(report.ok).toBe(true);
});

test('all checks pass on native promises, too', async () => {
  const { failed, passed, status, console } = await runConformance('accelerator', { runtime: 'live' });
  expect([...failed], console).toEqual([]);
  expect(passed.size).toBe(expectedOn('accelerator').length);
  expect(status).toBe(1);
});
