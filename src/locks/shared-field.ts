/**
 * A shared field without a declared guard. Two accesses of different tasks, at least one of them a write, race when neither comes before
 * the other and no lock keeps them apart: the lock sets of Eraser, asked only of pairs that the vector clocks leave unordered (FastTrack).
 * The kernel's way to find the same: KCSAN (kernel/kcsan), which needs luck with the timing.
 */
import { Access } from '../runtime/access.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { Findings } from './finding.ts';
import type { HappensBefore, TaskClock } from './happens-before.ts';
import { keptApart, locksetOf, locksetText, type LockHold } from './lockset.ts';
import { capturePlace, type Place } from './place.ts';
import { VisibleField } from './visible-field.ts';

/** One access, kept as long as a later one may race with it: the last write, and the last read of each task since. */
interface SeenAccess {
  readonly writes: boolean;
  readonly task: Task;
  readonly clock: TaskClock;
  readonly time: number;
  readonly held: readonly LockHold[];
  /** Null unless places are kept. */
  readonly place: Place | null;
}

export interface SharedFieldHost {
  readonly rt: Runtime;
  readonly findings: Findings;
  readonly order: HappensBefore;
  /** Keep the place of every remembered access: a stack for each. */
  readonly places: boolean;
}

export class SharedField<T> extends VisibleField<T> {
  readonly opName = 'shared-field';
  private readonly host: SharedFieldHost;
  private lastWrite: SeenAccess | null = null;
  /** By the entry of the task's clock; emptied by each write. */
  private reads: (SeenAccess | undefined)[] = [];

  constructor(host: SharedFieldHost, owner: { readonly name: string }, field: { label: string; value: T }) {
    super(host.rt, owner, field);
    this.host = host;
  }

  get(task: Task): T {
    this.rt.touch(this, Access.READ);
    const clock = this.host.order.clockOf(task);
    const known = this.reads[clock.entry];
    // Nothing that others can learn of has happened since this task's last read: it says the same as that one.
    if (known?.clock === clock && known.time === clock.time) return this.value;
    const access = this.seen(task, clock, false);
    this.compare(this.lastWrite, access);
    this.reads[clock.entry] = access;
    return this.value;
  }

  set(task: Task, value: T): void {
    this.rt.touch(this, Access.WRITE);
    this.value = value;
    const clock = this.host.order.clockOf(task);
    const { lastWrite } = this;
    // As in `get`: whoever raced with this write has been told of the one before it.
    if (lastWrite?.clock === clock && lastWrite.time === clock.time) return;
    const access = this.seen(task, clock, true);
    this.compare(lastWrite, access);
    for (const read of this.reads) if (read !== undefined) this.compare(read, access);
    this.lastWrite = access;
    this.reads = [];
  }

  protected readOpenly(task: Task): T {
    return this.get(task);
  }

  protected writeOpenly(task: Task, value: T): void {
    this.set(task, value);
  }

  private seen(task: Task, clock: TaskClock, writes: boolean): SeenAccess {
    return { writes, task, clock, time: clock.time, held: locksetOf(task), place: this.host.places ? capturePlace() : null };
  }

  private compare(before: SeenAccess | null, now: SeenAccess): void {
    if (before === null || before.clock === now.clock || now.clock.knows(before.clock, before.time)) return;
    if (!keptApart(before.held, now.held)) this.report(before, now);
  }

  private report(before: SeenAccess, now: SeenAccess): void {
    const place = now.place ?? capturePlace();
    const how = (access: SeenAccess): string => `${access.writes ? 'written' : 'read'} by ${access.task.name}`;
    this.host.findings.report({
      kind: 'data-race',
      key: `data-race:${this.label}:${before.writes ? 'write' : 'read'}-${now.writes ? 'write' : 'read'}:${place[0] ?? ''}`,
      title: `${this.name} is ${how(now)} and was ${how(before)}, in no order, and no lock keeps the two apart`,
      tasks: [now.task.name, before.task.name],
      time: this.rt.now(),
      place,
      notes: [
        `${now.task.name} holds ${locksetText(now.held)}`,
        `${before.task.name} held ${locksetText(before.held)}${before.place === null ? '' : ` at ${before.place[0] ?? 'an unknown place'}`}`,
      ],
    });
  }
}
