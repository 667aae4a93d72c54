/**
 * The AP queue status word (struct ap_queue_status in arch/s390/include/asm/ap.h): the low word of GR1 after an AP instruction.
 */
export interface ApStatus {
  /** Neither a request nor a reply is in the queue. */
  readonly queueEmpty: boolean;
  readonly repliesWaiting: boolean;
  readonly queueFull: boolean;
  /** The response code was found asynchronously, it does not belong to this instruction. */
  readonly asyncError: boolean;
  readonly irqEnabled: boolean;
  /** One of `Rc`. */
  readonly rc: number;
}

const EMPTY = 0x80000000;
const REPLIES = 0x40000000;
const FULL = 0x20000000;
const ASYNC = 0x02000000;
const IRQ = 0x01000000;

/** The unsigned 32-bit word. */
export function encodeStatus(status: ApStatus): number {
  let word = (status.rc & 0xff) << 16;
  if (status.queueEmpty) word |= EMPTY;
  if (status.repliesWaiting) word |= REPLIES;
  if (status.queueFull) word |= FULL;
  if (status.asyncError) word |= ASYNC;
  if (status.irqEnabled) word |= IRQ;
  return word >>> 0;
}

export function decodeStatus(word: number): ApStatus {
  return {
    queueEmpty: (word & EMPTY) !== 0,
    repliesWaiting: (word & REPLIES) !== 0,
    queueFull: (word & FULL) !== 0,
    asyncError: (word & ASYNC) !== 0,
    irqEnabled: (word & IRQ) !== 0,
    rc: (word >>> 16) & 0xff,
  };
}

/** 0 for a normal end, else 3. A partial DQAP (rc 0xFF) is no architected status: whoever executes DQAP sets its cc 1 or 2 itself. */
export function conditionCode(status: ApStatus): 0 | 3 {
  return status.rc === 0 ? 0 : 3;
}

/** A status that says nothing about the queue but its response code, such as Q_NOT_AVAIL. */
export function bareStatus(rc: number): ApStatus {
  return { queueEmpty: false, repliesWaiting: false, queueFull: false, asyncError: false, irqEnabled: false, rc };
}
