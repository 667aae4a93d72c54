/**
 * A recording after a change of the code: does its failure still come about? Strictly first, which also says where the course is another one
 * now; then leniently, with one reading of the changes after the other.
 */
import type { Finding } from '../locks/finding.ts';
import { ReplayDiverged } from '../runtime/replay-strategy.ts';
import { LenientReplay, type LenientOptions } from './lenient.ts';
import type { Program } from './program.ts';
import { choicesOf, type Recording } from './replay-recording.ts';
import { runRecorded, type RunSettings } from './replay-run.ts';
import { StrictReplay } from './replay-strict.ts';

/** What an unknown step may be, likeliest first. */
const READINGS: readonly LenientOptions[] = [{}, { unknown: 'renamed' }, { later: 'inserted' }];
const FULL = { validate: true, places: true };

export interface Repaired {
  /** Null when the failure did not come about. */
  readonly finding: Finding | null;
  /** Of the run that is reported, which a strict replay repeats. */
  readonly choices: readonly number[];
  readonly recording: Recording;
  /** Where the strict replay left the recorded course; null when it did not. */
  readonly diverged: string | null;
  /** Recorded steps left out, and steps that the recording does not know. */
  readonly skipped: number;
  readonly added: number;
}

export async function repair(
  program: Program,
  recording: Recording,
  request: { settings: RunSettings; wanted: (finding: Finding) => boolean },
): Promise<Repaired> {
  const strict = new StrictReplay(recording);
  const first = await runRecorded(program, { ...request, strategy: strict, detail: FULL });
  let diverged = first.failure instanceof ReplayDiverged ? first.failure.message : null;
  if (diverged === null && strict.left > 0) diverged = `the run ended with ${strict.left} recorded steps left`;
  if (diverged === null)
    return { finding: first.finding, choices: choicesOf(first.recording), recording: first.recording, diverged, skipped: 0, added: 0 };
  let last: Repaired | null = null;
  for (const reading of READINGS) {
    const strategy = new LenientReplay(recording, reading);
    const run = await runRecorded(program, { ...request, strategy, detail: FULL });
    const { skipped, added } = strategy;
    last = { finding: run.finding, choices: choicesOf(run.recording), recording: run.recording, diverged, skipped, added };
    if (run.finding !== null) return last;
  }
  return last!;
}
