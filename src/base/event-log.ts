/**
 * The ordered log of what happened in a run: hot plug, resets, interrupts, attach and detach, uevents, findings.
 * Typed events over eventemitter3; time is the clock of the runtime, so a controlled run writes the same log for the same seed.
 */
import { EventEmitter } from 'eventemitter3';

export type EventValue = string | number | boolean | null | readonly (string | number)[];

export type EventData = Readonly<Record<string, EventValue>>;

export interface LogEvent {
  /** Position in the log, from 0. */
  readonly seq: number;
  /** Milliseconds of the runtime's clock. */
  readonly t: number;
  /** `ap.uevent`, `mdev.assign`, `guest.lost-queue` ...: area, dot, what. */
  readonly kind: string;
  /** The task that did it, or the hardware. */
  readonly by: string;
  readonly data: EventData;
}

export class EventLog {
  private readonly emitter = new EventEmitter<{ event: (event: LogEvent) => void }>();
  private listening = 0;
  private readonly now: () => number;
  private readonly keep: number;
  private next = 0;
  /** At least the newest `keep` events (at most twice as many), oldest first. */
  readonly events: LogEvent[] = [];

  /**
   * `keep` bounds the memory of a long run (default 10,000 events); listeners see all of them. With 0, and without listeners, events are
   * counted only.
   */
  constructor(now: () => number, keep = 10_000) {
    this.now = now;
    this.keep = keep;
  }

  /** Data that are costly to word may come as a function: it is called when somebody will see them. */
  emit(kind: string, by: string, data: EventData | (() => EventData) = {}): void {
    const seq = this.next++;
    if (this.keep === 0 && this.listening === 0) return;
    const event: LogEvent = { seq, t: this.now(), kind, by, data: typeof data === 'function' ? data() : data };
    if (this.keep > 0) this.events.push(event);
    if (this.events.length > this.keep * 2) this.events.splice(0, this.events.length - this.keep);
    this.emitter.emit('event', event);
  }

  /** Answers the function that unsubscribes. */
  onEvent(listener: (event: LogEvent) => void): () => void {
    this.emitter.on('event', listener);
    this.listening = this.emitter.listenerCount('event');
    return () => {
      this.emitter.off('event', listener);
      this.listening = this.emitter.listenerCount('event');
    };
  }

  get count(): number {
    return this.next;
  }
}

/** One line of NDJSON, fields in a fixed order. */
export function eventLine(event: LogEvent): string {
  return `${JSON.stringify({ seq: event.seq, t: Math.round(event.t * 1000) / 1000, kind: event.kind, by: event.by, ...event.data })}\n`;
}
