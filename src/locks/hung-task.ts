/**
 * Hung tasks (kernel/hung_task.c): who has wanted one thing for too long. Three kinds: a task that is blocked behind others, one that
 * sleeps although nobody is left who would wake it (a lost wake-up), and tasks that keep each other from getting anywhere although all of
 * them run (a livelock). Deadlocks are found when they happen and are not repeated here.
 *
 * A livelock is a ring: each task of it has tried, or was woken, in vain for the whole limit, and the next one was in its way. A task that
 * alone tries in vain may take the refusal for an answer, so it is none.
 *
 * The watchdog arms no timer of the model: in the controlled runtime that would be one more choice and time would never stand still. It
 * looks whenever a task begins to wait or tries in vain, and in the live runtime now and then, without keeping the process alive.
 */
import { hostEvery, type HostTimer } from '../runtime/host-clock.ts';
import type { Blocker, Task } from '../runtime/task.ts';
import type { BlockedTask, Finding } from './finding.ts';
import type { LockContext, WaitWatcher } from './lock-context.ts';
import { dumpTask, waitChain, waitsBehind, type DumpSource, type WaitFacts } from './task-dump.ts';
import { countAttempt, seriesOf, type VainSeries, type Wanted } from './vain-attempts.ts';
import { blockerOf } from './wait-for.ts';

export interface HungTaskOptions {
  /**
   * Milliseconds of the runtime's clock. Default: the kernel's 120 s. Infinity: only `lastLook` reports. That is what a schedule needs that
   * moves virtual time at will, because there a task may stand still for hours with nothing in its way.
   */
  readonly limitMs?: number;
  /** A livelock needs so many attempts in vain of each task. Default 100. */
  readonly attempts?: number;
}

interface Wait {
  readonly blocker: Blocker;
  readonly since: number;
  readonly order: number;
}

const LOOKS_PER_LIMIT = 8;

export class HungTaskWatch implements WaitWatcher {
  readonly limitMs: number;
  private readonly ctx: LockContext;
  private readonly attempts: number;
  private readonly waits = new Map<Task, Wait>();
  private readonly source: DumpSource;
  private readonly timer: HostTimer | null;
  private order = 0;
  private nextLook: number;
  private nextVainLook: number;

  constructor(ctx: LockContext, options: HungTaskOptions = {}) {
    const { rt } = ctx;
    this.ctx = ctx;
    this.limitMs = options.limitMs ?? 120_000;
    this.attempts = options.attempts ?? 100;
    this.source = { rt, dep: ctx.dep, timed: ctx.stats !== null, facts: (task) => this.facts(task) };
    this.nextLook = rt.now() + this.limitMs / LOOKS_PER_LIMIT;
    this.nextVainLook = this.nextLook;
    this.timer = rt.controlled || !Number.isFinite(this.limitMs) ? null : hostEvery(this.limitMs / LOOKS_PER_LIMIT, () => this.look());
    ctx.watcher = this;
    rt.onTaskEnd((task) => this.waits.delete(task));
  }

  /** The live runtime's looks end. */
  stop(): void {
    this.timer?.stop();
  }

  waitBegins(task: Task): void {
    const blocker = blockerOf(task);
    if (blocker === null) return;
    const now = this.ctx.rt.now();
    this.waits.set(task, { blocker, since: now, order: this.order++ });
    if (now >= this.nextLook) {
      this.nextLook = now + this.limitMs / LOOKS_PER_LIMIT;
      this.look();
    }
  }

  inVain(task: Task, what: Wanted): void {
    const now = this.ctx.rt.now();
    if (isWatched(what)) this.count(task, what, now);
    // With a rhythm of its own: the task itself is awake now and would never be seen asleep.
    if (now < this.nextVainLook) return;
    this.nextVainLook = now + this.limitMs / LOOKS_PER_LIMIT;
    this.look();
  }

  /** Reports every foreground task that has waited too long. */
  look(): void {
    const now = this.ctx.rt.now();
    this.report(this.waiting().filter(({ since }) => now - since >= this.limitMs));
  }

  /** Nothing is going to happen any more: whoever waits now waits for ever, however short it has been. Answers whether there was one. */
  lastLook(): boolean {
    const waiting = this.waiting();
    this.report(waiting);
    return waiting.length > 0;
  }

  /** Everybody who holds a lock, or waits for something that others have, whoever began to wait first in front (SysRq-d). */
  dump(): BlockedTask[] {
    const order = (task: Task): number => (blockerOf(task) === null ? Number.POSITIVE_INFINITY : this.facts(task).order);
    const wanted = [...this.ctx.rt.tasks].filter((task) => task.held !== null || this.isWaiting(task));
    return wanted.toSorted((a, b) => order(a) - order(b) || a.id - b.id).map((task) => dumpTask(task, this.source));
  }

  private isWaiting(task: Task): boolean {
    const blocker = blockerOf(task);
    return blocker !== null && isWatched(blocker);
  }

  private count(task: Task, what: Wanted, now: number): void {
    const wait = this.waits.get(task);
    const since = wait !== undefined && wait.blocker === what ? wait.since : now;
    const series = countAttempt(task, what, { since, now });
    if (this.isStuck(series)) this.checkLivelock(task);
  }

  /** Longest first. */
  private waiting(): { task: Task; since: number }[] {
    const waiting: { task: Task; since: number }[] = [];
    for (const task of this.ctx.rt.tasks) {
      if (task.daemon || task.due !== Number.POSITIVE_INFINITY) continue;
      const blocker = blockerOf(task);
      if (blocker === null || !isWatched(blocker)) continue;
      waiting.push({ task, since: this.sinceOf(task, blocker) });
    }
    return waiting.toSorted((a, b) => a.since - b.since);
  }

  private sinceOf(task: Task, blocker: Blocker): number {
    let wait = this.waits.get(task);
    // It waited before anybody looked.
    if (wait?.blocker !== blocker) this.waits.set(task, (wait = { blocker, since: this.ctx.rt.now(), order: this.order++ }));
    return Math.min(wait.since, seriesOf(task)?.get(blocker)?.since ?? wait.since);
  }

  private facts(task: Task): WaitFacts {
    const blocker = blockerOf(task);
    const wait = this.waits.get(task);
    const order = wait?.order ?? Number.POSITIVE_INFINITY;
    if (blocker === null) return { since: null, order, series: this.stuckSeries(task) };
    return { since: wait?.blocker === blocker ? wait.since : null, order, series: seriesOf(task)?.get(blocker) ?? null };
  }

  /** One finding for each end of a chain, with the one who has waited longest for it. */
  private report(hung: readonly { task: Task; since: number }[]): void {
    if (hung.length === 0) return;
    const ends = new Map<string, { chain: Task[]; since: number }>();
    for (const { task, since } of hung) {
      const chain = waitChain(task, this.source);
      const key = endKey(chain, this.source);
      if (!ends.has(key) && !this.isKnownDeadlock(chain)) ends.set(key, { chain, since });
    }
    const keys = this.waiting().map(({ task }) => ({ task, key: endKey(waitChain(task, this.source), this.source) }));
    for (const [key, { chain, since }] of ends) {
      const more = keys.filter((other) => other.key === key).map(({ task }) => task);
      this.ctx.findings.report(this.finding(key, chain, { since, more }));
    }
  }

  private finding(key: string, chain: readonly Task[], { since, more }: { since: number; more: readonly Task[] }): Finding {
    const now = this.ctx.rt.now();
    const blocked = chain.map((task) => dumpTask(task, this.source));
    const [waiter] = blocked;
    const waited = `${((now - since) / 1000).toFixed(3)} s`;
    const others = more.filter((task) => !chain.includes(task)).map(({ name }) => name);
    return {
      kind: 'hung-task',
      key,
      title: `${waiter!.task} has been waiting for ${waiter!.waitsFor} for ${waited}`,
      tasks: chain.map(({ name }) => name),
      time: now,
      blocked,
      bystanders: this.bystanders(chain),
      notes: [...endNotes(chain, this.source), ...(others.length === 0 ? [] : [`behind the same end wait also: ${others.join(', ')}`])],
    };
  }

  private bystanders(chain: readonly Task[]): BlockedTask[] {
    const others = [...this.ctx.rt.tasks].filter((task) => task.held !== null && !chain.includes(task));
    return others.toSorted((a, b) => a.id - b.id).map((task) => dumpTask(task, this.source));
  }

  private isKnownDeadlock(chain: readonly Task[]): boolean {
    const names = new Set(chain.map(({ name }) => name));
    return this.ctx.findings.list.some(({ kind, tasks }) => kind === 'deadlock' && tasks.some((name) => names.has(name)));
  }

  private isStuck(series: VainSeries): boolean {
    const now = this.ctx.rt.now();
    return series.count >= this.attempts && now - series.since >= this.limitMs && now - series.last < this.limitMs;
  }

  private stuckSeries(task: Task): VainSeries | null {
    for (const series of seriesOf(task)?.values() ?? []) if (this.isStuck(series)) return series;
    return null;
  }

  private checkLivelock(start: Task): void {
    const ring = this.ringThrough(start);
    if (ring === null || ring.every((task) => task.daemon)) return;
    const blocked = ring.map((task) => dumpTask(task, this.source));
    const names = ring.map(({ name }) => name);
    const what = blocked.map(({ task, waitsFor, detail }) => `${task} for ${waitsFor} (${detail!.attempts} attempts)`);
    this.ctx.findings.report({
      kind: 'hung-task',
      key: `livelock:${names.toSorted().join(',')}`,
      title: `livelock of ${names.length} tasks, all of them running and each in the way of another: ${what.join(', ')}`,
      tasks: names,
      time: this.ctx.rt.now(),
      blocked,
      bystanders: this.bystanders(ring),
    });
  }

  private ringThrough(start: Task): Task[] | null {
    const path: Task[] = [];
    const done = new Set<Task>();
    const visit = (task: Task): boolean => {
      if (task === start && path.length > 0) return true;
      if (done.has(task)) return false;
      done.add(task);
      path.push(task);
      if (waitsBehind(task, this.facts(task)).some(visit)) return true;
      path.pop();
      return false;
    };
    return visit(start) ? path : null;
  }
}

/** Waits of the lock layer, but for those that may take as long as they like. The end of a task is waited for as long as it lives. */
function isWatched(blocker: Blocker): boolean {
  const { cls, map } = blocker as { cls?: { idle: boolean }; map?: { readonly cls: { idle: boolean } } };
  const found = cls ?? map?.cls;
  return found !== undefined && !found.idle;
}

const endsOf = (chain: readonly Task[], source: DumpSource): Task[] =>
  chain.filter((task) => waitsBehind(task, source.facts(task)).length === 0);

/** Everybody who waits for the same end has one finding. */
function endKey(chain: readonly Task[], source: DumpSource): string {
  const ends = endsOf(chain, source).map((task) => `${task.name}:${blockerOf(task)?.name ?? ''}`);
  return `hung-task:${
    ends.length === 0
      ? chain
          .map(({ name }) => name)
          .toSorted()
          .join(',')
      : ends.toSorted().join(',')
  }`;
}

function endNotes(chain: readonly Task[], source: DumpSource): string[] {
  return endsOf(chain, source).map((task) => {
    const blocker = blockerOf(task);
    if (blocker === null) {
      return `the chain ends at ${task.name}, which waits for nothing that is known here${task.held === null ? '' : ' and keeps what it holds'}`;
    }
    return `the chain ends at ${task.name}: it waits for ${blocker.name}, which nobody is known to hold; a wake-up was lost, or has to come from outside`;
  });
}
