/**
 * How many steps each task makes at each object, learnt from the runs so far, for SURW. Objects are made anew in each run and known again by
 * their names.
 */
import type { Runnable } from '../../runtime/strategy.ts';
import { Task } from '../../runtime/task.ts';

export class TaskObjects {
  /** By the number of the object: of one run, the most seen. */
  readonly most: number[] = [];
  /** In the run under way. */
  made: number[] = [];
  run = 0;
}

/** Of steps that nobody else sees, or that concern a task itself: its start, its end. */
const NOBODYS = 0;
const SHARED = -1;

export class ObjectCounts {
  /** Numbers of the objects that two tasks or more came to. */
  readonly shared: number[] = [];
  private readonly known = new Map<number | string, TaskObjects>();
  private readonly numbers = new Map<string, number>();
  /** By number: the only one that came to it, or SHARED. */
  private readonly users: (TaskObjects | typeof SHARED | undefined)[] = [];
  private ofRun = new Map<object, number>();
  private run = 0;

  begin(): void {
    this.ofRun = new Map();
    this.run++;
  }

  numberOf(object: object | null): number {
    if (object === null || object instanceof Task) return NOBODYS;
    let number = this.ofRun.get(object);
    if (number === undefined) this.ofRun.set(object, (number = this.register(object)));
    return number;
  }

  of(who: Runnable): TaskObjects {
    const key = who instanceof Task ? who.key : who.name;
    let objects = this.known.get(key);
    if (objects === undefined) this.known.set(key, (objects = new TaskObjects()));
    if (objects.run !== this.run) {
      objects.run = this.run;
      objects.made = [];
    }
    return objects;
  }

  /** The run is over: its counts are taken over where they are higher. */
  ended(): void {
    for (const objects of this.known.values()) {
      if (objects.run !== this.run) continue;
      const { made, most } = objects;
      for (let number = NOBODYS + 1; number < made.length; number++) {
        const count = made[number] ?? 0;
        if (count <= (most[number] ?? 0)) continue;
        most[number] = count;
        this.use(number, objects);
      }
    }
  }

  private register(object: object): number {
    const { name } = object as { name?: unknown };
    if (typeof name !== 'string') return NOBODYS;
    let number = this.numbers.get(name);
    if (number === undefined) this.numbers.set(name, (number = this.numbers.size + 1));
    return number;
  }

  private use(number: number, by: TaskObjects): void {
    const user = this.users[number];
    if (user === SHARED || user === by) return;
    this.users[number] = user === undefined ? by : SHARED;
    if (user !== undefined) this.shared.push(number);
  }
}
