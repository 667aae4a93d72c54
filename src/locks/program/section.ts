/**
 * Sections of a lock program: what a task does from holding nothing to holding nothing again. The grade of a report says what happens
 * when sections run at the same time. No kernel counterpart.
 */
import { EXCLUSIVE, isTry, SHARED, type LockMode } from '../modes.ts';
import type { LockOp, LockProgram } from './lock-program.ts';

export interface SectionStep {
  /** `touch` waits until the lock could be had for write and keeps nothing. */
  readonly kind: 'take' | 'touch' | 'release' | 'downgrade';
  readonly lock: number;
  readonly mode: LockMode;
}

export interface Hold {
  readonly lock: number;
  readonly mode: LockMode;
}

/** Where a section waits for a lock, and what it holds there. */
export interface WaitPoint {
  readonly section: Section;
  /** Index of the step. */
  readonly at: number;
  readonly lock: number;
  readonly mode: LockMode;
  readonly held: readonly Hold[];
}

export interface Section {
  readonly steps: readonly SectionStep[];
  readonly points: readonly WaitPoint[];
  /** How many tasks may run it at once: two for every time it occurs. */
  tasks: number;
}

export interface Sections {
  readonly sections: readonly Section[];
  /** Names of the instances by their number. */
  readonly locks: readonly string[];
}

const TASKS_PER_SECTION = 2;

/** Equal sections are one. A program that ends inside a section is taken to end it there. */
export function readSections(program: LockProgram): Sections {
  const reader = new Reader();
  for (const op of program.ops) reader.read(op);
  return reader.finish();
}

interface Open {
  steps: SectionStep[];
  held: Hold[];
}

class Reader {
  private readonly open = new Map<number, Open>();
  private readonly found = new Map<string, Section>();
  private readonly lockIds = new Map<string, number>();

  read(op: LockOp): void {
    let open = this.open.get(op.task);
    if (open === undefined) this.open.set(op.task, (open = { steps: [], held: [] }));
    const { action, mode } = op;
    if (action === 'init') return;
    if (action === 'exit') {
      this.close(open);
      return;
    }
    const lock = this.lockId(op.lock);
    if (action === 'acquire') {
      open.steps.push({ kind: 'take', lock, mode });
      open.held.push({ lock, mode });
    } else if (action === 'touch' || action === 'sync') {
      open.steps.push({ kind: 'touch', lock, mode: EXCLUSIVE });
    } else if (!drop(open, { kind: action, lock, mode })) {
      return;
    }
    if (open.held.length === 0) this.close(open);
  }

  finish(): Sections {
    for (const open of this.open.values()) this.close(open);
    return { sections: [...this.found.values()], locks: [...this.lockIds.keys()] };
  }

  private close(open: Open): void {
    const { steps } = open;
    open.steps = [];
    open.held = [];
    if (steps.length === 0) return;
    const key = steps.map(({ kind, lock, mode }) => `${kind} ${lock} ${mode}`).join();
    const known = this.found.get(key);
    if (known === undefined) this.found.set(key, withPoints(steps));
    else known.tasks += TASKS_PER_SECTION;
  }

  private lockId(name: string): number {
    let id = this.lockIds.get(name);
    if (id === undefined) this.lockIds.set(name, (id = this.lockIds.size));
    return id;
  }
}

/** False for what the task does not hold: that is another report's business. */
function drop({ steps, held }: Open, step: SectionStep): boolean {
  if (!applyDrop(held, step)) return false;
  steps.push(step);
  return true;
}

function applyDrop(held: Hold[], { kind, lock }: SectionStep): boolean {
  const index = held.findLastIndex((hold) => hold.lock === lock && (kind === 'release' || (hold.mode & 3) === EXCLUSIVE));
  if (index < 0) return false;
  if (kind === 'release') held.splice(index, 1);
  else held[index] = { lock, mode: SHARED };
  return true;
}

function withPoints(steps: readonly SectionStep[]): Section {
  const points: WaitPoint[] = [];
  const section: Section = { steps, points, tasks: TASKS_PER_SECTION };
  const held: Hold[] = [];
  for (const [at, step] of steps.entries()) {
    const { kind, lock, mode } = step;
    const waits = kind === 'touch' || (kind === 'take' && !isTry(mode));
    if (waits) points.push({ section, at, lock, mode: mode & 3, held: held.map((hold) => ({ lock: hold.lock, mode: hold.mode & 3 })) });
    if (kind === 'take') held.push({ lock, mode });
    else if (kind !== 'touch') applyDrop(held, step);
  }
  return section;
}
