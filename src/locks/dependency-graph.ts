/**
 * Dependency graph over lock classes: an edge says that `to` was asked for while `from` was held (kernel/locking/lockdep.c).
 * A deadlock is possible exactly when a closed *strong* path exists: no step that only a write holder can stop ("R") is followed by a
 * step whose lock is merely shared ("S"). Search state is (class, arrived weakly), so a weak arrival never hides a strong one.
 */
import type { LockClass } from './lock-class.ts';
import { excludesAll, modeName, stoppedByAny, type LockMode } from './modes.ts';
import type { CycleEdge } from './finding.ts';
import type { Place } from './place.ts';

/** Who asked, when and where: kept for the first sighting of each kind of an edge. */
export interface EdgeContext {
  readonly task: string;
  readonly pid: number;
  readonly time: number;
  readonly fromMode: LockMode;
  readonly toMode: LockMode;
  readonly fromPlace: Place;
  readonly toPlace: Place;
  readonly held: readonly string[];
}

export interface Edge {
  readonly from: LockClass;
  readonly to: LockClass;
  /** Index: 2 * (holder shares) + (requester stopped by writers only). */
  readonly kinds: (EdgeContext | undefined)[];
}

interface Step {
  readonly edge: Edge;
  readonly kind: number;
  readonly previous: Step | null;
}

const kindOf = (fromMode: LockMode, toMode: LockMode): number => (excludesAll(fromMode) ? 0 : 2) + (stoppedByAny(toMode) ? 0 : 1);
const shares = (kind: number): boolean => kind >= 2;
const weak = (kind: number): boolean => (kind & 1) === 1;

export class DependencyGraph {
  private readonly out: Edge[][] = [];

  /** Adds the dependency; answers its edge when this kind of it is new, null when it was known. */
  add(from: LockClass, to: LockClass, modes: { from: LockMode; to: LockMode }, context: () => EdgeContext): Edge | null {
    const row = (this.out[from.id] ??= []);
    let edge = row.find((known) => known.to === to);
    if (edge === undefined) row.push((edge = { from, to, kinds: [] }));
    const kind = kindOf(modes.from, modes.to);
    if (edge.kinds[kind] !== undefined) return null;
    edge.kinds[kind] = context();
    return edge;
  }

  /** The shortest strong cycle through this kind of the edge, starting with it, or null. */
  cycleThrough(edge: Edge, modes: { from: LockMode; to: LockMode }): CycleEdge[] | null {
    const first: Step = { edge, kind: kindOf(modes.from, modes.to), previous: null };
    const seen = new Set<number>([edge.to.id * 2 + (weak(first.kind) ? 1 : 0)]);
    const queue: Step[] = [first];
    for (let i = 0; i < queue.length; i++) {
      const step = queue[i]!;
      for (const next of this.out[step.edge.to.id] ?? []) {
        for (let kind = 0; kind < 4; kind++) {
          if (next.kinds[kind] === undefined || (weak(step.kind) && shares(kind))) continue;
          const reached: Step = { edge: next, kind, previous: step };
          if (next.to === edge.from && !(weak(kind) && shares(first.kind))) return unroll(reached);
          const state = next.to.id * 2 + (weak(kind) ? 1 : 0);
          if (seen.has(state) || next.to === edge.from) continue;
          seen.add(state);
          queue.push(reached);
        }
      }
    }
    return null;
  }

  *edges(): IterableIterator<Edge> {
    for (const row of this.out) if (row !== undefined) yield* row;
  }
}

function unroll(last: Step): CycleEdge[] {
  const cycle: CycleEdge[] = [];
  for (let step: Step | null = last; step !== null; step = step.previous) {
    const { edge } = step;
    const context = edge.kinds[step.kind]!;
    cycle.unshift({
      from: edge.from.name,
      to: edge.to.name,
      fromMode: modeName(context.fromMode),
      toMode: modeName(context.toMode),
      task: context.task,
      pid: context.pid,
      time: context.time,
      fromPlace: context.fromPlace,
      toPlace: context.toPlace,
      held: context.held,
    });
  }
  return cycle;
}
