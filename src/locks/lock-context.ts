/**
 * What every lock of one run shares: the runtime, the validator, statistics, findings, and what to do when tasks block each other.
 */
import type { Runtime } from '../runtime/runtime.ts';
import type { Blocker, Task } from '../runtime/task.ts';
import type { Findings } from './finding.ts';
import type { HappensBefore } from './happens-before.ts';
import type { LockStatistics } from './lock-stat.ts';
import type { Lockdep } from './lockdep.ts';
import { endSeries, type Wanted } from './vain-attempts.ts';
import { deadlockFinding, waitCycle } from './wait-for.ts';

/** Told of waits and of attempts that fail: the watchdog. */
export interface WaitWatcher {
  waitBegins(task: Task): void;
  inVain(task: Task, what: Wanted): void;
}

export class LockContext {
  readonly rt: Runtime;
  readonly findings: Findings;
  readonly dep: Lockdep | null;
  readonly stats: LockStatistics | null;
  /** Learns what comes before what, once a shared field without a guard exists. */
  order: HappensBefore | null = null;
  watcher: WaitWatcher | null = null;
  /** Told about each actual deadlock, after it was reported. */
  onDeadlock: () => void = () => undefined;
  /** Told whenever a task begins to wait, for the live runtime. */
  onBlock: () => void = () => undefined;
  private readonly waitFor: boolean;

  constructor(rt: Runtime, parts: { findings: Findings; dep: Lockdep | null; stats: LockStatistics | null; waitFor: boolean }) {
    this.rt = rt;
    this.findings = parts.findings;
    this.dep = parts.dep;
    this.stats = parts.stats;
    this.waitFor = parts.waitFor;
  }

  /** The task stops behind `blocker` (live runtime): recorded before it enters any queue, checked for a cycle at once. */
  block(task: Task, blocker: Blocker): void {
    task.blockedOn = blocker;
    this.blocked(task);
  }

  /** The same for a wait that is not ours: the runtime's join. */
  blocked(task: Task): void {
    this.checkCycle(task);
    this.onBlock();
  }

  unblock(task: Task): void {
    task.blockedOn = null;
  }

  /** The task has what it wanted. */
  got(task: Task, what: object): void {
    if (task.wants !== null) endSeries(task, what);
  }

  /** Reports the wait-for cycle that `task` closes, if there is one. The tasks stay blocked, as the kernel would leave them. */
  checkCycle(task: Task): void {
    this.watcher?.waitBegins(task);
    if (!this.waitFor) return;
    const cycle = waitCycle(task);
    if (cycle === null) return;
    this.findings.report(deadlockFinding(cycle, this.rt.now()));
    this.onDeadlock();
  }
}
