/**
 * All that the validator and the statistics know, as plain data (kernel/locking/lockdep_proc.c: the files lockdep, lockdep_chains,
 * lockdep_stats and lock_stat under /proc).
 */
import type { ChainNode } from './chain.ts';
import type { ContentionSite } from './contention-sites.ts';
import type { Findings } from './finding.ts';
import type { LockClass } from './lock-class.ts';
import type { LockStatistics, LockStatRow } from './lock-stat.ts';
import type { Lockdep } from './lockdep.ts';
import { modeName } from './modes.ts';

export interface ClassDump {
  readonly id: number;
  readonly name: string;
  /** Acquisitions; null without statistics. */
  readonly operations: number | null;
  /** Classes that can be reached from it, itself included, and from which it can be reached, as the kernel counts them. */
  readonly forward: number;
  readonly backward: number;
  /** The ways in which it was asked for. */
  readonly modes: readonly string[];
  /** Ids of the classes that were asked for while it was held. */
  readonly after: readonly number[];
  readonly protects: string;
}

export interface ChainDump {
  readonly locks: readonly { readonly id: number; readonly name: string; readonly mode: string }[];
  /** Where the sequence was completed for the first time. */
  readonly place: readonly string[];
}

export interface LockDump {
  /** Milliseconds of the runtime's clock. */
  readonly time: number;
  readonly classes: readonly ClassDump[];
  readonly chains: readonly ChainDump[];
  readonly totals: {
    readonly classes: number;
    readonly directDependencies: number;
    /** Pairs of classes of which one can be reached from the other. */
    readonly indirectDependencies: number;
    readonly chains: number;
    readonly longestChain: number;
    /** Findings of each kind. */
    readonly findings: Readonly<Record<string, number>>;
  };
  readonly statistics: readonly LockStatRow[];
  readonly sites: readonly ContentionSite[];
}

export interface LockDumpSource {
  readonly rt: { now(): number };
  readonly findings: Findings;
  readonly lockdep: Lockdep | null;
  readonly statistics: LockStatistics | null;
}

interface Known {
  readonly cls: LockClass;
  readonly modes: Set<string>;
  readonly after: Set<LockClass>;
  readonly before: Set<LockClass>;
}

export function dumpLocks({ rt, findings, lockdep, statistics }: LockDumpSource): LockDump {
  const chains: ChainDump[] = [];
  const known = new Map<LockClass, Known>();
  if (lockdep !== null) {
    walk(lockdep.root, [], (node, path) => {
      entry(known, node.cls!).modes.add(modeName(node.mode));
      chains.push(chainOf(node, path));
    });
    for (const { from, to } of lockdep.graph.edges()) {
      entry(known, from).after.add(to);
      entry(known, to).before.add(from);
    }
  }
  const rows = statistics?.rows() ?? [];
  const classes = [...known.values()]
    .toSorted((a, b) => a.cls.id - b.cls.id)
    .map((one) => classDump(one, known, statistics === null ? null : operations(rows, one.cls)));
  return {
    time: rt.now(),
    classes,
    chains,
    totals: {
      classes: classes.length,
      directDependencies: classes.reduce((sum, { after }) => sum + after.length, 0),
      indirectDependencies: classes.reduce((sum, { forward }) => sum + forward - 1, 0),
      chains: chains.length,
      longestChain: chains.reduce((most, { locks }) => Math.max(most, locks.length), 0),
      findings: countBy(findings.list.map(({ kind }) => kind)),
    },
    statistics: rows,
    sites: statistics?.sites.rows() ?? [],
  };
}

/** Visits every sequence below `node`, shorter ones first along each path. */
function walk(node: ChainNode, path: readonly ChainNode[], visit: (node: ChainNode, path: readonly ChainNode[]) => void): void {
  for (const child of node.following()) {
    const longer = [...path, child];
    visit(child, longer);
    walk(child, longer, visit);
  }
}

function chainOf(node: ChainNode, path: readonly ChainNode[]): ChainDump {
  return { locks: path.map(({ cls, mode }) => ({ id: cls!.id, name: cls!.name, mode: modeName(mode) })), place: node.place };
}

function entry(known: Map<LockClass, Known>, cls: LockClass): Known {
  let one = known.get(cls);
  if (one === undefined) known.set(cls, (one = { cls, modes: new Set(), after: new Set(), before: new Set() }));
  return one;
}

function classDump({ cls, modes, after }: Known, known: ReadonlyMap<LockClass, Known>, count: number | null): ClassDump {
  return {
    id: cls.id,
    name: cls.name,
    operations: count,
    forward: reach(cls, (one) => known.get(one)!.after),
    backward: reach(cls, (one) => known.get(one)!.before),
    modes: [...modes].toSorted(),
    after: [...after].map(({ id }) => id).toSorted((a, b) => a - b),
    protects: cls.protects,
  };
}

function reach(start: LockClass, next: (cls: LockClass) => Iterable<LockClass>): number {
  const seen = new Set([start]);
  for (const cls of seen) for (const other of next(cls)) seen.add(other);
  return seen.size;
}

/** Rows carry names only: classes of one name share them, as they do in the text. */
function operations(rows: readonly LockStatRow[], cls: LockClass): number {
  return rows.reduce((sum, { lock, acquisitions }) => sum + (lock === cls.name ? acquisitions : 0), 0);
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
