/**
 * A timer of the controlled runtime (kernel: struct timer_list): it fires when the strategy picks it, which moves the clock to its time.
 */
import type { Timer } from './runtime.ts';
import type { Runnable } from './strategy.ts';

export interface TimerParts {
  readonly name: string;
  readonly due: number;
  readonly fire: () => void;
  readonly clock: TimedBy;
}

/** Is told when the order of a timer relative to the clock begins or ceases to matter. */
interface TimedBy {
  timed(): void;
}

export class ControlledTimer implements Timer, Runnable {
  readonly id: number;
  readonly name: string;
  readonly due: number;
  readonly fire: () => void;
  private readonly owner: ControlledTimer[];
  private readonly clock: TimedBy;
  private cancelled = false;

  constructor(owner: ControlledTimer[], id: number, timer: TimerParts) {
    this.owner = owner;
    this.id = id;
    this.clock = timer.clock;
    this.name = timer.name;
    this.due = timer.due;
    this.fire = timer.fire;
  }

  /** The strategy may let it fire from now on. */
  arm(): void {
    this.clock.timed();
    if (!this.cancelled) this.owner.push(this);
  }

  cancel(): void {
    this.clock.timed();
    this.cancelled = true;
    removeTimer(this.owner, this);
  }
}

/** Armed timers are few: a list in the order in which they were armed. */
export function removeTimer(armed: ControlledTimer[], timer: ControlledTimer): void {
  const at = armed.indexOf(timer);
  if (at >= 0) armed.splice(at, 1);
}
