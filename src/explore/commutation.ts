/**
 * Is everything that tasks share declared? Reduction, fingerprints and swaps of the shrinker believe that two steps commute when nothing
 * that they touched is the same. Here it is tried: two neighbours in a schedule that should commute are exchanged, and the rest of the
 * execution has to go on as before, step by step, to the same end. Where it does not, some state was touched and nobody said so.
 */
import { ReplayStrategy } from '../runtime/replay-strategy.ts';
import type { Strategy } from '../runtime/strategy.ts';
import { execute, type Execution } from './execution.ts';
import { MAX_STEPS } from './explorer.ts';
import type { Program } from './program.ts';
import { independent, ScriptPlayer, ScriptRecorder, touchesText, type ScriptStep } from './step-script.ts';

export interface CommutationOptions {
  readonly seed: number;
  /** The schedule: choices that were recorded, or a strategy that makes one. */
  readonly schedule: readonly number[] | Strategy;
  readonly maxSteps?: number;
  readonly releaseSteps?: 'declared' | 'all';
}

/** Two steps that do not commute although they should. */
export interface Undeclared {
  readonly first: string;
  readonly second: string;
  /** Position of the first one in the schedule, from 0. */
  readonly at: number;
  readonly difference: string;
}

export interface CommutationResult {
  /** Pairs that were exchanged. */
  readonly pairs: number;
  readonly undeclared: readonly Undeclared[];
}

interface Course {
  readonly steps: readonly ScriptStep[];
  readonly end: string;
}

export async function checkCommutation(program: Program, options: CommutationOptions): Promise<CommutationResult> {
  const { schedule } = options;
  const { steps, end } = await course(program, 'choose' in schedule ? schedule : new ReplayStrategy(schedule), options);
  const undeclared: Undeclared[] = [];
  let pairs = 0;
  // The last step may be the last one because it ended the execution: it cannot come earlier.
  for (let at = 0; at + 2 < steps.length; at++) {
    const first = steps[at]!;
    const second = steps[at + 1]!;
    if (first.who === second.who || !first.candidates.includes(second.who) || !independent(first, second)) continue;
    pairs++;
    const script = [...steps.slice(0, at), second, first, ...steps.slice(at + 2)];
    const exchanged = await course(program, new ScriptPlayer(script), options);
    const difference = differenceOf({ steps: script, end }, exchanged, at);
    if (difference !== null) undeclared.push({ first: first.label, second: second.label, at, difference });
  }
  return { pairs, undeclared };
}

async function course(
  program: Program,
  strategy: Strategy,
  { seed, maxSteps = MAX_STEPS, releaseSteps }: CommutationOptions,
): Promise<Course> {
  const recorder = new ScriptRecorder(strategy);
  const execution = await execute(program, {
    ...{ strategy: recorder, seed, maxSteps, recorder, lockdep: false },
    ...(releaseSteps === undefined ? {} : { releaseSteps }),
  });
  return { steps: recorder.steps, end: endOf(execution) };
}

function endOf({ outcome, findings, run, world }: Execution): string {
  const { failure } = world.rt;
  const why = failure instanceof Error ? `: ${failure.message}` : '';
  const found = findings.map(({ kind, key }) => `${kind} ${key}`).toSorted();
  return `${outcome}${why}; findings: ${found.join(', ') || 'none'}; state: ${run.digest?.() ?? 'not told'}`;
}

function differenceOf(expected: Course, found: Course, from: number): string | null {
  for (let i = from; i < Math.max(expected.steps.length, found.steps.length); i++) {
    const before = expected.steps[i];
    const after = found.steps[i];
    if (before === undefined || after === undefined) break;
    if (before.label !== after.label) return `step ${i} was "${before.label}", and is "${after.label}"`;
    const [touched, touches] = [touchesText(before), touchesText(after)];
    if (touched !== touches) return `"${after.label}" touched ${touched || 'nothing'}, and touches ${touches || 'nothing'}`;
  }
  return expected.end === found.end ? null : `the end was "${expected.end}", and is "${found.end}"`;
}
