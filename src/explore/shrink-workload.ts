/**
 * Less work that still fails: the owner of a program offers smaller ones, and each is accepted when a lenient replay or a short search brings
 * the same failure about. What "smaller" means is the owner's: fewer guests, events, loop turns.
 */
import type { Finding } from '../locks/finding.ts';
import { hostNow } from '../runtime/host-clock.ts';
import { Explorer } from './explorer.ts';
import { LenientReplay } from './lenient.ts';
import type { Program } from './program.ts';
import { choicesOf, type Recording } from './replay-recording.ts';
import { runRecorded } from './replay-run.ts';
import type { SearchFactory } from './search.ts';
import { shrink, type Failing, type ShrinkOptions, type Shrunk } from './shrink.ts';
import { sameFailure } from './shrink-same.ts';

export interface SmallerProgram {
  readonly program: Program;
  /** What was left out: `guest2`, `loop turns 5 to 9`. */
  readonly what: string;
}

/** Implemented by whoever makes programs out of something that can be made smaller. */
export interface WorkloadShrinker {
  /** Largest steps first; each is at least a little smaller than `program`, so that this comes to an end. */
  candidates(program: Program): Iterable<SmallerProgram>;
}

export interface WorkloadOptions extends ShrinkOptions {
  readonly search: SearchFactory;
  /** Schedules to be searched for each candidate. Default 200; `executions` limits their sum, 20,000 by default. */
  readonly perCandidate?: number;
}

export interface WorkloadShrunk {
  readonly program: Program;
  readonly shrunk: Shrunk;
  /** What was left out, in that order. */
  readonly dropped: readonly string[];
  /** Executions of candidates, successful or not. */
  readonly executions: number;
}

const PER_CANDIDATE = 200;
const EXECUTIONS = 20_000;

/** Shrinks the schedule first, then the work, and the schedule again after each step. Null when the schedule does not fail that way. */
export async function shrinkWorkload(
  shrinker: WorkloadShrinker,
  start: { program: Program; failing: Failing },
  options: WorkloadOptions,
): Promise<WorkloadShrunk | null> {
  const search = new WorkloadSearch(start.failing.finding, options);
  let best = await shrink(start.program, start.failing, options);
  if (best === null) return null;
  let program = start.program;
  const dropped: string[] = [];
  for (;;) {
    const smaller = await firstFailing(shrinker.candidates(program), (candidate) => search.fails(candidate, best!.reproduced.recording));
    if (smaller === null) break;
    const shrunk = await shrink(smaller.program, smaller.failing, options);
    if (shrunk === null) break;
    best = shrunk;
    program = smaller.program;
    dropped.push(smaller.what);
  }
  return { program, shrunk: best, dropped, executions: search.executions };
}

async function firstFailing(
  candidates: Iterable<SmallerProgram>,
  fails: (program: Program) => Promise<Failing | null>,
): Promise<(SmallerProgram & { failing: Failing }) | null> {
  for (const candidate of candidates) {
    const failing = await fails(candidate.program);
    if (failing !== null) return { ...candidate, failing };
  }
  return null;
}

class WorkloadSearch {
  executions = 0;
  private readonly options: WorkloadOptions;
  private readonly wanted: (finding: Finding) => boolean;
  private readonly since = hostNow();

  constructor(finding: Finding, options: WorkloadOptions) {
    this.options = options;
    this.wanted = (other) => sameFailure(other, finding);
  }

  /** A schedule in which the smaller program fails alike; null when none was found. */
  async fails(program: Program, recording: Recording): Promise<Failing | null> {
    const { wanted, options } = this;
    if (this.over()) return null;
    this.executions++;
    const replayed = await runRecorded(program, {
      settings: options,
      strategy: new LenientReplay(recording),
      wanted,
      detail: { validate: true, places: false },
    });
    if (replayed.finding !== null) return { finding: replayed.finding, choices: choicesOf(replayed.recording) };
    return await this.explore(program);
  }

  private async explore(program: Program): Promise<Failing | null> {
    const { search, perCandidate = PER_CANDIDATE, seed, interrupted } = this.options;
    const budget = { schedules: Math.min(perCandidate, this.left()), ms: this.msLeft() };
    const settings = { ...this.options, program, search: search({ seed }), budget, counts: this.wanted, coverage: false };
    const { schedules, failures } = await new Explorer(interrupted === undefined ? settings : { ...settings, interrupted }).explore();
    this.executions += schedules;
    const [failure] = failures;
    return failure === undefined ? null : { finding: failure.finding, choices: failure.choices };
  }

  private left(): number {
    return Math.max(0, (this.options.executions ?? EXECUTIONS) - this.executions);
  }

  private msLeft(): number {
    return (this.options.ms ?? Number.POSITIVE_INFINITY) - (hostNow() - this.since);
  }

  private over(): boolean {
    return this.left() === 0 || this.msLeft() <= 0 || this.options.interrupted?.() === true;
  }
}
