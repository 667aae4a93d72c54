/**
 * The crypto users of the host itself, beside the guests: tasks that do one operation after another through zcrypt, verify every result,
 * and try again while cards come and go. No kernel counterpart: programs with /dev/z90crypt open.
 */
import { EAGAIN, EIO, EMSGSIZE, ENODEV, ERESTARTSYS, errnoName, type Errno } from '../base/errno.ts';
import type { EventLog } from '../base/event-log.ts';
import type { Prng } from '../base/prng.ts';
import { Access } from '../runtime/access.ts';
import type { Timer } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import { clearSignal } from '../locks/signal.ts';
import type { ZcryptFile } from '../ap-bus/zcrypt/zcrypt-file.ts';
import { GuestStatistics } from '../guest/guest-statistics.ts';
import { Patience } from '../guest/patience.ts';
import { isRefused } from './host-cca.ts';
import { drawHostOperation, type HostOperation } from './host-operation.ts';
import type { HostProgram } from './host-spec.ts';

export interface HostLoadParts {
  readonly layer: LockLayer;
  readonly events: EventLog;
  readonly programs: readonly HostProgram[];
  readonly random: Prng;
  /** Opens /dev/z90crypt. */
  readonly open: () => ZcryptFile;
  /** How long an operation pauses between its attempts, altogether; default 20 s. */
  readonly retryLimitMs?: number;
  /** Called after each operation. */
  readonly onOperation: () => void;
}

/** Users of one kind, and what they have done so far. */
export interface HostUser {
  readonly program: HostProgram;
  readonly statistics: GuestStatistics;
}

const RETRY_LIMIT_MS = 20_000;
const FIRST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 50;
/** How long an operation that is under way may take after `stop`. */
const STOP_GRACE_MS = 1000;

/**
 * What cards that come and go lead to, so that another attempt may succeed. zcrypt has tried ten times before it answers -EIO; -EMSGSIZE is
 * a reply of the wrong length; a signal that nobody meant for the operation is no reason to give it up.
 */
const TRANSIENT: ReadonlySet<Errno> = new Set([ENODEV, EAGAIN, EIO, EMSGSIZE, ERESTARTSYS]);

export class HostLoad {
  /** Of all users together. */
  readonly statistics = new GuestStatistics();
  readonly users: readonly HostUser[];
  /** Operations that the programs are going to do. */
  readonly expected: number;
  private readonly parts: HostLoadParts;
  private readonly working = new Set<Task>();
  private stopped = false;
  /** Have found no card at all at their last operation. */
  private readonly hopeless = new Set<HostUser>();
  private killer: Timer | null = null;

  constructor(parts: HostLoadParts) {
    this.parts = parts;
    this.users = parts.programs.map((program) => ({ program, statistics: new GuestStatistics() }));
    this.expected = parts.programs.reduce((sum, { tasks, operations }) => sum + tasks * operations, 0);
  }

  /** One task for each user; they end with their operations. */
  start(): Task[] {
    const { rt } = this.parts.layer;
    const tasks = this.users.flatMap((user) => {
      const { kind, tasks: count } = user.program;
      return Array.from({ length: count }, (_, i) => rt.spawn(`host/${kind}${i}`, (task) => this.run(task, user)));
    });
    for (const task of tasks) this.working.add(task);
    return tasks;
  }

  /** Callable without a task: no operation begins any more, and what does not end by itself is ended by a signal. */
  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    if (this.working.size > 0) this.killer = this.parts.layer.rt.timer('end of the users of the host', STOP_GRACE_MS, () => this.kill());
  }

  private kill(): void {
    for (const task of this.working) this.parts.layer.interrupt(null, task);
  }

  private async run(task: Task, user: HostUser): Promise<void> {
    const random = this.parts.random.fork(task.name);
    const file = this.parts.open();
    try {
      for (let n = 0; n < user.program.operations && !this.stopped; n++)
        await this.operate(task, { user, file, operation: drawHostOperation(random, user.program) });
    } finally {
      file.release();
      this.working.delete(task);
      if (this.working.size === 0) this.killer?.cancel();
    }
  }

  private async operate(task: Task, work: { user: HostUser; file: ZcryptFile; operation: HostOperation }): Promise<void> {
    const { operation, user, file } = work;
    const { layer, onOperation, retryLimitMs = RETRY_LIMIT_MS } = this.parts;
    const counts = [this.statistics, user.statistics];
    const since = layer.rt.now();
    const patience = new Patience(this.hopeless.has(user) ? 0 : retryLimitMs, () => this.stopped, STOP_GRACE_MS);
    let stalledSince: number | null = null;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      const answer = await operation.attempt(task, file);
      const refused = isRefused(answer);
      if (refused) stalledSince ??= layer.rt.now();
      const killed = this.stopped && refused && answer.errno === ERESTARTSYS;
      if (refused && !killed && TRANSIENT.has(answer.errno) && (await this.pause(task, patience, pauseMs))) {
        for (const one of counts) one.retries++;
        continue;
      }
      const now = layer.rt.now();
      for (const one of counts) one.stallMs += now - (stalledSince ?? now);
      // Users that have lost the last card for good do not wait for it again before each operation.
      if (refused && answer.errno === ENODEV) this.hopeless.add(user);
      else this.hopeless.delete(user);
      if (!refused && operation.verify(answer.output)) for (const one of counts) one.succeeded(now - since);
      // Stopped in the middle of its retries: neither done nor wrong.
      else if (refused && this.stopped && TRANSIENT.has(answer.errno)) return;
      else this.complain(task, counts, now - since, `${operation.what}: ${refused ? refusalText(answer) : 'wrong result'}`);
      onOperation();
      return;
    }
  }

  /** False when there is no time left for another attempt. */
  private async pause(task: Task, patience: Patience, ms: number): Promise<boolean> {
    const { rt } = this.parts.layer;
    // The signal has been dealt with: the operation begins anew, or is given up.
    rt.touch(task, Access.WRITE);
    clearSignal(task);
    const slice = Math.min(ms, patience.left);
    if (slice === 0) return false;
    const since = rt.now();
    await rt.sleep(task, slice);
    patience.spend(rt.now() - since, slice);
    return patience.left > 0;
  }

  private complain(task: Task, counts: readonly GuestStatistics[], ms: number, why: string): void {
    for (const one of counts) one.failed(ms, `${task.name}: ${why}`);
    this.parts.events.emit('host.operation-failed', task.name, { why });
  }
}

function refusalText({ errno, why }: { readonly errno: Errno; readonly why?: string }): string {
  const what = TRANSIENT.has(errno) ? `given up with ${errnoName(errno)}` : `refused with ${errnoName(errno)}`;
  return why === undefined ? what : `${what} (${why})`;
}
