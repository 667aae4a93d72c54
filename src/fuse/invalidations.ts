/**
 * Tells the kernel what to forget (fuse_reverse_inval_entry, fuse_reverse_inval_inode), in order and one at a time.
 *
 * The kernel takes the i_rwsem of the directory for it. Whoever holds that lock waits at most for an answer to LOOKUP, READDIR or an
 * operation that is refused, and these are answered without waiting for anything; so each notification ends, and a store may wait for those
 * that it caused before it returns. One at a time, because each waits in a thread of the pool, and the thread that reads requests must find
 * room there.
 */
import type { NodeRecord } from './node-table.ts';
import type { Replies } from './reply.ts';
import { Notify } from './protocol.ts';
import type { FuseTransport } from './transport.ts';

export class Invalidations {
  private readonly replies: Replies;
  private readonly transport: FuseTransport;
  private readonly waiting = new Map<string, () => Buffer>();
  private readonly listeners: { at: number; done: () => void }[] = [];
  private asked = 0;
  private written = 0;
  private running = false;
  private closed = false;

  constructor(replies: Replies, transport: FuseTransport) {
    this.replies = replies;
    this.transport = transport;
  }

  entry(parent: NodeRecord, name: string): void {
    const { replies } = this;
    this.add(`${parent.id}/${name}`, () => replies.finish(replies.invalidEntry(parent.id, name), 0n, Notify.INVAL_ENTRY));
  }

  attributes(record: NodeRecord): void {
    const { replies } = this;
    this.add(String(record.id), () => replies.finish(replies.invalidAttributes(record.id), 0n, Notify.INVAL_INODE));
  }

  /** Null when the kernel has been told everything; otherwise ends when it has been told what was asked until now. */
  settled(): Promise<void> | null {
    if (this.written === this.asked || this.closed) return null;
    const at = this.asked;
    return new Promise((resolve) => {
      this.listeners.push({ at, done: resolve });
    });
  }

  /** The connection has ended: nobody is left who could remember anything. */
  close(): void {
    this.closed = true;
    this.waiting.clear();
    for (const { done } of this.listeners.splice(0)) done();
  }

  private add(key: string, message: () => Buffer): void {
    // One that has not been written yet says the same.
    if (this.closed || this.waiting.has(key)) return;
    this.asked++;
    this.waiting.set(key, message);
    if (!this.running) void this.run();
  }

  private async run(): Promise<void> {
    this.running = true;
    for (const [key, message] of this.waiting) {
      this.waiting.delete(key);
      await this.transport.notify(message());
      this.written++;
      while (this.listeners.length > 0 && this.listeners[0]!.at <= this.written) this.listeners.shift()!.done();
    }
    this.running = false;
  }
}
