/**
 * Live runtime: native promises and timers, real concurrency. Operations are performed at once; only real waits stop a task.
 */
import { Prng } from '../base/prng.ts';
import type { MaybePromise, Runtime, TaskObserver, Timer } from './runtime.ts';
import { Task, type Blocker, type Effect, type Op, type SpawnOptions, type TaskBody } from './task.ts';

type EndListener = (task: Task, error: unknown) => void;
type BlockListener = (task: Task) => void;
/** How a live run ended: all foreground tasks ended, none of them can go on any more, or somebody asked it to stop. */
export type LiveOutcome = 'done' | 'stuck' | 'interrupted';

class LiveTimer implements Timer {
  readonly name: string;
  private readonly armed: Set<LiveTimer>;
  private readonly handle: NodeJS.Timeout | NodeJS.Immediate;
  private readonly immediate: boolean;

  constructor(armed: Set<LiveTimer>, name: string, ms: number, fire: () => void) {
    this.name = name;
    this.armed = armed;
    this.immediate = ms <= 0;
    const run = (): void => {
      armed.delete(this);
      fire();
    };
    // A zero delay is a turn of the event loop, not the millisecond that setTimeout makes of it.
    this.handle = this.immediate ? setImmediate(run) : setTimeout(run, ms);
    armed.add(this);
  }

  cancel(): void {
    this.armed.delete(this);
    if (this.immediate) clearImmediate(this.handle as NodeJS.Immediate);
    else clearTimeout(this.handle as NodeJS.Timeout);
  }
}

/** A joiner waits for exactly one task. */
class Ending implements Blocker {
  readonly name: string;
  readonly waiters: (() => void)[] = [];
  private readonly task: Task;

  constructor(task: Task) {
    this.task = task;
    this.name = `end of ${task.name}`;
  }

  blockers(_task: Task, visit: (holder: Task) => boolean): boolean {
    return visit(this.task);
  }
}

export class LiveRuntime implements Runtime {
  readonly controlled = false;
  readonly random: Prng;
  readonly tasks = new Set<Task>();
  observer: TaskObserver | null = null;
  private readonly start = performance.now();
  private readonly timers = new Set<LiveTimer>();
  private readonly endings = new Map<Task, Ending>();
  private readonly parked = new Map<Task, () => void>();
  private readonly endListeners: EndListener[] = [];
  private readonly blockListeners: BlockListener[] = [];
  private nextId = 0;
  private foreground = 0;
  private readonly finish: ((outcome: LiveOutcome) => void)[] = [];
  private outcome: LiveOutcome | null = null;
  private closed = false;

  constructor(seed: number) {
    this.random = new Prng(seed);
  }

  now(): number {
    return performance.now() - this.start;
  }

  spawn(name: string, body: TaskBody, options: SpawnOptions = {}): Task {
    const task = new Task(this.nextId++, name, null, options.daemon ?? false);
    this.tasks.add(task);
    if (!task.daemon) this.foreground++;
    this.observer?.spawned(task, null);
    void Promise.resolve()
      .then(() => body(task))
      .then(
        () => this.end(task, undefined),
        (error: unknown) => this.end(task, error ?? new Error('thrown without a value')),
      );
    return task;
  }

  join(task: Task, other: Task): MaybePromise<void> {
    this.observer?.joining(task, other);
    if (other.ended) return;
    let ending = this.endings.get(other);
    if (ending === undefined) this.endings.set(other, (ending = new Ending(other)));
    task.blockedOn = ending;
    const ended = new Promise<void>((resolve) => {
      ending.waiters.push(() => {
        task.blockedOn = null;
        resolve();
      });
    });
    for (const listener of this.blockListeners) listener(task);
    return ended;
  }

  sleep(_task: Task, ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.timer('sleep', ms, resolve);
    });
  }

  park(task: Task): MaybePromise<void> {
    if (task.permit) {
      task.permit = false;
      return;
    }
    return new Promise<void>((resolve) => {
      this.parked.set(task, resolve);
    }).then(() => {
      this.parked.delete(task);
    });
  }

  wake(task: Task): void {
    this.observer?.woken(task);
    const resume = this.parked.get(task);
    if (resume === undefined) {
      task.permit = true;
      return;
    }
    // The entry stays until the task runs: a second wake-up before that is none, as in the controlled runtime.
    resume();
  }

  timer(name: string, ms: number, fire: () => void): Timer {
    if (this.closed) return { name, cancel: () => undefined };
    return new LiveTimer(this.timers, name, ms, fire);
  }

  point(task: Task, op: Op, mode: number, arg?: unknown): unknown {
    task.mode = mode;
    task.arg = arg;
    return op.perform(task);
  }

  effect(task: Task, effect: Effect): void {
    effect.takeEffect(task);
  }

  /** Nobody explores a live run. */
  touch(): void {
    return;
  }

  choose(_task: Task | null, _site: string, n: number): number {
    return this.random.below(n);
  }

  onTaskEnd(listener: EndListener): void {
    this.endListeners.push(listener);
  }

  onTaskBlock(listener: BlockListener): void {
    this.blockListeners.push(listener);
  }

  /** Resolves when every foreground task has ended, or `finishAs` was called. */
  settled(): Promise<LiveOutcome> {
    return new Promise((resolve) => {
      this.finish.push(resolve);
      if (this.outcome !== null) resolve(this.outcome);
      else if (this.foreground === 0) this.finishAs('done');
    });
  }

  /** Ends `settled` from outside: the lock layer found that nobody can go on, or the user interrupted the run. */
  finishAs(outcome: LiveOutcome): void {
    this.outcome ??= outcome;
    for (const resolve of this.finish.splice(0)) resolve(this.outcome);
  }

  /** Disarms every timer, now and from now on, so that nothing keeps the process alive. Tasks that still wait are dropped. */
  shutdown(): void {
    this.closed = true;
    for (const timer of [...this.timers]) timer.cancel();
  }

  private end(task: Task, error: unknown): void {
    task.ended = true;
    this.tasks.delete(task);
    for (const listener of this.endListeners) listener(task, error);
    const ending = this.endings.get(task);
    if (ending !== undefined) {
      this.endings.delete(task);
      for (const waiter of ending.waiters) waiter();
    }
    if (!task.daemon && --this.foreground === 0 && this.finish.length > 0) this.finishAs('done');
  }
}
