/**
 * What a search that ends by itself reaches: the set of the fingerprints of all traces that it has executed.
 */
import { execute } from '../../src/explore/execution.ts';
import type { Program } from '../../src/explore/program.ts';
import type { Search } from '../../src/explore/search.ts';
import { tee } from '../../src/explore/tee-recorder.ts';
import { TraceHash } from '../../src/explore/trace-hash.ts';
import type { ControlledOutcome } from '../../src/runtime/controlled-options.ts';

/** At the end of a key. */
const PLACE = /:(?:[^:]*\.ts:\d+.*)?$/u;

export interface TraceSet {
  readonly traces: ReadonlySet<number>;
  readonly executions: number;
  /** Executions that were cut because nothing new could come of them. */
  readonly cut: number;
  /** Traces by how they ended. */
  readonly ends: Readonly<Partial<Record<ControlledOutcome, number>>>;
  /** Kinds and keys of the findings, each once, without places: those may be of whoever ran before. */
  readonly findings: ReadonlySet<string>;
}

export interface WalkOptions {
  readonly releaseSteps?: 'declared' | 'all';
  /** Report a deadlock when it closes, which ends the execution. Default false: it ends when nobody can go on. */
  readonly waitFor?: boolean;
  /** Give up after so many executions. */
  readonly max?: number;
}

/** Null when there are more than `max` executions. */
export async function traceSet(program: Program, search: Search, options: WalkOptions = {}): Promise<TraceSet | null> {
  const { releaseSteps = 'declared', waitFor = false, max = Number.POSITIVE_INFINITY } = options;
  const byTrace = new Map<number, ControlledOutcome>();
  const findings = new Set<string>();
  let executions = 0;
  let cut = 0;
  for (let strategy = search.next(0); strategy !== null; strategy = search.next(executions)) {
    if (++executions > max) return null;
    const hash = new TraceHash();
    const execution = await execute(program, {
      ...{ strategy, seed: 1, maxSteps: 2000, lockdep: false, waitFor, releaseSteps },
      recorder: tee(hash, search.recorder),
      onOutcome: (outcome, rt) => search.stopped?.(outcome, rt),
    });
    const { outcome, steps, choices, world } = execution;
    if (outcome === 'failed') throw world.rt.failure;
    for (const { kind, key } of execution.findings) findings.add(`${kind} ${key.replace(PLACE, '')}`);
    if (outcome === 'cut') cut++;
    else byTrace.set(hash.value(), outcome);
    const failed = execution.findings.length > 0;
    search.ended({ outcome, failed, steps, choices: choices.length, newTrace: true, newCoverage: false, rt: world.rt });
  }
  const ends: Partial<Record<ControlledOutcome, number>> = {};
  for (const outcome of byTrace.values()) ends[outcome] = (ends[outcome] ?? 0) + 1;
  return { traces: new Set(byTrace.keys()), executions, cut, ends, findings };
}
