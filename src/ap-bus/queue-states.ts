/**
 * The files that queues have in a debug build: `states` and `last_err_rc` (CONFIG_AP_DEBUG in drivers/s390/crypto/ap_queue.c).
 */
import { Rc, rcName } from '../crypto-adapters/response-code.ts';
import type { AttributeDef } from '../driver-core/attribute.ts';
import type { ApQueueDevice } from './ap-queue-device.ts';

/** The codes that have a name there; others are shown as a number. */
const NAMED: ReadonlySet<number> = new Set([
  Rc.NORMAL,
  Rc.Q_NOT_AVAIL,
  Rc.RESET_IN_PROGRESS,
  Rc.DECONFIGURED,
  Rc.CHECKSTOPPED,
  Rc.BUSY,
  Rc.INVALID_ADDRESS,
  Rc.OTHERWISE_CHANGED,
  Rc.INDEX_TOO_BIG,
  Rc.NO_FIRST_PART,
  Rc.MESSAGE_TOO_BIG,
  Rc.REQ_FAC_NOT_INST,
]);

export const QUEUE_STATE_ATTRIBUTES: readonly AttributeDef<ApQueueDevice>[] = [
  { name: 'states', mode: 0o444, show: (_task, it) => `${statesText(it)}\n` },
  { name: 'last_err_rc', mode: 0o444, show: (_task, { queue }) => `${lastErrorText(queue?.lastErrRc ?? Rc.NORMAL)}\n` },
];

function statesText({ queue }: ApQueueDevice): string {
  if (queue === null || queue.deviceState === 'UNINITIATED') return 'UNINITIATED';
  return `${queue.deviceState} [${queue.smState === 'QUEUE_FULL' ? 'FULL' : queue.smState}]`;
}

function lastErrorText(rc: number): string {
  if (rc === Rc.Q_FULL) return 'Q_FULL/NO_PENDING_REPLY';
  return NAMED.has(rc) ? rcName(rc) : `response code ${rc}`;
}
