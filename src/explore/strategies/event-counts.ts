/**
 * How many steps each task makes, learnt from the runs so far: what URW and SURW weigh tasks by. A task is known again by its key, which no
 * schedule changes; a timer by its name, which it may share with others.
 */
import type { Runnable } from '../../runtime/strategy.ts';
import { Task } from '../../runtime/task.ts';
import { slotOf } from './slots.ts';

export class TaskEvents {
  /** Of one run, the most seen; 0 before the end of the first one. */
  own = 0;
  /** With those of the tasks that it spawns. */
  total = 0;
  /** In the run under way. */
  made = 0;
  /** Of `total`, in the run under way: less what was made, and what spawned tasks have taken over. */
  left = 0;
  /** The run in which `made` and `left` were set. */
  run = 0;
  readonly children: TaskEvents[] = [];
}

export class EventCounts {
  private readonly known = new Map<number | string, TaskEvents>();
  private readonly roots: TaskEvents[] = [];
  private bySlot: (TaskEvents | undefined)[] = [];
  private run = 0;

  begin(): void {
    this.bySlot = [];
    this.run++;
  }

  /** `by`: whoever made the last step, and so has spawned it if it is new. */
  of(who: Runnable, by: Runnable | null): TaskEvents {
    return (this.bySlot[slotOf(who)] ??= this.enter(who, by));
  }

  /** The run is over: its counts are taken over where they are higher. */
  ended(): void {
    let grown = false;
    for (const events of this.known.values()) {
      if (events.run !== this.run || events.made <= events.own) continue;
      events.own = events.made;
      grown = true;
    }
    if (grown) for (const root of this.roots) sumUp(root);
  }

  private enter(who: Runnable, by: Runnable | null): TaskEvents {
    const key = who instanceof Task ? who.key : who.name;
    const parent = by instanceof Task && who instanceof Task ? this.bySlot[slotOf(by)] : undefined;
    let events = this.known.get(key);
    if (events === undefined) {
      events = new TaskEvents();
      this.known.set(key, events);
      (parent?.children ?? this.roots).push(events);
    }
    if (events.run === this.run) return events;
    events.run = this.run;
    events.made = 0;
    events.left = events.total;
    if (parent?.children.includes(events) === true) parent.left -= events.total;
    return events;
  }
}

function sumUp(events: TaskEvents): number {
  events.total = events.own;
  for (const child of events.children) events.total += sumUp(child);
  return events.total;
}
