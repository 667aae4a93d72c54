/**
 * What a run found: lock-order cycles, deadlocks, races, leaks, broken invariants. Data first; src/report makes text of it.
 */
import type { Place } from './place.ts';

export const FINDING_KINDS = [
  'lock-order',
  'recursive-lock',
  'deadlock',
  'hung-task',
  'data-race',
  'stale-write',
  'use-after-free',
  'leak',
  'invariant',
  'guest-error',
  'assertion',
] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

/** One dependency of a cycle: `to` was asked for while `from` was held. */
export interface CycleEdge {
  readonly from: string;
  readonly to: string;
  readonly fromMode: string;
  readonly toMode: string;
  readonly task: string;
  readonly pid: number;
  /** Milliseconds of the runtime's clock. */
  readonly time: number;
  /** Where `from` and `to` were asked for. */
  readonly fromPlace: Place;
  readonly toPlace: Place;
  /** Everything the task held at that moment, outermost first. */
  readonly held: readonly string[];
}

/** A task of an actual deadlock, or one shown in a dump. */
export interface BlockedTask {
  readonly task: string;
  readonly pid: number;
  readonly holds: readonly string[];
  readonly waitsFor: string;
  /** The tasks that it waits for. */
  readonly behind: readonly string[];
}

export interface Finding {
  readonly kind: FindingKind;
  /** Equal keys are one finding. */
  readonly key: string;
  readonly title: string;
  readonly tasks: readonly string[];
  readonly time: number;
  readonly cycle?: readonly CycleEdge[];
  readonly blocked?: readonly BlockedTask[];
  readonly place?: Place;
  readonly notes?: readonly string[];
}

type Listener = (finding: Finding) => void;

/** Collects the findings of one run, each once, and never switches itself off. */
export class Findings {
  readonly list: Finding[] = [];
  private readonly seen = new Set<string>();
  private readonly listeners: Listener[] = [];

  /** False when the same finding was reported before. */
  report(finding: Finding): boolean {
    if (this.seen.has(finding.key)) return false;
    this.seen.add(finding.key);
    this.list.push(finding);
    for (const listener of this.listeners) listener(finding);
    return true;
  }

  onFinding(listener: Listener): void {
    this.listeners.push(listener);
  }
}
