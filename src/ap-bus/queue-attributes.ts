/**
 * The files of every queue (the attributes of drivers/s390/crypto/ap_queue.c). A queue without a state machine is UNINITIATED.
 */
import { EIO, OK } from '../base/errno.ts';
import { Rc } from '../crypto-adapters/response-code.ts';
import type { AttributeDef } from '../driver-core/attribute.ts';
import type { ApQueueDevice } from './ap-queue-device.ts';
import { functionText } from './card-attributes.ts';

export const QUEUE_ATTRIBUTES: readonly AttributeDef<ApQueueDevice>[] = [
  { name: 'config', mode: 0o444, show: (_task, it) => `${it.config ? 1 : 0}\n` },
  { name: 'chkstop', mode: 0o444, show: (_task, it) => `${it.chkstop ? 1 : 0}\n` },
  { name: 'requestq_count', mode: 0o444, show: (_task, { queue }) => `${queue?.requestqCount ?? 0}\n` },
  { name: 'pendingq_count', mode: 0o444, show: (_task, { queue }) => `${queue?.pendingqCount ?? 0}\n` },
  {
    name: 'request_count',
    mode: 0o644,
    show: (_task, { queue }) => `${queue?.totalRequests ?? '-'}\n`,
    store(_task, { queue, card }) {
      if (queue === null) return OK;
      // The card goes on counting what its queue forgets.
      card.pastRequests += queue.totalRequests;
      queue.clearTotalRequests();
      return OK;
    },
  },
  {
    name: 'reset',
    mode: 0o644,
    show: (_task, it) => `${resetText(it)}\n`,
    async store(task, { queue }) {
      if (queue !== null) await queue.reset(task);
      return OK;
    },
  },
  {
    name: 'interrupt',
    mode: 0o444,
    async show(task, { queue, card, apqn }) {
      if (queue?.smState === 'SETIRQ_WAIT') return 'Enable Interrupt pending.\n';
      const { status } = await card.port.instructions.tapq(task, apqn);
      return status.irqEnabled ? 'Interrupts enabled.\n' : 'Interrupts disabled.\n';
    },
  },
  {
    name: 'ap_functions',
    mode: 0o444,
    async show(task, { card, apqn }) {
      const { status, info } = await card.port.instructions.tapq(task, apqn);
      return status.rc > Rc.BUSY ? EIO : functionText(info?.functions ?? 0);
    },
  },
];

function resetText({ queue }: ApQueueDevice): string {
  switch (queue?.smState) {
    case 'RESET_START':
    case 'RESET_WAIT':
      return 'Reset in progress.';
    case 'WORKING':
    case 'QUEUE_FULL':
      return 'Reset Timer armed.';
    default:
      return 'No Reset Timer set.';
  }
}
