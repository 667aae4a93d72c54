/**
 * A timer of the controlled runtime (kernel: struct timer_list): it fires when the strategy picks it, which moves the clock to its time.
 */
import type { Timer } from './runtime.ts';
import type { Runnable } from './strategy.ts';

export interface TimerParts {
  readonly name: string;
  readonly due: number;
  readonly fire: () => void;
  /** Called when its order relative to the clock begins or ceases to matter. */
  readonly touched: () => void;
}

export class ControlledTimer implements Timer, Runnable {
  readonly id: number;
  readonly name: string;
  readonly due: number;
  readonly fire: () => void;
  private readonly owner: Set<ControlledTimer>;
  private readonly touched: () => void;
  private cancelled = false;

  constructor(owner: Set<ControlledTimer>, id: number, timer: TimerParts) {
    this.owner = owner;
    this.id = id;
    this.touched = timer.touched;
    this.name = timer.name;
    this.due = timer.due;
    this.fire = timer.fire;
  }

  /** The strategy may let it fire from now on. */
  arm(): void {
    if (!this.cancelled) this.owner.add(this);
  }

  cancel(): void {
    this.touched();
    this.cancelled = true;
    this.owner.delete(this);
  }
}
