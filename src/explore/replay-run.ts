/**
 * One execution that is written down as it goes: what shrinking, lenient replay and the search for constraints are made of.
 */
import type { Finding } from '../locks/finding.ts';
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
  return { finding: findings.find(wanted) ?? null, recording: recorded.recording(world.rt), failure: world.rt.failure };
}

/** The least detail in which the strategy still finds what is wanted; null when it finds it in none. */
export async function leastDetail(program: Program, request: Omit<RunRequest, 'detail' | 'strategy'> & { strategy: () => Strategy }): Promise<RunDetail | null> {
  for (const detail of DETAILS) {
    const { finding } = await runRecorded(program, { ...request, strategy: request.strategy(), detail });
    if (finding !== null) return detail;
  }
  return null;
}

const DETAILS: readonly RunDetail[] = [
  { validate: false, places: false },
  { validate: true, places: false },
  { validate: true, places: true },
];
