/**
 * The files of every queue (the attributes of drivers/s390/crypto/ap_queue.c). A queue without a state machine is UNINITIATED.
 */
import { EIO, OK } from '../base/errno.ts';
import { Rc } from '../crypto-adapters/response-code.ts';
import type { AttributeDef } from '../driver-core/attribute.ts';
import type { ApQueueDevice } from './ap-queue-device.ts';
import { functionText } from './card-attributes.ts';
import { QUEUE_STATE_ATTRIBUTES } from './queue-states.ts';
import { SECURE_BINDING_ATTRIBUTES } from './secure-binding.ts';

const QUEUE_ATTRIBUTES: readonly AttributeDef<ApQueueDevice>[] = [
  { name: 'config', mode: 0o444, show: (_task, it) => `${it.config ? 1 : 0}\n` },
  { name: 'chkstop', mode: 0o444, show: (_task, it) => `${it.chkstop ? 1 : 0}\n` },
  { name: 'requestq_count', mode: 0o444, show: (_task, { queue }) => `${queue?.requestqCount ?? 0}\n` },
  { name: 'pendingq_count', mode: 0o444, show: (_task, { queue }) => `${queue?.pendingqCount ?? 0}\n` },
  {
    name: 'request_count',
    mode: 0o644,
    show: (_task, { queue, totalRequests }) => (queue === null ? '-\n' : `${totalRequests}\n`),
    store(_task, it) {
      it.pastRequests = 0;
      // The card goes on counting what its queue forgets.
      it.card.pastRequests += it.queue?.totalRequests ?? 0;
      it.queue?.clearTotalRequests();
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

const OVERRIDE_ATTRIBUTES: readonly AttributeDef<ApQueueDevice>[] = [
  {
    name: 'driver_override',
    mode: 0o644,
    show: (task, it) => it.overrides.show(task, it),
    store: (task, it, text) => it.overrides.store(task, it, text),
  },
];

/** Which files queues have beside those of every queue. */
export interface QueueFiles {
  readonly driverOverride: boolean;
  /** A debug build. */
  readonly states: boolean;
  /** A guest with Secure Execution whose machine can bind queues. */
  readonly secureBinding: boolean;
}

const groups = new Map<string, readonly AttributeDef<ApQueueDevice>[]>();

/** One list for all queues that have the same files. */
export function queueAttributes(files: QueueFiles): readonly AttributeDef<ApQueueDevice>[] {
  const { driverOverride, states, secureBinding } = files;
  const key = [driverOverride, states, secureBinding].join();
  let group = groups.get(key);
  if (group === undefined) {
    group = [
      ...QUEUE_ATTRIBUTES,
      ...(driverOverride ? OVERRIDE_ATTRIBUTES : []),
      ...(states ? QUEUE_STATE_ATTRIBUTES : []),
      ...(secureBinding ? SECURE_BINDING_ATTRIBUTES : []),
    ];
    groups.set(key, group);
  }
  return group;
}

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
