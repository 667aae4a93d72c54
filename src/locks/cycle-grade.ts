/**
 * The grade of a cycle that the validator predicts: every sighting of its dependencies becomes one section of a lock program, with all that
 * was held around it, and the judge of lock programs says whether tasks that run these sections can really get stuck. The kernel has none.
 */
import type { Cycle, EdgeContext } from './dependency-graph.ts';
import type { Finding } from './finding.ts';
import type { LockClass } from './lock-class.ts';
import { EXCLUSIVE, TRY, type LockMode } from './modes.ts';
import { gradeProgram, MAX_RING } from './program/grade.ts';
import type { LockOp } from './program/lock-program.ts';

export type CycleGrade = Pick<Finding, 'grade' | 'guards' | 'notes'>;

/** `writes` says whether somebody was seen to ask for a lock of the class for write with nothing held. */
export function gradeCycle(cycle: Cycle, writes: (cls: LockClass) => boolean): CycleGrade {
  const reason = whyNot(cycle);
  if (reason !== null) return { notes: [`not graded: ${reason}`] };
  const sections = new Sections(cycle);
  sections.addWriters(writes);
  const { grade, guards } = gradeProgram({ name: 'cycle', ops: sections.ops });
  // Everything that could happen only between tasks needs two of them first.
  const alone = (grade === 'REACHABLE' || grade === 'NEEDS-WRITER') && sections.tasks.size === 1;
  return { grade: alone ? 'SINGLE-TASK' : grade, ...(guards.length === 0 ? {} : { guards: guards.map((key) => sections.shown(key)) }) };
}

function whyNot(cycle: Cycle): string | null {
  const declared = cycle.find(({ context }) => context.origin === 'declared');
  if (declared !== undefined) return `${declared.edge.from.name} -> ${declared.edge.to.name} is declared, not observed`;
  if (cycle.some(({ context }) => context.origin !== 'observed'))
    return 'an interrupt takes part, and it comes in the task that holds the lock';
  if (cycle.length > MAX_RING) return `more than ${MAX_RING} dependencies`;
  return null;
}

interface Instance {
  readonly key: string;
  readonly name: string;
  readonly home: LockClass;
}

class Sections {
  readonly ops: LockOp[] = [];
  readonly tasks = new Set<string>();
  private readonly instances = new Map<string, Instance>();
  private count = 0;

  constructor(cycle: Cycle) {
    const seen = cycle.map(({ edge, context }) => new Set([context, ...edge.contexts.filter(({ origin }) => origin === 'observed')]));
    const all = seen.flatMap((contexts) => [...contexts]);
    // Where a request names only a class, every instance that is known may be meant: so these come first.
    for (const { held, asked, askedHome } of all) {
      for (const { lock, home } of held) this.instance(lock, home);
      if (askedHome !== null) this.instance(asked, askedHome);
    }
    for (const [i, contexts] of seen.entries()) for (const context of contexts) this.addContext(context, cycle[i]!.edge.to);
  }

  /** A reader waits for a reader only behind a writer: such writers are sections, too. */
  addWriters(writes: (cls: LockClass) => boolean): void {
    for (const { key, home } of this.instances.values()) if (writes(home)) this.section([], key, EXCLUSIVE);
  }

  /** Locks of one name and different classes keep apart. */
  shown(key: string): string {
    const { name, home } = this.instances.get(key)!;
    const twins = [...this.instances.values()].filter((other) => other.name === name);
    return twins.length > 1 ? `${name} (${home.name})` : name;
  }

  private addContext({ task, pid, held, asked, askedHome, toMode }: EdgeContext, to: LockClass): void {
    this.tasks.add(`${task}/${pid}`);
    const around = held.map(({ lock, home, mode }) => ({ key: this.instance(lock, home), mode }));
    const known = [...this.instances.values()].filter(({ home }) => home === to).map(({ key }) => key);
    const wanted = askedHome !== null ? [this.instance(asked, askedHome)] : known.length > 0 ? known : [this.instance(asked, to)];
    for (const key of wanted) this.section(around, key, toMode);
  }

  /** What is held counts as tried for: how it came to be held is the business of other dependencies. */
  private section(held: readonly { readonly key: string; readonly mode: LockMode }[], asked: string, mode: LockMode): void {
    const task = this.count++;
    const op = (name: string, lock: string, how: LockMode): LockOp => {
      const action = name === 'unlock' ? 'release' : 'acquire';
      return { op: name, action, task, lock, cls: lock, subclass: 0, nestLock: null, mode: how };
    };
    for (const { key, mode: how } of held) this.ops.push(op('trylock', key, (how & 3) | TRY));
    this.ops.push(op('lock', asked, mode & 3), op('unlock', asked, EXCLUSIVE));
    for (const { key } of held.toReversed()) this.ops.push(op('unlock', key, EXCLUSIVE));
  }

  private instance(name: string, home: LockClass): string {
    const key = `${home.id} ${name}`;
    if (!this.instances.has(key)) this.instances.set(key, { key, name, home });
    return key;
  }
}
