/**
 * The part of a queue that changes while it is used: messages, interrupts, running timers. It is thrown away as a whole by a reset,
 * and a timer that still finds another one in its place knows that it has nothing to do any more.
 */
import type { ApMask } from '../base/ap-mask.ts';
import type { Timer } from '../runtime/runtime.ts';
import type { InterruptTarget, NotificationByte } from './interrupts.ts';

export interface Pending {
  readonly psmid: bigint;
  readonly message: Uint8Array;
  /** Domains whose administration it may ask for, where the reply has to tell; else null. */
  readonly controls: ApMask | null;
}

export interface Reply {
  readonly psmid: bigint;
  readonly bytes: Uint8Array;
  /** Bytes already handed out by partial DQAPs. */
  read: number;
}

export interface Irq {
  readonly isc: number;
  readonly target: InterruptTarget;
  readonly nib: NotificationByte;
}

export class QueueWork {
  /** The first one is being served. */
  readonly pending: Pending[] = [];
  readonly replies: Reply[] = [];
  irq: Irq | null = null;
  /** A message was accepted since the last reset. */
  sent = false;
  serving: Timer | null = null;
  /** An AQIC is still taking effect. */
  irqChange: Timer | null = null;
  resetting: Timer | null = null;

  get outstanding(): number {
    return this.pending.length + this.replies.length;
  }

  cancelTimers(): void {
    this.serving?.cancel();
    this.irqChange?.cancel();
    this.resetting?.cancel();
  }
}
