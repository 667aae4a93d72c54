/**
 * What locks with readers and writers have in common: who is inside, downgrade, release by name (kernel: down_read, down_write, up_read,
 * up_write, downgrade_write).
 */
import { Access, type AccessKind } from '../runtime/access.ts';
import type { MaybePromise } from '../runtime/runtime.ts';
import type { Effect, Task } from '../runtime/task.ts';
import type { ChainNode } from './chain.ts';
import type { Guard } from './guard.ts';
import type { AcquireOptions, SureOptions } from './lock.ts';
import { EXCLUSIVE, heldMode, RETAKE, SHARED, TRY, type LockMode } from './modes.ts';
import { QueuedLock } from './queued-lock.ts';

/** Argument of a `retake` in the controlled runtime. */
interface Retake {
  readonly guard: Guard;
  readonly node: ChainNode | null;
}

/** The moment from which readers may join the former writer. */
class Downgrade implements Effect {
  readonly effectName = 'downgrade';
  readonly access = Access.RELEASE;
  readonly object: object;
  nextEffect: Effect | null = null;
  private readonly done: () => void;

  constructor(lock: object, done: () => void) {
    this.object = lock;
    this.done = done;
  }

  takeEffect(): void {
    this.done();
  }
}

export abstract class SharedLock extends QueuedLock {
  protected writer: Task | null = null;
  protected readonly readers: Task[] = [];
  /** How readers take it: does a waiting writer stop them? */
  protected abstract readonly readMode: LockMode;

  /** Waits until no writer is inside. With a limit (`timeoutMs`, `interruptible`) the answer is null when that came first. */
  read(task: Task, options?: SureOptions): MaybePromise<Guard>;
  read(task: Task, options: AcquireOptions): MaybePromise<Guard | null>;
  read(task: Task, options?: AcquireOptions): MaybePromise<Guard | null> {
    return options === undefined ? this.take(task, this.readMode) : this.acquireWith(task, this.readMode, options);
  }

  /** Waits until nobody is inside. */
  write(task: Task, options?: SureOptions): MaybePromise<Guard>;
  write(task: Task, options: AcquireOptions): MaybePromise<Guard | null>;
  write(task: Task, options?: AcquireOptions): MaybePromise<Guard | null> {
    return options === undefined ? this.take(task, EXCLUSIVE) : this.acquireWith(task, EXCLUSIVE, options);
  }

  /** Never waits: null when a writer has it, or (where readers queue) waits for it. The class must be declared tryable. */
  tryRead(task: Task): MaybePromise<Guard | null> {
    return this.tryMode(task, this.readMode);
  }

  /** Never waits: null when somebody is inside. */
  tryWrite(task: Task): MaybePromise<Guard | null> {
    return this.tryMode(task, EXCLUSIVE);
  }

  /** Release by name: reported when the task does not hold it, or holds it as a writer. */
  releaseRead(task: Task): void {
    this.releaseAs(task, SHARED);
  }

  /** Release by name: reported when the task does not hold it, or holds it as a reader. */
  releaseWrite(task: Task): void {
    this.releaseAs(task, EXCLUSIVE);
  }

  /** The writer becomes a reader without letting anybody in between. */
  downgrade(guard: Guard): void {
    const { task } = guard;
    if (!guard.live || (guard.mode & 3) !== EXCLUSIVE) {
      const state = guard.live ? 'as a reader' : 'no more';
      this.misuse('wrong-downgrade', task, `${task.name} downgrades ${this.name}, which it holds ${state}`, [guard]);
      return;
    }
    this.endOfHold(guard);
    guard.changeMode(this.readMode | (guard.mode & TRY));
    const { stats } = this.ctx;
    if (stats !== null) {
      stats.acquired(this.cls, guard.mode, this, task);
      guard.since = stats.time();
    }
    const done = (): void => {
      this.writer = null;
      this.readers.push(task);
      this.afterFree();
    };
    this.ctx.rt.effect(task, new Downgrade(this, done), this.cls.tryable);
  }

  retake(guard: Guard): MaybePromise<void> {
    const { task } = guard;
    const mode = guard.mode & 3;
    const node = this.validate(task, mode);
    if (this.ctx.rt.controlled) {
      const arg: Retake = { guard, node };
      return this.ctx.rt.point(task, this, mode | RETAKE, arg) as MaybePromise<void>;
    }
    if (this.takeNow(task, mode)) return this.again(guard, node);
    return this.enqueue(task, mode)
      .seat!.acquire(1)
      .then(() => this.again(guard, node));
  }

  /** `read lock` is what a reader asks for. */
  verb(task: Task): string {
    return (task.mode & 3) === EXCLUSIVE ? 'write lock' : 'read lock';
  }

  override access(task: Task): AccessKind {
    const access = super.access(task);
    return access === Access.WRITE && (task.mode & 3) !== EXCLUSIVE ? Access.READ : access;
  }

  users(): { holders: readonly Task[]; waiters: readonly Task[] } {
    return { holders: this.writer === null ? [...this.readers] : [this.writer], waiters: this.waitingTasks() };
  }

  free(guard: Guard): void {
    if ((guard.mode & 3) === EXCLUSIVE) this.writer = null;
    else this.readers.splice(this.readers.indexOf(guard.task), 1);
    this.afterFree();
  }

  /** Somebody has left: who is let in, and when. */
  protected abstract afterFree(): void;

  protected override modeOf(task: Task): LockMode {
    return heldMode(task.mode);
  }

  protected own(task: Task, mode: LockMode): void {
    if ((mode & 3) === EXCLUSIVE) this.writer = task;
    else this.readers.push(task);
  }

  protected takeNow(task: Task, mode: LockMode): boolean {
    if (!this.mayEnter(mode)) return false;
    this.own(task, mode);
    return true;
  }

  /** Live runtime: may a newcomer go in at once? */
  protected abstract mayEnter(mode: LockMode): boolean;

  /** Controlled runtime: the request has the lock. */
  protected through(task: Task): unknown {
    if ((task.mode & RETAKE) === 0) return this.granted(task);
    const { guard, node } = task.arg as Retake;
    return this.again(guard, node);
  }

  private take(task: Task, mode: LockMode): MaybePromise<Guard> {
    const node = this.validate(task, mode);
    if (this.ctx.rt.controlled) return this.ctx.rt.point(task, this, mode, node) as MaybePromise<Guard>;
    return this.takeNow(task, mode) ? this.guard(task, mode, node) : this.wait(task, mode, node);
  }

  private releaseAs(task: Task, mode: LockMode): void {
    const guard = this.entryOf(task);
    if (guard === null) return;
    const reads = (guard.mode & 3) !== EXCLUSIVE;
    if (reads === (mode !== EXCLUSIVE)) guard.release();
    else {
      const [as, has] = reads ? ['writer', 'reader'] : ['reader', 'writer'];
      this.misuse('wrong-mode-release', task, `${task.name} releases ${this.name} as a ${as}, but holds it as a ${has}`, [guard]);
    }
  }
}
