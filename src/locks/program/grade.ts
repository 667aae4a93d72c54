/**
 * The grade of a report: what an exhaustive scheduler finds when every section of the program may run in two tasks at once. Looks for rings
 * of wait points whose held sets go together, instead of running schedules. No kernel counterpart.
 */
import { Blocking } from './blocking.ts';
import type { LockProgram } from './lock-program.ts';
import { canMeet } from './reach.ts';
import { readSections, type Section } from './section.ts';
import type { Grade } from './verdict.ts';

export interface Graded {
  readonly grade: Grade;
  /** Names of the locks that keep the tasks apart, where that is the reason. */
  readonly guards: readonly string[];
}

/** Tasks in one ring. */
export const MAX_RING = 8;
/** Steps of the search for rings of one kind and length, where the program does not have more links than that. */
const MIN_STEPS = 50_000;

export function gradeProgram(program: LockProgram): Graded {
  const { sections, locks } = readSections(program);
  const rings = new Rings(new Blocking(sections), locks.length);
  const grade = rings.grade();
  return { grade, guards: rings.guards.map((lock) => locks[lock]!) };
}

/** A ring: the point of each task, and the locks where a reader waits for a reader. */
interface Ring {
  readonly members: number[];
  readonly readerLinks: number[];
}

interface Rules {
  /** Held sets go together. */
  readonly together: boolean;
  /** No section runs in more tasks than allowed. */
  readonly tasks: boolean;
}

class Rings {
  guards: readonly number[] = [];
  private readonly blocking: Blocking;
  private readonly lockCount: number;
  private readonly maxSteps: number;
  private steps = 0;

  constructor(blocking: Blocking, lockCount: number) {
    this.blocking = blocking;
    this.lockCount = lockCount;
    this.maxSteps = Math.max(MIN_STEPS, 4 * blocking.links.reduce((sum, row) => sum + row.length, 0));
  }

  grade(): Grade {
    let unwritten = false;
    const reachable = this.search({ together: true, tasks: true }, (ring) => {
      if (ring.readerLinks.length === 0) return this.canMeet(ring.members);
      if (this.withWriters(ring.members, [...new Set(ring.readerLinks)])) return true;
      unwritten ||= this.canMeet(ring.members);
      return false;
    });
    if (reachable) return 'REACHABLE';
    if (unwritten) return 'NEEDS-WRITER';
    if (this.search({ together: true, tasks: false }, (ring) => this.canMeet(ring.members))) return 'SINGLE-TASK';
    if (this.blocking.links.every((row) => row.length === 0)) return 'CLASS-ONLY';
    this.search({ together: false, tasks: false }, (ring) => {
      this.guards = this.blocking.guards(ring.members);
      return true;
    });
    return 'GUARDED';
  }

  /** Shortest rings first, each from its lowest point; true as soon as one is accepted. */
  private search(rules: Rules, accept: (ring: Ring) => boolean): boolean {
    const { links } = this.blocking;
    for (let length = 1; length <= Math.min(MAX_RING, links.length); length++) {
      this.steps = 0;
      for (const [start, row] of links.entries()) {
        if (row.length > 0 && this.extend({ members: [start], readerLinks: [] }, { length, rules, accept })) return true;
      }
    }
    return false;
  }

  private extend(ring: Ring, how: { readonly length: number; readonly rules: Rules; readonly accept: (ring: Ring) => boolean }): boolean {
    const { members, readerLinks } = ring;
    const last = members.at(-1)!;
    const complete = members.length === how.length;
    for (const { to, needsWriter } of this.blocking.links[last]!) {
      if (++this.steps > this.maxSteps) return false;
      if (complete ? to !== members[0] : to <= members[0]! || members.includes(to) || !this.fits(to, members, how.rules)) continue;
      if (needsWriter) readerLinks.push(this.blocking.points[last]!.lock);
      if (!complete) members.push(to);
      const found = complete ? how.accept(ring) : this.extend(ring, how);
      if (!complete) members.pop();
      if (needsWriter) readerLinks.pop();
      if (found) return true;
    }
    return false;
  }

  private fits(point: number, members: readonly number[], rules: Rules): boolean {
    if (rules.together && !members.every((member) => this.blocking.compatible(member, point))) return false;
    return !rules.tasks || this.hasTask(this.blocking.points[point]!.section, members);
  }

  private hasTask(section: Section, members: readonly number[]): boolean {
    return members.filter((member) => this.blocking.points[member]!.section === section).length < section.tasks;
  }

  /** Adds, for each of these locks, a task that has queued up for write: readers then wait behind it. */
  private withWriters(members: number[], locks: readonly number[]): boolean {
    const [lock, ...rest] = locks;
    if (lock === undefined) return this.canMeet(members);
    for (const writer of this.blocking.writers.get(lock) ?? []) {
      if (++this.steps > this.maxSteps) return false;
      if (!this.fits(writer, members, { together: true, tasks: true })) continue;
      members.push(writer);
      const met = this.withWriters(members, rest);
      members.pop();
      if (met) return true;
    }
    return false;
  }

  private canMeet(members: readonly number[]): boolean {
    return canMeet(
      members.map((member) => this.blocking.points[member]!),
      this.lockCount,
    );
  }
}
