/**
 * What a run or stress run hands back: plain data, from which src/report makes text and JSON. No kernel counterpart.
 */
import type { CodeReport } from '../guest/guest-program.ts';
import type { Finding } from '../locks/finding.ts';
import type { LockDump } from '../locks/lock-dump.ts';
import type { LockStatRow } from '../locks/lock-stat.ts';
import type { Leftovers } from '../machine/quiescence.ts';

export interface GuestReport {
  readonly name: string;
  readonly mdev: string | null;
  readonly vcpus: number;
  /** Operations that ended with a verified result. */
  readonly operations: number;
  /** Operations of the whole workload. */
  readonly expected: number;
  readonly retries: number;
  /** Wrong results, and operations given up after the retry limit. */
  readonly errors: number;
  /** Longest time in which the guest had work and no operation of it ended. */
  readonly stallMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Queues the guest sees at the end, as `05.0004`. */
  readonly queues: readonly string[];
  /** Answers of bare instructions: how often each was given, as `aqic 00`. */
  readonly answers?: Readonly<Record<string, number>>;
  /** Of a guest that runs machine code. */
  readonly code?: CodeReport;
}

/** Crypto users of the host of one kind. */
export interface HostUserReport extends Omit<HostReport, 'users' | 'stallMs'> {
  readonly kind: string;
  readonly tasks: number;
}

/** Crypto users of the host itself; figures as those of a guest. */
export interface HostReport {
  readonly operations: number;
  readonly expected: number;
  readonly retries: number;
  readonly errors: number;
  /** Time from the first failed attempt of an operation to its end, summed up over all tasks. */
  readonly stallMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly users: readonly HostUserReport[];
}

/** An event of the scenario that has ended; one that is still blocked at the end of the run is not listed. */
export interface EventReport {
  /** Milliseconds of the runtime's clock. */
  readonly t: number;
  readonly task: string;
  readonly what: string;
  /** `ok` or the name of an errno. */
  readonly result: string;
  /** What the scenario expected; null: anything. */
  readonly expected: string | null;
  readonly ok: boolean;
}

export type AdapterState = 'online' | 'deconfigured' | 'checkstopped';

export interface AdapterReport {
  readonly id: number;
  readonly type: string;
  readonly state: AdapterState;
}

export interface OwnedQueue {
  readonly apqn: number;
  /** `host`; the name of a guest; of an mdev whose guest does not have it; `unassigned` (bound to vfio_ap); `unbound`. */
  readonly owner: string;
}

export interface TopologyReport {
  readonly adapters: readonly AdapterReport[];
  readonly domains: readonly number[];
  readonly cells: readonly OwnedQueue[];
}

/** What is left after every guest is gone; all numbers are 0 when it is clean. */
export interface Quiescence extends Leftovers {
  readonly clean: boolean;
}

export interface StressReport {
  /** How often each verb was done. */
  readonly verbs: Readonly<Record<string, number>>;
  /** Evaluations of the invariants. */
  readonly checks: number;
  /** Scheduling steps; the controlled runtime only. */
  readonly steps?: number;
}

/**
 * How it ended: all work done, nobody can go on, interrupted, or the time or step limit reached. A host that stays up does so until it is
 * stopped, which is its proper end.
 */
export type RunOutcome = 'done' | 'stuck' | 'interrupted' | 'limit' | 'stopped';

/** `run` ends with its work, `stress` with its churn; the host of `mount` and `shell` stays up until it is stopped. */
export type RunMode = 'run' | 'stress' | 'mount' | 'shell';

export interface RunReport {
  readonly command: RunMode;
  /** Every operation verified, none given up, no finding, quiescence check clean. */
  readonly ok: boolean;
  readonly outcome: RunOutcome;
  readonly scenario: string;
  readonly design: string;
  /** Known defects that were switched on; absent: none. */
  readonly quirks?: readonly string[];
  readonly runtime: 'live' | 'controlled';
  readonly seed: number;
  readonly durationMs: number;
  readonly guests: readonly GuestReport[];
  /** Absent: the host has no crypto users. */
  readonly host?: HostReport;
  readonly events: readonly EventReport[];
  readonly topology: TopologyReport;
  readonly lockStat: readonly LockStatRow[];
  /** All that the validator learnt; not part of the JSON. */
  readonly lockDump?: LockDump;
  readonly findings: readonly Finding[];
  /** null: not checked, because the run did not come to rest. */
  readonly quiescence: Quiescence | null;
  readonly stress?: StressReport;
  /** How often each kind of injected fault has struck; absent: none has. */
  readonly faults?: Readonly<Record<string, number>>;
}
