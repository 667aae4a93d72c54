/**
 * States of a task that the validator must know: inside an interrupt, interrupts off (kernel: irq_enter, local_irq_save,
 * local_bh_disable). They are kept on the held stack, so chains of locks in different states are different chains, at no cost elsewhere.
 */
import type { Task } from '../runtime/task.ts';
import { Guard, type Held } from './guard.ts';
import { LockClass, type ContextKind } from './lock-class.ts';
import type { LockContext } from './lock-context.ts';
import type { Lockdep } from './lockdep.ts';
import { refusal, reportMisuse } from './misuse.ts';
import { EXCLUSIVE } from './modes.ts';

const CLASSES: Readonly<Record<ContextKind, LockClass>> = {
  hardirq: new LockClass('hardirq', { context: 'hardirq' }),
  softirq: new LockClass('softirq', { context: 'softirq' }),
  'hardirqs off': new LockClass('hardirqs off', { context: 'hardirqs off' }),
  'softirqs off': new LockClass('softirqs off', { context: 'softirqs off' }),
};

export class IrqSections {
  private readonly sections: Readonly<Record<ContextKind, IrqSection>>;

  constructor(ctx: LockContext) {
    const section = (kind: ContextKind): IrqSection => new IrqSection(ctx, CLASSES[kind]);
    this.sections = {
      hardirq: section('hardirq'),
      softirq: section('softirq'),
      'hardirqs off': section('hardirqs off'),
      'softirqs off': section('softirqs off'),
    };
  }

  /** From here to the end of the scope the task is in this state. */
  enter(task: Task, kind: ContextKind): Guard {
    return this.sections[kind].enter(task);
  }
}

class IrqSection implements Held {
  readonly cls: LockClass;
  readonly name: string;
  readonly dep: Lockdep | null;
  private readonly ctx: LockContext;

  constructor(ctx: LockContext, cls: LockClass) {
    this.ctx = ctx;
    this.cls = cls;
    this.name = cls.name;
    this.dep = ctx.dep;
  }

  enter(task: Task): Guard {
    return new Guard(this, task, EXCLUSIVE, this.dep === null ? null : this.dep.enterContext(task, this.cls));
  }

  unlock(guard: Guard): void {
    const locksAbove = guard.task.held !== guard;
    guard.pop();
    // Locks that are still held are from now on held with interrupts enabled.
    if (locksAbove) this.dep?.contextLeft(guard.task);
  }

  refuse(guard: Guard, by: Task | 'unpin'): void {
    reportMisuse(this.ctx, refusal(guard, by));
  }

  free(): void {
    // Nobody waits for the state of another task.
  }

  retake(): never {
    throw new Error(`${this.name} is a state of the task: expected a lock to be dropped for a wait`);
  }
}
