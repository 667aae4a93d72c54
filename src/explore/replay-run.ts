/**
 * One execution that is written down as it goes: what shrinking, lenient replay and the search for constraints are made of.
 */
import type { Finding } from '../locks/finding.ts';
import type { ControlledRuntime } from '../runtime/controlled.ts';
import type { StepRecorder } from '../runtime/footprint.ts';
import type { Strategy } from '../runtime/strategy.ts';
import { execute } from './execution.ts';
import type { Program } from './program.ts';
import { RecordingStrategy, type Recording } from './replay-recording.ts';

/** What has to be the same in all executions of one schedule. */
export interface RunSettings {
  readonly seed: number;
  readonly maxSteps: number;
  readonly releaseSteps?: 'declared' | 'all';
  /** See LockLayerOptions. Default true. */
  readonly maps?: boolean;
}

/** How much is looked at. */
export interface RunDetail {
  readonly validate: boolean;
  readonly places: boolean;
  readonly recorder?: StepRecorder;
}

export interface RecordedRun {
  /** What was looked for; null when it did not come about. */
  readonly finding: Finding | null;
  readonly recording: Recording;
  readonly failure: unknown;
  /** As it was left. */
  readonly rt: ControlledRuntime;
}

export interface RunRequest {
  readonly settings: RunSettings;
  readonly strategy: Strategy;
  readonly wanted: (finding: Finding) => boolean;
  readonly detail: RunDetail;
}

export async function runRecorded(program: Program, { settings, strategy, wanted, detail }: RunRequest): Promise<RecordedRun> {
  const recorded = new RecordingStrategy(strategy);
  const { releaseSteps = 'declared', maps = true, seed, maxSteps } = settings;
  const { findings, world } = await execute(program, {
    strategy: recorded,
    seed,
    maxSteps,
    releaseSteps,
    maps,
    recorder: detail.recorder ?? null,
    lockdep: detail.validate,
    places: detail.places,
    stopAt: wanted,
    record: false,
  });
  return { finding: findings.find(wanted) ?? null, recording: recorded.recording(world.rt), failure: world.rt.failure, rt: world.rt };
}

/** The run with the least detail in which what is wanted comes about; null when it does in none. */
export async function cheapestRun(
  program: Program,
  request: Omit<RunRequest, 'detail' | 'strategy'> & { readonly strategy: () => Strategy },
): Promise<{ readonly detail: RunDetail; readonly run: RecordedRun } | null> {
  for (const detail of DETAILS) {
    const run = await runRecorded(program, { ...request, strategy: request.strategy(), detail });
    if (run.finding !== null) return { detail, run };
  }
  return null;
}

const DETAILS: readonly RunDetail[] = [
  { validate: false, places: false },
  { validate: true, places: false },
  { validate: true, places: true },
];
