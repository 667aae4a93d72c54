/**
 * How good a search is at a program: executions until something is found, and the courses that it takes.
 */
import { execute } from '../../src/explore/execution.ts';
import { Explorer } from '../../src/explore/explorer.ts';
import type { ExploreResult } from '../../src/explore/result.ts';
import type { Program } from '../../src/explore/program.ts';
import type { Search } from '../../src/explore/search.ts';
import { strategyByName } from '../../src/explore/strategies/registry.ts';
import type { ControlledOutcome } from '../../src/runtime/controlled-options.ts';

/** Enough for every toy, and few enough for a poll loop to reach them. */
export const MAX_STEPS = 500;

export function searchNamed(name: string, seed = 1): Search {
  const make = strategyByName(name);
  if (make === null) throw new Error(`expected a strategy, got ${name}`);
  return make({ seed, maxSteps: MAX_STEPS });
}

/** A campaign that looks for what happens, not for what the lock order predicts. */
export const campaign = (program: Program, search: Search, settings: { schedules: number; collect?: boolean }): Promise<ExploreResult> =>
  new Explorer({
    program,
    search,
    seed: 1,
    budget: { schedules: settings.schedules },
    collect: settings.collect ?? false,
    maxSteps: MAX_STEPS,
    validate: false,
    counts: ({ kind }) => kind !== 'lock-order',
  }).explore();

/** Mean number of executions until the bug of the program is found; Infinity when one of the hunts does not come to that. */
export async function meanHunt(program: Program, name: string, limits: { seeds?: number; schedules?: number } = {}): Promise<number> {
  const { seeds = 30, schedules = 5000 } = limits;
  let sum = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const result = await campaign(program, searchNamed(name, seed * 1009), { schedules });
    sum += result.verdict === 'finding' ? result.schedules : Number.POSITIVE_INFINITY;
  }
  return sum / seeds;
}

export interface Course {
  readonly choices: readonly number[];
  readonly outcome: ControlledOutcome;
}

/** The first executions that a search asks for, findings or not; every one that differs from those before is said to be new coverage. */
export async function courses(program: Program, search: Search, most: number): Promise<Course[]> {
  const seen = new Set<string>();
  const all: Course[] = [];
  for (let n = 0; n < most; n++) {
    const strategy = search.next(n);
    if (strategy === null) break;
    const { outcome, choices, findings, steps, world } = await execute(program, {
      strategy,
      seed: 1,
      maxSteps: MAX_STEPS,
      recorder: search.recorder ?? null,
      lockdep: false,
      onOutcome: (how, rt) => search.stopped?.(how, rt),
    });
    const isNew = !seen.has(choices.join());
    seen.add(choices.join());
    const facts = { outcome, failed: findings.length > 0, steps, choices: choices.length };
    search.ended({ ...facts, newTrace: isNew, newCoverage: isNew, rt: world.rt });
    all.push({ choices, outcome });
  }
  return all;
}
