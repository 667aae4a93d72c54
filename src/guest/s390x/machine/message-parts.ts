/**
 * Messages that a guest hands over in parts: NQAP without its last-part bit keeps what it gets until the part with that bit comes. No kernel
 * counterpart: Linux always hands over whole messages.
 */
import type { Apqn } from '../../../base/apqn.ts';
import { Access } from '../../../runtime/access.ts';
import type { Runtime } from '../../../runtime/runtime.ts';

interface Parts {
  readonly psmid: bigint;
  readonly bytes: Uint8Array[];
  length: number;
}

export class MessageParts {
  readonly name: string;
  private readonly rt: Pick<Runtime, 'touch'>;
  private readonly open = new Map<Apqn, Parts>();

  constructor(owner: string, rt: Pick<Runtime, 'touch'>) {
    this.name = `${owner} message parts`;
    this.rt = rt;
  }

  /** Bytes of that message kept so far; parts of another message for the same queue do not count. */
  lengthOf(apqn: Apqn, psmid: bigint): number {
    this.rt.touch(this, Access.READ);
    const parts = this.open.get(apqn);
    return parts?.psmid === psmid ? parts.length : 0;
  }

  add(apqn: Apqn, psmid: bigint, bytes: Uint8Array): void {
    this.rt.touch(this, Access.WRITE);
    let parts = this.open.get(apqn);
    if (parts?.psmid !== psmid) this.open.set(apqn, (parts = { psmid, bytes: [], length: 0 }));
    parts.bytes.push(bytes);
    parts.length += bytes.length;
  }

  /** The message with its last part; what was kept for the queue is kept no longer. */
  complete(apqn: Apqn, psmid: bigint, last: Uint8Array): Uint8Array {
    const kept = this.lengthOf(apqn, psmid);
    if (kept === 0) {
      this.drop(apqn);
      return last;
    }
    const message = new Uint8Array(kept + last.length);
    let at = 0;
    for (const part of this.open.get(apqn)!.bytes) {
      message.set(part, at);
      at += part.length;
    }
    message.set(last, at);
    this.drop(apqn);
    return message;
  }

  /** The queue is reset, or has refused the message. */
  drop(apqn: Apqn): void {
    this.rt.touch(this, this.open.has(apqn) ? Access.WRITE : Access.READ);
    this.open.delete(apqn);
  }
}
