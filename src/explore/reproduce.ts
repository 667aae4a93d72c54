/**
 * A schedule once more, strictly, with a fresh validator and everything on that a report is made of.
 */
import type { Finding } from '../locks/finding.ts';
import { ReplayDiverged, ReplayStrategy } from '../runtime/replay-strategy.ts';
import type { Strategy } from '../runtime/strategy.ts';
import { execute } from './execution.ts';
import type { Program } from './program.ts';
import { RecordingStrategy, type Recording } from './replay-recording.ts';
import { countSwitches, TimelineRecorder, type TimelineStep } from './timeline.ts';

export interface ReproduceOptions {
  readonly choices: readonly number[];
  readonly seed: number;
  readonly maxSteps: number;
  readonly releaseSteps?: 'declared' | 'all';
  /** See LockLayerOptions. Default true. */
  readonly maps?: boolean;
  readonly counts?: (finding: Finding) => boolean;
  /** Default: strict replay of the choices. */
  readonly strategy?: Strategy;
}

export interface Reproduced {
  /** Null when nothing was found this time. */
  readonly finding: Finding | null;
  /** Everything that was found, in order. */
  readonly findings: readonly Finding[];
  readonly timeline: readonly TimelineStep[];
  readonly switches: number;
  /** What was chosen: differs from the request after a lenient replay. */
  readonly choices: readonly number[];
  /** The same with the names of tasks and steps: what is saved. */
  readonly recording: Recording;
  /** State at the end, where the program has one. */
  readonly digest: string | null;
  /** Where the replay left the recorded course, and why; null when it did not. */
  readonly diverged: string | null;
}

export async function reproduce(program: Program, options: ReproduceOptions): Promise<Reproduced> {
  const { choices, seed, maxSteps, releaseSteps, maps = true, counts } = options;
  const recorder = new TimelineRecorder();
  const strict = new ReplayStrategy(choices);
  const strategy = new RecordingStrategy(options.strategy ?? strict);
  const execution = await execute(program, {
    strategy,
    seed,
    maxSteps,
    recorder,
    places: true,
    maps,
    ...(releaseSteps === undefined ? {} : { releaseSteps }),
    ...(counts === undefined ? {} : { stopAt: counts }),
  });
  const { failure } = execution.world.rt;
  const cameOff = failure instanceof ReplayDiverged ? failure.message : null;
  const findings = execution.findings.filter((finding) => (counts === undefined || counts(finding)) && cameOff === null);
  const early = options.strategy === undefined && findings.length === 0 && strict.left > 0;
  const diverged = cameOff ?? (early ? `the run ended with ${strict.left} of ${choices.length} choices left` : null);
  return {
    finding: findings[0] ?? null,
    findings,
    timeline: recorder.steps,
    switches: countSwitches(recorder.steps),
    choices: execution.choices,
    recording: strategy.recording(execution.world.rt),
    digest: execution.run.digest?.() ?? null,
    diverged,
  };
}
