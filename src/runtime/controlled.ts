/**
 * Controlled runtime: one task runs at a time, each announces its next visible operation and stops, a strategy picks who goes on.
 * Time is virtual: it moves only when the strategy picks the earliest armed timer.
 *
 * Direct hand-off: the task that stops makes the next choice itself and resumes the chosen task, so there is no driver loop.
 * What a step is: start of a task, an announced operation, a timer that fires, an effect that somebody could observe.
 */
import { Prng } from '../base/prng.ts';
import { RandomStrategy } from './random-strategy.ts';
import type { MaybePromise, Runtime, Timer } from './runtime.ts';
import type { Runnable, Strategy } from './strategy.ts';
import { AGAIN, Task, type Blocker, type Effect, type Op, type SpawnOptions, type TaskBody } from './task.ts';

/** done: all foreground tasks ended; stopped: `stop` was called (a finding); deadlock: nobody can go on; step-limit: `maxSteps`. */
export type ControlledOutcome = 'done' | 'stopped' | 'deadlock' | 'step-limit' | 'uncontrolled-await';

export interface ControlledOptions {
  readonly seed: number;
  /** Default: a uniform random walk from the seed. */
  readonly strategy?: Strategy;
  /** A run that needs more steps ends as `step-limit`. Default 1,000,000. */
  readonly maxSteps?: number;
  /** `all`: every release and wake-up is a step of its own, for checking; default `declared`: where somebody can observe it. */
  readonly releaseSteps?: 'declared' | 'all';
  /** Keep the list of choices for a replay. Default true. */
  readonly record?: boolean;
}

type EndListener = (task: Task, error: unknown) => void;

let captured: (value: unknown) => void;
const capture = (resolve: (value: unknown) => void): void => {
  captured = resolve;
};

const START: Op = { opName: 'start', enabled: () => true, perform: () => undefined };

class ControlledTimer implements Timer, Runnable {
  readonly id: number;
  readonly name: string;
  readonly due: number;
  readonly fire: () => void;
  private readonly owner: Set<ControlledTimer>;

  constructor(owner: Set<ControlledTimer>, id: number, timer: { name: string; due: number; fire: () => void }) {
    this.owner = owner;
    this.id = id;
    this.name = timer.name;
    this.due = timer.due;
    this.fire = timer.fire;
    owner.add(this);
  }

  cancel(): void {
    this.owner.delete(this);
  }
}

/** Waiting for the end of another task: the operation of `join`. */
class Join implements Op, Blocker {
  readonly opName = 'join';
  readonly name: string;
  private readonly other: Task;

  constructor(other: Task) {
    this.other = other;
    this.name = `end of ${other.name}`;
  }

  enabled(): boolean {
    return this.other.ended;
  }

  perform(): unknown {
    return undefined;
  }

  blockers(_task: Task, visit: (holder: Task) => boolean): boolean {
    return visit(this.other);
  }
}

export class ControlledRuntime implements Runtime {
  readonly controlled = true;
  readonly random: Prng;
  /** Ids of who went on and values of data choices, wherever there was more than one possibility. */
  readonly choices: number[] = [];
  /** Steps made so far. */
  steps = 0;
  /** The task that made the last step. */
  running: Task | null = null;
  private readonly strategy: Strategy;
  private readonly maxSteps: number;
  private readonly allSteps: boolean;
  private readonly record: boolean;
  private readonly live: Task[] = [];
  private readonly timers = new Set<ControlledTimer>();
  private readonly candidates: Runnable[] = [];
  private readonly endListeners: EndListener[] = [];
  private clock = 0;
  private nextTask = 0;
  private nextTimer = -1;
  private foreground = 0;
  private finish: ((outcome: ControlledOutcome) => void) | null = null;
  private stopping = false;

  constructor(options: ControlledOptions) {
    this.random = new Prng(options.seed);
    this.strategy = options.strategy ?? new RandomStrategy(options.seed);
    this.maxSteps = options.maxSteps ?? 1_000_000;
    this.allSteps = options.releaseSteps === 'all';
    this.record = options.record ?? true;
  }

  get tasks(): readonly Task[] {
    return this.live;
  }

  now(): number {
    return this.clock;
  }

  spawn(name: string, body: TaskBody, options: SpawnOptions = {}): Task {
    const task = new Task(this.nextTask++, name, body, options.daemon ?? false);
    task.op = START;
    this.live.push(task);
    if (!task.daemon) this.foreground++;
    return task;
  }

  join(task: Task, other: Task): MaybePromise<void> {
    return this.point(task, new Join(other), 0) as MaybePromise<void>;
  }

  sleep(task: Task, ms: number): MaybePromise<void> {
    this.assertRunning(task, 'sleep');
    task.due = this.clock + Math.max(0, ms);
    return this.point(task, this.sleepOp, 0) as MaybePromise<void>;
  }

  park(task: Task): MaybePromise<void> {
    return this.point(task, PARK, 0) as MaybePromise<void>;
  }

  wake(task: Task): void {
    task.permit = true;
  }

  timer(name: string, ms: number, fire: () => void): Timer {
    return new ControlledTimer(this.timers, this.nextTimer--, { name, due: this.clock + Math.max(0, ms), fire });
  }

  point(task: Task, op: Op, mode: number, arg?: unknown): unknown {
    this.assertRunning(task, op.opName);
    task.op = op;
    task.mode = mode;
    task.arg = arg;
    if (op.blocked !== undefined && task.firstEffect === null && !op.enabled(task)) op.blocked(task);
    return this.next(task);
  }

  effect(task: Task, effect: Effect, visible: boolean): void {
    // Program order: nothing overtakes an effect of the same task that is still queued.
    if (!visible && !this.allSteps && task.firstEffect === null) {
      effect.takeEffect(task);
      return;
    }
    if (task.firstEffect === null) task.firstEffect = effect;
    else task.lastEffect!.nextEffect = effect;
    task.lastEffect = effect;
  }

  choose(_task: Task | null, site: string, n: number): number {
    if (n < 2) return 0;
    const value = this.strategy.chooseValue(site, n);
    if (this.record) this.choices.push(value);
    return value;
  }

  onTaskEnd(listener: EndListener): void {
    this.endListeners.push(listener);
  }

  /** Runs until every foreground task has ended or nothing can go on. Tasks left over are dropped; their finally blocks do not run. */
  async run(): Promise<ControlledOutcome> {
    const outcome = new Promise<ControlledOutcome>((resolve) => {
      this.finish = resolve;
    });
    const guard = this.watchForUncontrolledAwaits();
    if (this.foreground === 0) this.done('done');
    else this.next(null);
    const result = await outcome;
    clearImmediate(guard.handle);
    return result;
  }

  /** Ends the run after the step that is being made. */
  stop(): void {
    this.stopping = true;
  }

  private readonly sleepOp: Op = {
    opName: 'sleep',
    enabled: (task) => task.due <= this.clock,
    perform: (task) => {
      task.due = Number.POSITIVE_INFINITY;
      return undefined;
    },
  };

  private assertRunning(task: Task, what: string): void {
    if (task !== this.running || task.op !== null) {
      const why = task !== this.running ? `${this.running?.name ?? 'nobody'} is running` : `its ${task.op?.opName} has not been awaited`;
      throw new Error(`task ${task.name} announced ${what}, but ${why}`);
    }
  }

  /** The model must stop at announced operations only: an event loop turn without progress means somebody awaits something else. */
  private watchForUncontrolledAwaits(): { handle: NodeJS.Immediate } {
    const guard = { handle: setImmediate(() => undefined) };
    let seen = -1;
    const check = (): void => {
      if (this.finish === null) return;
      if (seen === this.steps) {
        this.done('uncontrolled-await');
        return;
      }
      seen = this.steps;
      guard.handle = setImmediate(check);
    };
    clearImmediate(guard.handle);
    guard.handle = setImmediate(check);
    return guard;
  }

  private collect(): number {
    const { live, candidates } = this;
    let n = 0;
    let earliest = Number.POSITIVE_INFINITY;
    for (const timer of this.timers) if (timer.due < earliest) earliest = timer.due;
    for (const task of live) {
      if (task.firstEffect !== null || (task.op !== null && task.op.enabled(task))) candidates[n++] = task;
      else if (task.due < earliest) earliest = task.due;
    }
    if (earliest === Number.POSITIVE_INFINITY) return n;
    for (const timer of this.timers) if (timer.due === earliest) candidates[n++] = timer;
    for (const task of live) {
      if (task.due === earliest && task.firstEffect === null && task.op !== null && !task.op.enabled(task)) candidates[n++] = task;
    }
    return n;
  }

  private pick(): Runnable | null {
    const n = this.collect();
    if (n === 0) return null;
    if (n === 1) return this.candidates[0]!;
    const chosen = this.candidates[this.strategy.choose(this.candidates, n, this.running)]!;
    if (this.record) this.choices.push(chosen.id);
    return chosen;
  }

  private done(outcome: ControlledOutcome): void {
    const finish = this.finish;
    this.finish = null;
    finish?.(outcome);
  }

  /** Makes steps until one resumes a task; answers the result when that task is `self`. */
  private next(self: Task | null): unknown {
    for (;;) {
      if (this.stopping) return this.abandon('stopped');
      if (this.foreground === 0) return this.abandon('done');
      const chosen = this.pick();
      if (chosen === null) return this.abandon('deadlock');
      if (++this.steps > this.maxSteps) return this.abandon('step-limit');
      if (chosen instanceof ControlledTimer) {
        this.fire(chosen);
        continue;
      }
      const task = chosen as Task;
      if (task.firstEffect !== null) {
        this.takeEffect(task);
        continue;
      }
      if (task.due !== Number.POSITIVE_INFINITY && task.due > this.clock && !task.op!.enabled(task)) this.clock = task.due;
      this.running = task;
      const result = task.op!.perform(task);
      if (result === AGAIN) continue;
      task.op = null;
      if (task === self) return result;
      return this.handOver(self, task, result);
    }
  }

  private handOver(self: Task | null, task: Task, result: unknown): unknown {
    let stopped: unknown;
    if (self !== null) {
      stopped = new Promise(capture);
      self.resume = captured;
    }
    const resume = task.resume;
    if (resume === null) this.start(task);
    else {
      task.resume = null;
      resume(result);
    }
    return stopped;
  }

  private abandon(outcome: ControlledOutcome): Promise<never> {
    this.done(outcome);
    return new Promise(() => undefined);
  }

  private fire(timer: ControlledTimer): void {
    this.timers.delete(timer);
    if (timer.due > this.clock) this.clock = timer.due;
    this.running = null;
    timer.fire();
  }

  private takeEffect(task: Task): void {
    const effect = task.firstEffect!;
    task.firstEffect = effect.nextEffect;
    effect.nextEffect = null;
    effect.takeEffect(task);
    if (task.firstEffect !== null) return;
    if (task.ended) this.drop(task);
    else if (task.op?.blocked !== undefined && !task.op.enabled(task)) task.op.blocked(task);
  }

  private start(task: Task): void {
    const body = task.body!;
    task.body = null;
    body(task).then(
      () => this.end(task, undefined),
      (error: unknown) => this.end(task, error ?? new Error('thrown without a value')),
    );
  }

  private end(task: Task, error: unknown): void {
    task.ended = true;
    task.op = null;
    if (!task.daemon) this.foreground--;
    for (const listener of this.endListeners) listener(task, error);
    if (task.firstEffect === null) this.drop(task);
    void this.next(null);
  }

  private drop(task: Task): void {
    const index = this.live.indexOf(task);
    this.live[index] = this.live.at(-1)!;
    this.live.pop();
  }
}

const PARK: Op = {
  opName: 'park',
  enabled: (task) => task.permit,
  perform: (task) => {
    task.permit = false;
    return undefined;
  },
};
