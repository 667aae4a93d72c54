/**
 * Goal: a release needs to be a step of its own only where somebody can observe "held" (the default, `declared`): the set of everything a
 * program can do is the same as with a step for every release and wake-up (`all`). Method: random small programs, all their schedules.
 * And the validator misses no deadlock that some schedule reaches.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { allOutcomes, firstReport, randomProgram, type StepKind } from '../helpers/lock-program.ts';

const LOCKS: readonly StepKind[] = ['lock', 'lock', 'lock', 'unlock', 'unlock', 'read', 'write', 'load', 'store'];
const KINDS: readonly (readonly [string, readonly StepKind[]])[] = [
  ['locks and fields', LOCKS],
  ['and trylocks', [...LOCKS, 'try', 'try']],
  ['and waits', [...LOCKS, 'wait', 'wait', 'wake', 'racy-wake']],
  ['and trylocks, waits and spawned tasks', [...LOCKS, 'try', 'try', 'wait', 'wait', 'wake', 'racy-wake', 'spawn']],
];
const RUNS_MAX = 600;
const PROGRAMS = 60;

describe.each(KINDS)('%s', (_name, kinds) => {
  test('both release rules reach the same outcomes', async () => {
    let compared = 0;
    let runs = { declared: 0, all: 0 };
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const program = randomProgram(new Prng(seed), kinds);
        const all = await allOutcomes(program, 'all', RUNS_MAX);
        fc.pre(all !== null);
        const declared = await allOutcomes(program, 'declared', RUNS_MAX);
        expect([...declared!.all].toSorted()).toEqual([...all.all].toSorted());
        compared++;
        runs = { declared: runs.declared + declared!.runs, all: runs.all + all.runs };
      }),
      { seed: 20, numRuns: PROGRAMS, maxSkipsPerRun: 20 },
    );
    expect(compared).toBe(PROGRAMS);
    // That the default is worth having: it never needs more schedules, and far fewer where nothing is tried.
    expect(runs.declared).toBeLessThan(runs.all);
  });
});

test('whatever can deadlock is reported by the validator, mostly in the first schedule it sees', async () => {
  let deadlocking = 0;
  let atOnce = 0;
  let silent = 0;
  for (let seed = 0; seed < 150; seed++) {
    const program = randomProgram(new Prng(seed), ['lock', 'lock', 'lock', 'unlock', 'read', 'write']);
    const outcomes = await allOutcomes(program, 'declared', RUNS_MAX);
    if (outcomes === null) continue;
    const deadlocks = [...outcomes.all].some((outcome) => outcome.startsWith('deadlock'));
    const first = await firstReport(program, deadlocks ? 100 : 10);
    if (deadlocks) {
      deadlocking++;
      expect(first).toBeGreaterThan(0);
      if (first === 1) atOnce++;
    } else if (first === 0) silent++;
  }
  expect(deadlocking).toBeGreaterThan(20);
  expect(atOnce).toBeGreaterThan(deadlocking / 2);
  expect(silent).toBeGreaterThan(20);
});
