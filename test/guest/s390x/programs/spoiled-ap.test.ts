/**
 * Goal: whichever rule of the AP instructions is broken, the checks about it turn red; there is no check that nothing turns red.
 */
import { expect, test, vi } from 'vitest';
import { AP_CHECKS } from '../../../../src/guest/s390x/programs/ap-checks.ts';
import type * as ApModule from '../../../../src/guest/s390x/machine/ap-instructions.ts';
import { runConformance, type Conformance, type MachineName } from './conformance-run.ts';
import type { Spoiled } from './spoil.ts';
import { noticing, SPOILED } from './spoiled-ap.ts';

const current: { execute: Spoiled['execute'] | null } = vi.hoisted(() => ({ execute: null }));

vi.mock('../../../../src/guest/s390x/machine/ap-instructions.ts', async (importOriginal) => {
  const original = await importOriginal<typeof ApModule>();
  const executeAp: typeof ApModule.executeAp = async (task, on, insn) => {
    const real = (): Promise<void> => original.executeAp(task, on, insn);
    await (current.execute === null ? real() : current.execute({ cpu: on.cpu, insn, real }));
  };
  return { ...original, executeAp };
});

const sound = new Map<MachineName, Promise<Conformance>>();

/** Without any defect. */
function soundly(machine: MachineName): Promise<Conformance> {
  const run = sound.get(machine) ?? runConformance(machine);
  sound.set(machine, run);
  return run;
}

test.each(SPOILED.map((spoiled) => [spoiled.defect, spoiled] as const))('noticed: %s', async (_defect, spoiled) => {
  const names = noticing(spoiled);
  const checks = AP_CHECKS.filter(({ name }) => names.includes(name));
  const before = await soundly(spoiled.machine);
  const expected = names.filter((name) => before.passed.has(name));
  expect(expected.length).toBeGreaterThan(0);
  current.execute = spoiled.execute;
  try {
    const { passed, failed, status, console } = await runConformance(spoiled.machine, { checks });
    expect([...passed], console).toEqual([]);
    expect([...failed]).toEqual(expected);
    expect(status).toBe(3);
  } finally {
    current.execute = null;
  }
});

test('every check is turned red by one of the defects', () => {
  const noticed = new Set(SPOILED.flatMap(noticing));
  expect(AP_CHECKS.map(({ name }) => name).filter((name) => !noticed.has(name))).toEqual([]);
});
