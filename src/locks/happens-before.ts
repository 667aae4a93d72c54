/**
 * What comes before what, whoever is scheduled when: vector clocks over spawn, join, unlock -> lock, wake -> wait, complete -> wait,
 * queue work -> run (after FastTrack; the kernel has no counterpart: KCSAN watches accesses happen at the same time). Kept only while a
 * shared field without a guard exists, and exact from then on: no event before the first access to a field can order two accesses to it.
 *
 * Where the cause of an event is not known (a spawn in the live runtime, a wake-up by the hardware), everything so far counts as its
 * cause. That can hide a race in one schedule; it never reports one that is none. Entries are reused when a task has ended, so a vector
 * is as long as there were tasks at a time, however many come and go.
 */
import type { Runtime, TaskObserver } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import { excludesAll, type LockMode } from './modes.ts';

/** Times of all entries as one task, or one lock, knows them. */
type Times = number[];

export class TaskClock {
  readonly entry: number;
  readonly times: Times;
  /** Tasks whose end this one waits for, or has waited for since it was last looked at. */
  readonly joining: Task[] = [];

  constructor(entry: number, times: Times) {
    this.entry = entry;
    this.times = times;
  }

  /** Advances with each event that others may learn of. */
  get time(): number {
    return this.times[this.entry]!;
  }

  /** Does everything this task does now come after that moment of the other one? */
  knows(other: TaskClock, time: number): boolean {
    return (this.times[other.entry] ?? 0) >= time;
  }
}

/** What those who take something from here learn: `shared` reaches only who excludes everybody. */
interface Channel {
  exclusive: Times;
  shared: Times;
}

function learn(into: Times, from: Times): void {
  for (let i = into.length; i < from.length; i++) into.push(0);
  for (let i = 0; i < from.length; i++) if (from[i]! > into[i]!) into[i] = from[i]!;
}

export class HappensBefore implements TaskObserver {
  /** The present of every entry. */
  private readonly latest: Times = [];
  private readonly unused: number[] = [];
  private readonly running = new Set<TaskClock>();
  private readonly channels = new WeakMap<object, Channel>();

  constructor(rt: Runtime) {
    if (rt.observer !== null) throw new Error('the order of events is watched already: expected one lock layer a runtime');
    rt.observer = this;
    rt.onTaskEnd((task) => this.ended(task));
  }

  /** The clock of the task at this moment. */
  clockOf(task: Task): TaskClock {
    const clock = (task.clock ??= this.newClock([])) as TaskClock;
    if (clock.joining.length > 0) {
      for (const other of clock.joining.splice(0)) learn(clock.times, this.clockOf(other).times);
    }
    return clock;
  }

  acquired(task: Task, lock: object, mode: LockMode): void {
    const clock = this.clockOf(task);
    const channel = this.channels.get(lock);
    if (channel === undefined) return;
    learn(clock.times, channel.exclusive);
    if (excludesAll(mode)) learn(clock.times, channel.shared);
  }

  released(task: Task, lock: object, mode: LockMode): void {
    const clock = this.clockOf(task);
    const channel = this.channel(lock);
    learn(excludesAll(mode) ? channel.exclusive : channel.shared, clock.times);
    this.tick(clock);
  }

  /** `by` makes something known to whoever receives it: a wake-up, a completion, work. Null: the hardware or a timer. */
  published(by: Task | null, through: object): void {
    const clock = by === null ? null : this.clockOf(by);
    learn(this.channel(through).exclusive, clock?.times ?? this.latest);
    this.advance(clock);
  }

  received(task: Task, through: object): void {
    const channel = this.channels.get(through);
    if (channel !== undefined) learn(this.clockOf(task).times, channel.exclusive);
  }

  spawned(task: Task, by: Task | null): void {
    const clock = by === null || by.ended ? null : this.clockOf(by);
    task.clock = this.newClock([...(clock?.times ?? this.latest)]);
    this.advance(clock);
  }

  joining(task: Task, other: Task): void {
    // It has ended before anything was watched: nothing that it did can matter.
    if (other.ended && other.clock === null) return;
    this.clockOf(task).joining.push(other);
  }

  woken(task: Task): void {
    learn(this.clockOf(task).times, this.latest);
    this.advance(null);
  }

  private ended(task: Task): void {
    const clock = task.clock as TaskClock | null;
    if (clock === null) return;
    this.clockOf(task);
    this.running.delete(clock);
    this.unused.push(clock.entry);
  }

  private newClock(times: Times): TaskClock {
    const entry = this.unused.pop() ?? this.latest.length;
    for (let i = times.length; i <= entry; i++) times.push(0);
    // Whoever had the entry before has ended at the time that it stands at.
    times[entry] = this.latest[entry] = (this.latest[entry] ?? 0) + 1;
    const clock = new TaskClock(entry, times);
    this.running.add(clock);
    return clock;
  }

  private channel(of: object): Channel {
    let channel = this.channels.get(of);
    if (channel === undefined) this.channels.set(of, (channel = { exclusive: [], shared: [] }));
    return channel;
  }

  /** What follows is not part of what was made known: of one task, or of all of them. */
  private advance(clock: TaskClock | null): void {
    if (clock !== null) this.tick(clock);
    else for (const each of this.running) this.tick(each);
  }

  private tick(clock: TaskClock): void {
    this.latest[clock.entry] = ++clock.times[clock.entry]!;
  }
}
