/**
 * Runs the steps of a design file: one verb after the other, until the list ends, a step ends it, or KVM_RUN is left. No kernel counterpart.
 */
import { ApMatrixMdev } from '../../ap-matrix-mdev.ts';
import type { PqapHooks } from '../pqap-hooks.ts';
import { call } from './calls.ts';
import { downgrade, release, take, tryTake, type DesignLock, type DesignLocks, type Owner } from './design-locks.ts';
import type { Flag } from './flag.ts';
import type { Frame } from './frame.ts';
import { VCPU_LOCK, type Answer, type Condition, type Otherwise, type Step } from './plan.ts';

/** Null: the list was run to its end. */
export type Ending = { readonly answer: Answer } | { readonly rest: readonly Step[] } | null;

type Verb<V extends Step['verb']> = Extract<Step, { readonly verb: V }>;

export class Interpreter {
  private readonly locks: DesignLocks;
  private readonly hooks: PqapHooks;
  /** Fields that the design leaves to visible reads and writes. */
  private readonly hookIsOpen: boolean;

  constructor(locks: DesignLocks, hooks: PqapHooks, hookIsOpen: boolean) {
    this.locks = locks;
    this.hooks = hooks;
    this.hookIsOpen = hookIsOpen;
  }

  async run(frame: Frame, steps: readonly Step[]): Promise<Ending> {
    for (const [i, step] of steps.entries()) {
      if (step.verb === 'unlock' && step.lock === VCPU_LOCK) return { rest: steps.slice(i + 1) };
      if (step.verb === 'return') return { answer: step.answer };
      // What the step does first is done on top of its own place in the stack; so is all that the validator looks at.
      const { spot } = step;
      const yes = await spot(() => this.perform(frame, step));
      const ending = yes ? null : await this.otherWay(frame, step);
      if (ending !== null) return ending;
    }
    return null;
  }

  /** Null when the object that the lock is part of is not there: a change of an mdev without a guest takes no kvm->lock. */
  private lockOf(frame: Frame, name: string): DesignLock | null {
    const owner = ownerIn(frame, this.locks.ownerOf(name));
    return owner === null ? null : this.locks.of(name, owner);
  }

  private async otherWay(frame: Frame, step: Step): Promise<Ending> {
    if (step.verb === 'refuse') return { answer: step.errno };
    const { otherwise } = step as { readonly otherwise: Otherwise };
    if ('steps' in otherwise) return await this.run(frame, otherwise.steps);
    frame.releaseAll();
    return { answer: otherwise.answer };
  }

  /** False: the step goes its other way. */
  private async perform(frame: Frame, step: Step): Promise<boolean> {
    const { task } = frame;
    switch (step.verb) {
      case 'lock':
      case 'trylock':
        return await this.acquire(frame, step);
      case 'unlock':
        this.unlock(frame, step);
        return true;
      case 'downgrade': {
        const lock = this.lockOf(frame, step.lock);
        if (lock !== null) downgrade(lock, frame.guardOf(lock)!);
        return true;
      }
      case 'wait':
        return await this.wait(frame, step);
      case 'read':
        return await this.read(frame, step);
      case 'write':
        return await this.write(frame, step);
      case 'call':
        return await call(step.call, frame);
      case 'hold':
        frame.kvmOrThrow.get();
        return true;
      case 'free':
        frame.kvmOrThrow.put();
        return true;
      case 'refuse':
        return !step.when.some((condition) => this.applies(frame, condition));
      case 'return':
        throw new Error(`expected ${task.name} to have left the steps by now`);
    }
  }

  private async acquire(frame: Frame, { verb, lock: name, mode }: Verb<'lock' | 'trylock'>): Promise<boolean> {
    const lock = this.lockOf(frame, name);
    if (lock === null) return true;
    const guard = await (verb === 'lock' ? take(lock, frame.task, mode) : tryTake(lock, frame.task, mode));
    if (guard === null) return false;
    frame.holding(lock, guard);
    return true;
  }

  private unlock(frame: Frame, { lock: name, mode }: Verb<'unlock'>): void {
    const lock = this.lockOf(frame, name);
    if (lock === null) return;
    release(lock, frame.task, { guard: frame.guardOf(lock), mode });
    frame.forget(lock);
  }

  private async wait(frame: Frame, { lock: name, drop }: Verb<'wait'>): Promise<true> {
    const flag = this.lockOf(frame, name) as Flag | null;
    const dropped = drop === null ? null : this.lockOf(frame, drop);
    if (flag !== null) await flag.waitUntilClear(frame.task, dropped === null ? null : frame.guardOf(dropped));
    return true;
  }

  private async read(frame: Frame, { field, unguarded }: Verb<'read'>): Promise<boolean> {
    const { task } = frame;
    if (field === 'kvm.hook') {
      const { pqapHook } = frame.kvmOrThrow;
      frame.mdev = ApMatrixMdev.of(unguarded || this.hookIsOpen ? await pqapHook.read(task) : pqapHook.get(task));
      frame.noHook = frame.mdev === null;
      return !frame.noHook;
    }
    const { kvm } = frame.mdevOrThrow;
    frame.kvm = unguarded ? await kvm.read(task) : kvm.get(task);
    return frame.kvm !== null;
  }

  private async write(frame: Frame, { value, unguarded }: Verb<'write'>): Promise<true> {
    const { task, kvmOrThrow: kvm } = frame;
    if (value === 'withdrawn') this.hooks.withdraw(task, kvm, frame.mdevOrThrow);
    else {
      const mdev = value === 'nothing' ? null : value === 'mdev' ? frame.mdev : frame.other;
      if (unguarded || this.hookIsOpen) await kvm.pqapHook.write(task, mdev);
      else if (mdev === null) kvm.pqapHook.set(task, null);
      else this.hooks.publish(task, kvm, mdev);
    }
    return true;
  }

  private applies(frame: Frame, condition: Condition): boolean {
    if (frame.mdev === null) return false;
    if ('attached' in condition) return frame.mdev.kvm.get(frame.task) !== null;
    return (this.lockOf(frame, condition.flag) as Flag | null)?.on ?? false;
  }
}

function ownerIn(frame: Frame, of: 'host' | 'kvm' | 'mdev' | 'queue'): Owner | null {
  return frame[of];
}
