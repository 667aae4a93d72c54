/**
 * What a run found: lock-order cycles, deadlocks, races, leaks, broken invariants. Data first; src/report makes text of it.
 */
import type { Place } from './place.ts';
import type { Grade } from './program/verdict.ts';

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
  /** Where several executions closed the cycle together: the one in which this was seen, counted from 1. */
  readonly execution?: number;
}

/** A task of an actual deadlock, or one shown in a dump. */
export interface BlockedTask {
  readonly task: string;
  readonly pid: number;
  readonly holds: readonly string[];
  readonly waitsFor: string;
  /** Class of that, where it has one; also of what stands for a wait. */
  readonly waitsForClass?: string;
  /** The tasks that it waits for. */
  readonly behind: readonly string[];
  /** Dumps that are made at leisure say more than a report at the moment of a deadlock. */
  readonly detail?: BlockedDetail;
}

export interface HeldLock {
  readonly name: string;
  readonly mode: string;
  /** Milliseconds of the runtime's clock; null when nobody measures. */
  readonly since: number | null;
  /** Where it was taken in this nesting for the first time; empty without the validator. */
  readonly place: Place;
}

export interface BlockedDetail {
  readonly daemon: boolean;
  /** blocked: waits for something; retrying: tries again and again; runs: neither, as far as the lock layer can see. */
  readonly state: 'blocked' | 'retrying' | 'runs';
  /** Outermost first. */
  readonly held: readonly HeldLock[];
  /** Since when it has wanted what it waits for; null when it does not wait, or began before anybody looked. */
  readonly since: number | null;
  /** Where it asked for it. */
  readonly place: Place;
  /** Its place among those who wait for the same thing, and how many these are; 0 when it does not wait. */
  readonly position: number;
  readonly waiters: number;
  /** How often it was woken, or tried, in vain. */
  readonly attempts: number;
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
  /** In a dump: every other task that holds something. */
  readonly bystanders?: readonly BlockedTask[];
  readonly place?: Place;
  readonly notes?: readonly string[];
  /**
   * Of a predicted cycle: can it really happen, as far as was seen when it was reported? It never changes a verdict. CONFIRMED: an
   * exploration has made it happen.
   */
  readonly grade?: Grade | 'CONFIRMED';
  /** Names of the locks that keep the tasks apart, with grade GUARDED. */
  readonly guards?: readonly string[];
  /** How to bring it about again. */
  readonly replay?: string;
}

type Listener = (finding: Finding) => void;

/** Collects the findings of one run, each once, and never switches itself off. */
export class Findings {
  readonly list: Finding[] = [];
  private seen: Set<string> | null = null;
  private readonly listeners: Listener[] = [];

  /** False when the same finding was reported before. */
  report(finding: Finding): boolean {
    const seen = (this.seen ??= new Set());
    if (seen.has(finding.key)) return false;
    seen.add(finding.key);
    this.list.push(finding);
    for (const listener of this.listeners) listener(finding);
    return true;
  }

  onFinding(listener: Listener): void {
    this.listeners.push(listener);
  }
}
