/**
 * Controlled runtime: one task runs at a time, each announces its next visible operation and stops, a strategy picks who goes on.
 * Time is virtual: it moves only when the strategy picks the earliest armed timer.
 *
 * Direct hand-off: the task that stops makes the next choice itself and resumes the chosen task, so there is no driver loop.
 * What a step is: start of a task, an announced operation, a timer that fires, an effect that somebody could observe.
 */
import { Prng } from '../base/prng.ts';
import { unwatchAwaits, watchAwaits } from './await-watch.ts';
import { collectCandidates, firstStart, removeTask } from './candidates.ts';
import type { BlockListener, ControlledOptions, ControlledOutcome, EndListener, Phase } from './controlled-options.ts';
import { ControlledTimer, removeTimer } from './controlled-timer.ts';
import { Access, type AccessKind } from './access.ts';
import { CLOCK, effectObject, nextAccess, nextObject, type StepRecorder } from './footprint.ts';
import { never, resumable } from './hand-off.ts';
import { Join } from './join.ts';
import { Later, queueEffect, type Touched } from './later.ts';
import { PARK, sleepOp, START, START_LATER } from './basic-ops.ts';
import { RandomStrategy } from './random-strategy.ts';
import type { MaybePromise, Runtime, TaskObserver, Timer } from './runtime.ts';
import { CUT, type Runnable, type Strategy } from './strategy.ts';
import { AGAIN, childKey, Task, type Effect, type Op, type SpawnOptions, type TaskBody } from './task.ts';

/** A task starts inside the stop of the one before it; this many deep it gets a stack of its own. */
const NESTED_STARTS_MAX = 50;
/** After so many steps the event loop gets a turn, so that signals and output of the process are served during a long run. */
const STEPS_PER_TURN = 2000;

export class ControlledRuntime implements Runtime {
  readonly controlled = true;
  readonly random: Prng;
  /** Ids of who went on and values of data choices, wherever there was more than one possibility. */
  readonly choices: number[] = [];
  /** Steps made so far. */
  steps = 0;
  /** The task that made the last step. */
  running: Task | null = null;
  observer: TaskObserver | null = null;
  /** An explorer that wants to know what each step does. */
  recorder: StepRecorder | null = null;
  stepsSeen = -1;
  /** Why the run ended as `failed`: what was thrown. */
  failure: unknown = null;
  private strategy: Strategy;
  private maxSteps: number;
  private readonly allSteps: boolean;
  private readonly record: boolean;
  private readonly eager: boolean;
  /** Armed. */
  readonly timers: ControlledTimer[] = [];
  private readonly live: Task[] = [];
  private readonly candidates: Runnable[] = [];
  private readonly endListeners: EndListener[] = [];
  private readonly blockListeners: BlockListener[] = [];
  private clock = 0;
  private nextTask = 0;
  private nextTimer = -1;
  private nextRoot = 0;
  private foreground = 0;
  private finish: ((outcome: ControlledOutcome) => void) | null = null;
  private stopping = false;
  private turnAt = STEPS_PER_TURN;
  private nestedStarts = 0;
  private sleepOp: Op | null = null;

  constructor(options: ControlledOptions) {
    this.random = new Prng(options.seed);
    this.strategy = options.strategy ?? new RandomStrategy(options.seed);
    this.maxSteps = options.maxSteps ?? 1_000_000;
    this.allSteps = options.releaseSteps === 'all';
    this.record = options.record ?? true;
    this.eager = options.starts === 'eager';
  }

  get tasks(): readonly Task[] {
    return this.live;
  }

  now(): number {
    return this.clock;
  }

  spawn(name: string, body: TaskBody, options: SpawnOptions = {}): Task {
    const task = new Task(this.nextTask++, name, body, options.daemon ?? false);
    task.op = START_LATER;
    task.key = childKey(this.running, this.nextRoot);
    if (this.running === null) this.nextRoot++;
    this.live.push(task);
    if (!task.daemon) this.foreground++;
    this.observer?.spawned(task, this.running);
    this.inOrder('spawn', { about: task, access: Access.RELEASE }, () => {
      task.op = START;
    });
    return task;
  }

  join(task: Task, other: Task): MaybePromise<void> {
    this.observer?.joining(task, other);
    return this.point(task, new Join(other, this), 0) as MaybePromise<void>;
  }

  sleep(task: Task, ms: number): MaybePromise<void> {
    this.assertRunning(task, 'sleep');
    task.due = this.clock + Math.max(0, ms);
    return this.point(task, (this.sleepOp ??= sleepOp(this)), 0) as MaybePromise<void>;
  }

  park(task: Task): MaybePromise<void> {
    return this.point(task, PARK, 0) as MaybePromise<void>;
  }

  wake(task: Task): void {
    this.observer?.woken(task);
    const permit = (): void => {
      task.permit = true;
    };
    if (this.allSteps && this.running !== null) queueEffect(this.running, new Later('wake', permit, { about: task }));
    else this.inOrder('wake', { about: task }, permit);
  }

  timer(name: string, ms: number, fire: () => void): Timer {
    const timer = new ControlledTimer(this.timers, this.nextTimer--, {
      name,
      due: this.clock + Math.max(0, ms),
      fire,
      clock: this,
    });
    this.timed();
    this.inOrder('arm', { about: timer }, () => timer.arm());
    return timer;
  }

  point(task: Task, op: Op, mode: number, arg?: unknown): unknown {
    this.assertRunning(task, op.opName);
    task.op = op;
    task.mode = mode;
    task.arg = arg;
    if (task.due !== Number.POSITIVE_INFINITY) this.timed();
    if (op.blocked !== undefined && task.firstEffect === null && !op.enabled(task)) op.blocked(task);
    return this.next(task);
  }

  effect(task: Task, effect: Effect, visible: boolean): void {
    if (this.finish !== null) this.assertRunning(task, effect.effectName);
    // Program order: nothing overtakes an effect of the same task that is still queued.
    if (!visible && !this.allSteps && task.firstEffect === null) {
      this.recorder?.touch(effectObject(effect), effect.access ?? Access.WRITE);
      effect.takeEffect(task);
      return;
    }
    queueEffect(task, effect);
  }

  choose(_task: Task | null, site: string, n: number): number {
    if (n < 2) return 0;
    try {
      const value = this.strategy.chooseValue(site, n);
      if (this.record) this.choices.push(value);
      this.recorder?.chosen(site, n, value);
      return value;
    } catch (error) {
      // The model cannot handle what a strategy throws: it goes on to its next operation, where the run has ended.
      this.fail(error);
      return 0;
    }
  }

  onTaskEnd(listener: EndListener): void {
    this.endListeners.push(listener);
  }

  onTaskBlock(listener: BlockListener): void {
    this.blockListeners.push(listener);
  }

  /** Runs until every foreground task has ended or nothing can go on. Tasks left over are dropped; their finally blocks do not run. */
  run(): Promise<ControlledOutcome> {
    const outcome = new Promise<ControlledOutcome>((resolve) => {
      this.finish = resolve;
    });
    watchAwaits(this);
    this.next(null);
    return outcome;
  }

  touch(object: object, access: AccessKind): void {
    if (this.recorder !== null) this.recorder.touch(object, access);
  }

  /** Called by the watch for awaits that nobody controls. */
  idle(): void {
    this.done('uncontrolled-await');
  }

  /** Between two runs, when what came before was preparation, queued effects included: choices and steps begin anew. */
  begin({ strategy, maxSteps, recorder }: Phase): void {
    this.recorder = null;
    for (const task of [...this.live]) while (task.firstEffect !== null) this.takeEffect(task);
    this.strategy = strategy;
    this.maxSteps = maxSteps;
    this.recorder = recorder;
    if (this.choices.length > 0) this.choices.length = 0;
    this.steps = 0;
    this.turnAt = STEPS_PER_TURN;
    this.running = null;
  }

  /** Ends the run after the step that is being made. */
  stop(): void {
    this.stopping = true;
  }

  /** What runs now arms or cancels something that the clock decides about. */
  timed(): void {
    this.touch(CLOCK, Access.READ);
  }

  private assertRunning(task: Task, what: string): void {
    if (task !== this.running || task.op !== null) {
      const why = task !== this.running ? `${this.running?.name ?? 'nobody'} is running` : `its ${task.op?.opName} has not been awaited`;
      const error = new Error(`task ${task.name} announced ${what}, but ${why}`);
      this.fail(error);
      throw error;
    }
  }

  /** Called by a join that cannot go on. */
  joinBlocked(task: Task): void {
    for (const listener of this.blockListeners) listener(task);
  }

  /** Program order: what the running task does comes after its effects that are still queued. */
  private inOrder(name: string, touched: Touched, act: () => void): void {
    const by = this.running;
    if (by !== null && by.firstEffect !== null) {
      queueEffect(by, new Later(name, act, touched));
      return;
    }
    this.touch(touched.about, touched.access ?? Access.WRITE);
    act();
  }

  private pick(): Runnable | 'deadlock' | 'cut' {
    const { candidates, strategy } = this;
    const n = this.eager && firstStart(this.live, candidates) ? 1 : collectCandidates(this.live, this.timers, candidates);
    if (n === 0) return 'deadlock';
    if (n === 1 && strategy.asksAlways !== true) return candidates[0]!;
    const index = strategy.choose(candidates, n, this.running);
    if (index === CUT) return 'cut';
    const chosen = candidates[index]!;
    if (this.record && n > 1) this.choices.push(chosen.id);
    return chosen;
  }

  private done(outcome: ControlledOutcome): void {
    const { finish } = this;
    if (finish === null) return;
    this.finish = null;
    unwatchAwaits(this);
    finish(outcome);
  }

  private fail(error: unknown): void {
    if (this.finish === null) return;
    this.failure = error;
    this.done('failed');
  }

  /** As `advance`, but what is thrown ends the run: the task that happens to make the choice has nothing to do with it. */
  private next(self: Task | null): unknown {
    try {
      return this.advance(self);
    } catch (error) {
      this.fail(error);
      return never();
    }
  }

  /** Makes steps until one resumes a task; answers the result when that task is `self`. */
  private advance(self: Task | null): unknown {
    for (;;) {
      // Something that was awaited behind the runtime's back may wake a task after the end of the run.
      if (this.finish === null) return never();
      if (this.stopping) return this.abandon('stopped');
      if (this.foreground === 0) return this.abandon('done');
      const chosen = this.pick();
      if (typeof chosen === 'string') return this.abandon(chosen);
      if (this.steps === this.maxSteps) return this.abandon('step-limit');
      this.steps++;
      const { recorder } = this;
      if (recorder !== null) {
        recorder.step(chosen);
        const object = nextObject(chosen);
        if (object !== null) recorder.touch(object, nextAccess(chosen));
      }
      if (chosen instanceof ControlledTimer) {
        this.fire(chosen);
        continue;
      }
      const task = chosen as Task;
      if (task.firstEffect !== null) {
        this.takeEffect(task);
        continue;
      }
      if (task.due !== Number.POSITIVE_INFINITY) this.timed();
      if (task.due !== Number.POSITIVE_INFINITY && task.due > this.clock && !task.op!.enabled(task)) this.moveClock(task.due);
      this.running = task;
      const result = task.op!.perform(task);
      if (result === AGAIN) continue;
      task.op = null;
      if (task === self && this.steps < this.turnAt) return result;
      return this.handOver(self, task, result);
    }
  }

  private handOver(self: Task | null, task: Task, result: unknown): unknown {
    let stopped: unknown;
    if (self !== null) {
      stopped = resumable(self);
    }
    const resume = task.resume;
    if (resume === null) {
      if (this.nestedStarts < NESTED_STARTS_MAX) void this.start(task);
      else queueMicrotask(() => void this.start(task));
    } else {
      task.resume = null;
      if (this.steps < this.turnAt) resume(result);
      else {
        this.turnAt = this.steps + STEPS_PER_TURN;
        setImmediate(resume, result);
      }
    }
    return stopped;
  }

  private abandon(outcome: ControlledOutcome): Promise<never> {
    this.done(outcome);
    return never();
  }

  private fire(timer: ControlledTimer): void {
    removeTimer(this.timers, timer);
    if (timer.due > this.clock) this.moveClock(timer.due);
    this.running = null;
    timer.fire();
  }

  private moveClock(to: number): void {
    this.clock = to;
    this.touch(CLOCK, Access.WRITE);
  }

  private takeEffect(task: Task): void {
    const effect = task.firstEffect!;
    task.firstEffect = effect.nextEffect;
    effect.nextEffect = null;
    effect.takeEffect(task);
    if (task.firstEffect !== null) return;
    if (task.due !== Number.POSITIVE_INFINITY) this.timed();
    if (task.ended) removeTask(this.live, task);
    else if (task.op?.blocked !== undefined && !task.op.enabled(task)) task.op.blocked(task);
  }

  private async start(task: Task): Promise<void> {
    const body = task.body!;
    task.body = null;
    this.nestedStarts++;
    let ending: Promise<void>;
    try {
      ending = body(task);
    } catch (error) {
      ending = Promise.reject(error);
    }
    this.nestedStarts--;
    let failure: unknown;
    try {
      await ending;
    } catch (error) {
      failure = error ?? new Error('thrown without a value');
    }
    this.end(task, failure);
  }

  private end(task: Task, error: unknown): void {
    if (task !== this.running || task.op !== null) {
      this.fail(error ?? new Error(`task ${task.name} has ended, but its ${task.op?.opName ?? 'last operation'} was not awaited`));
    }
    this.touch(task, Access.RELEASE);
    task.ended = true;
    task.op = null;
    if (!task.daemon) this.foreground--;
    try {
      for (const listener of this.endListeners) listener(task, error);
    } catch (thrown) {
      this.fail(thrown);
    }
    if (task.firstEffect === null) removeTask(this.live, task);
    void this.next(null);
  }
}
