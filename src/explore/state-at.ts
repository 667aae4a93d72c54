/**
 * A schedule up to one of its steps, and who holds and waits for what at that moment (kernel: debug_show_all_locks, at a time of one's choice).
 */
import type { BlockedTask, Finding } from '../locks/finding.ts';
import { dumpTask } from '../locks/task-dump.ts';
import { labelText, nextLabel } from '../runtime/footprint.ts';
import { ReplayDiverged } from '../runtime/replay-strategy.ts';
import type { Strategy } from '../runtime/strategy.ts';
import { execute } from './execution.ts';
import type { Program } from './program.ts';
import { TimelineRecorder, type TimelineStep } from './timeline.ts';

export interface StateTask extends BlockedTask {
  readonly id: number;
  /** What it has announced. */
  readonly next: string;
}

export interface StateAt {
  /** Steps made: fewer than asked for when the schedule has ended before. */
  readonly steps: number;
  /** Milliseconds of the virtual clock. */
  readonly time: number;
  /** The last steps before that moment come last. */
  readonly timeline: readonly TimelineStep[];
  /** Tasks that have not ended, in the order of their ids. */
  readonly tasks: readonly StateTask[];
  /** Where the replay left the recorded course; null when it did not. */
  readonly diverged: string | null;
}

export interface StateOptions {
  readonly strategy: Strategy;
  readonly seed: number;
  /** How many steps to make. */
  readonly steps: number;
  /** See LockLayerOptions. Default true. */
  readonly maps?: boolean;
  /** What ended the recorded run; default: any finding. */
  readonly counts?: (finding: Finding) => boolean;
}

/** Nobody has watched how long anything took. */
const UNWATCHED = { since: null, order: 0, series: null };

export async function stateAt(
  program: Program,
  { strategy, seed, steps, maps = true, counts = () => true }: StateOptions,
): Promise<StateAt> {
  const recorder = new TimelineRecorder();
  const limits = { seed, maxSteps: steps, maps, stopAt: counts };
  const { world } = await execute(program, { ...limits, strategy, recorder, places: true, record: false });
  const { rt, layer } = world;
  const source = { rt, dep: layer.lockdep, timed: false, facts: () => UNWATCHED };
  const tasks = [...rt.tasks].toSorted((a, b) => a.id - b.id);
  return {
    steps: recorder.steps.length,
    time: rt.now(),
    timeline: recorder.steps,
    tasks: tasks.map((task) => ({ ...dumpTask(task, source), id: task.id, next: labelText(nextLabel(task)) })),
    diverged: rt.failure instanceof ReplayDiverged ? rt.failure.message : null,
  };
}
