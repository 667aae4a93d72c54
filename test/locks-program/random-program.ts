/**
 * Random lock programs: tasks that take locks of a few classes in every mode, release them in any order, downgrade, wait and misbehave.
 */
import type { Prng } from '../../src/base/prng.ts';
import type { RawOp, RawProgram } from './notation.ts';

export interface Shape {
  readonly tasks: number;
  readonly classes: number;
  readonly instances: number;
  readonly ops: number;
  /** Operations that take a lock. */
  readonly takes: readonly string[];
  /** Release, downgrade and wait in places other than the tidy ones. */
  readonly untidy: boolean;
  /** Bugs of ownership and life-cycle, once in so many operations; 0 for none. */
  readonly bugs: number;
}

interface Taken {
  readonly lock: string;
  readonly cls: string;
  exclusive: boolean;
}

export function randomProgram(random: Prng, shape: Shape): RawProgram {
  const maker = new Maker(random, shape);
  while (maker.ops.length < shape.ops) maker.step();
  maker.finish();
  return { name: 'random', ops: maker.ops };
}

class Maker {
  readonly ops: RawOp[] = [];
  private readonly random: Prng;
  private readonly shape: Shape;
  private readonly held: Taken[][];

  constructor(random: Prng, shape: Shape) {
    this.random = random;
    this.shape = shape;
    this.held = Array.from({ length: shape.tasks }, () => []);
  }

  step(): void {
    const { random, shape } = this;
    const task = random.below(shape.tasks);
    const held = this.held[task]!;
    if (shape.bugs > 0 && this.ops.length > 0 && random.oneIn(shape.bugs)) return this.bug(task);
    if (held.length > 0 && random.below(5) < held.length)
      return this.release(task, shape.untidy ? random.below(held.length) : held.length - 1);
    const { lock, cls } = this.anyLock();
    if (shape.untidy && random.oneIn(8)) {
      const entry = held.find(({ exclusive }) => exclusive);
      if (entry !== undefined && random.oneIn(2)) {
        entry.exclusive = false;
        this.ops.push({ task, op: 'downgrade', lock: entry.lock, cls: entry.cls });
        return undefined;
      }
      this.ops.push({ task, op: random.pick(['syncWait', 'lockThenUnlock']), lock, cls });
      return undefined;
    }
    const op = random.pick(shape.takes);
    // A held class asked for again ends most programs at once, so it is rare.
    if (held.some((entry) => entry.cls === cls) && !random.oneIn(12)) return undefined;
    held.push({ lock, cls, exclusive: op === 'lock' || op === 'trylock' });
    this.ops.push({ task, op, lock, cls });
    return undefined;
  }

  finish(): void {
    for (const [task, held] of this.held.entries()) while (held.length > 0) this.release(task, held.length - 1);
  }

  private release(task: number, index: number): void {
    const held = this.held[task]!;
    // Of a lock that is held twice the later hold goes first.
    const last = held.findLastIndex(({ lock }) => lock === held[index]!.lock);
    const [entry] = held.splice(last, 1);
    this.ops.push({ task, op: 'unlock', lock: entry!.lock, cls: entry!.cls });
  }

  private bug(task: number): void {
    const { lock, cls } = this.anyLock();
    const op = this.random.pick(['unlock', 'init', 'taskExit']);
    if (op === 'taskExit') {
      this.ops.push({ task, op });
      this.held[task]!.length = 0;
    } else if (op === 'init') {
      this.ops.push({ task, op, lock, cls });
    } else if (this.ops.some((earlier) => earlier.lock === lock && this.shape.takes.includes(earlier.op))) {
      // What nobody has taken before would be an error of the program.
      const index = this.held[task]!.findLastIndex((entry) => entry.lock === lock);
      if (index >= 0) this.held[task]!.splice(index, 1);
      this.ops.push({ task, op, lock, cls });
    }
  }

  private anyLock(): { lock: string; cls: string } {
    const cls = 'ABCDEF'[this.random.below(this.shape.classes)]!;
    return { cls, lock: `${cls}${this.random.below(this.shape.instances)}` };
  }
}
