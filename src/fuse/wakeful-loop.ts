/**
 * Keeps the event loop turning for a moment after an answer, so that the next request of a caller who asks in quick succession is seen
 * without going to sleep and being woken for it. Whatever else waits for the loop has its turn as ever. No kernel counterpart.
 */
import { hostNow, hostTurn } from '../runtime/host-clock.ts';

/** How long the loop turns after an answer, in milliseconds: as long as a caller needs to come back, and about what waking a core costs. */
const AWAKE_MS = 0.1;
/** A request that comes later than this after the last answer is from somebody who takes his time: it is worth no turning. */
const QUICK_MS = 1;

export interface LoopClock {
  now(): number;
  turn(): Promise<void>;
}

const HOST: LoopClock = { now: hostNow, turn: hostTurn };

export class WakefulLoop {
  private readonly clock: LoopClock;
  private answeredAt = Number.NEGATIVE_INFINITY;
  private quick = false;
  private turning = false;

  constructor(clock: LoopClock = HOST) {
    this.clock = clock;
  }

  /** A request has come. */
  asked(): void {
    this.quick = this.clock.now() - this.answeredAt <= QUICK_MS;
  }

  answered(): void {
    this.answeredAt = this.clock.now();
    if (this.quick && !this.turning) void this.turn();
  }

  private async turn(): Promise<void> {
    this.turning = true;
    while (this.clock.now() - this.answeredAt <= AWAKE_MS) await this.clock.turn();
    this.turning = false;
  }
}
