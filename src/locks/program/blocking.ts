/**
 * Who can stop whom: the links between the places where sections wait, by lock instance, and which places can be taken at the same time.
 * Where no row of links leads round, no deadlock between instances is possible. No kernel counterpart.
 */
import { EXCLUSIVE, RECURSIVE } from '../modes.ts';
import type { Hold, Section, WaitPoint } from './section.ts';

export interface Link {
  readonly to: number;
  /** A reader that waits behind a reader: only a writer in the queue between them makes it wait. */
  readonly needsWriter: boolean;
}

/** The wait points of all sections that may be part of a cycle of links, with these links. */
export class Blocking {
  readonly points: readonly WaitPoint[];
  /** By point; empty for a point that no cycle passes. */
  readonly links: readonly (readonly Link[])[];
  /** Points that ask for write access, by lock. */
  readonly writers = new Map<number, number[]>();
  private readonly pairs = new Map<number, boolean>();

  constructor(sections: readonly Section[]) {
    this.points = sections.flatMap(({ points }) => points);
    this.links = trimmed(allLinks(this.points));
    for (const [i, { lock, mode }] of this.points.entries()) {
      if (mode !== EXCLUSIVE) continue;
      const row = this.writers.get(lock);
      if (row === undefined) this.writers.set(lock, [i]);
      else row.push(i);
    }
  }

  /** May two tasks hold what is held at these points, at the same time? */
  compatible(a: number, b: number): boolean {
    const key = Math.min(a, b) * this.points.length + Math.max(a, b);
    let known = this.pairs.get(key);
    if (known === undefined) this.pairs.set(key, (known = !this.points[a]!.held.some((mine) => excludes(mine, this.points[b]!))));
    return known;
  }

  /** The locks that keep these points apart. */
  guards(members: readonly number[]): number[] {
    const found = new Set<number>();
    for (const [i, a] of members.entries()) {
      for (const b of members.slice(i + 1)) {
        for (const guard of commonGuards(this.points[a]!, this.points[b]!)) found.add(guard);
      }
    }
    return [...found];
  }
}

function excludes(mine: Hold, { held }: WaitPoint): boolean {
  return held.some(({ lock, mode }) => lock === mine.lock && (mode === EXCLUSIVE || mine.mode === EXCLUSIVE));
}

const commonGuards = (a: WaitPoint, b: WaitPoint): number[] => a.held.filter((mine) => excludes(mine, b)).map(({ lock }) => lock);

function allLinks(points: readonly WaitPoint[]): Link[][] {
  const holders = new Map<number, Map<number, boolean>>();
  for (const [i, { held }] of points.entries()) {
    for (const { lock, mode } of held) {
      let row = holders.get(lock);
      if (row === undefined) holders.set(lock, (row = new Map<number, boolean>()));
      row.set(i, row.get(i) === true || mode === EXCLUSIVE);
    }
  }
  return points.map(({ lock, mode }) => {
    const links: Link[] = [];
    for (const [to, exclusive] of holders.get(lock) ?? []) {
      if (exclusive || mode === EXCLUSIVE) links.push({ to, needsWriter: false });
      else if (mode !== RECURSIVE) links.push({ to, needsWriter: true });
    }
    return links;
  });
}

/** Without the points that lead nowhere or that nothing leads to, until only cycles and what lies between them are left. */
function trimmed(all: readonly (readonly Link[])[]): Link[][] {
  const alive = all.map(() => true);
  for (let changed = true; changed;) {
    changed = false;
    const entered = all.map(() => false);
    for (const [i, links] of all.entries()) if (alive[i]!) for (const { to } of links) if (alive[to]!) entered[to] = true;
    for (const [i, links] of all.entries()) {
      if (!alive[i]! || (entered[i]! && links.some(({ to }) => alive[to]!))) continue;
      alive[i] = false;
      changed = true;
    }
  }
  return all.map((links, i) => (alive[i]! ? links.filter(({ to }) => alive[to]!) : []));
}
