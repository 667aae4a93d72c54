/**
 * The files of every card (the attributes of drivers/s390/crypto/ap_card.c).
 */
import { EINVAL, OK } from '../base/errno.ts';
import { scanInteger } from '../base/kernel-text.ts';
import type { ApQueue } from '../ap-driver/ap-queue.ts';
import type { AttributeDef } from '../driver-core/attribute.ts';
import type { ApCard } from './ap-card.ts';

function sumOf(card: ApCard, count: (queue: ApQueue) => number): number {
  let sum = 0;
  for (const queue of card.port.activeQueues(card.id)) sum += count(queue);
  return sum;
}

export const CARD_ATTRIBUTES: readonly AttributeDef<ApCard>[] = [
  { name: 'hwtype', mode: 0o444, show: (_task, card) => `${card.hwtype}\n` },
  { name: 'raw_hwtype', mode: 0o444, show: (_task, card) => `${card.rawType}\n` },
  { name: 'depth', mode: 0o444, show: (_task, card) => `${card.depth - (card.port.kernel.depthMinusOne ? 1 : 0)}\n` },
  { name: 'ap_functions', mode: 0o444, show: (_task, card) => functionText(card.functions) },
  { name: 'modalias', mode: 0o444, show: (_task, card) => `${modalias(card)}\n` },
  { name: 'chkstop', mode: 0o444, show: (_task, card) => `${card.chkstop ? 1 : 0}\n` },
  { name: 'max_msg_size', mode: 0o444, show: (_task, card) => `${card.maxMsgSize}\n` },
  { name: 'requestq_count', mode: 0o444, show: (_task, card) => `${sumOf(card, (queue) => queue.requestqCount)}\n` },
  { name: 'pendingq_count', mode: 0o444, show: (_task, card) => `${sumOf(card, (queue) => queue.pendingqCount)}\n` },
  {
    name: 'request_count',
    mode: 0o644,
    show: (_task, card) => `${card.pastRequests + sumOf(card, (queue) => queue.totalRequests)}\n`,
    store(_task, card) {
      card.pastRequests = 0;
      card.port.clearRequestCounts(card.id);
      return OK;
    },
  },
  {
    name: 'config',
    mode: 0o644,
    show: (_task, card) => `${card.config ? 1 : 0}\n`,
    store(task, card, text) {
      const value = scanInteger(text);
      return value === 0 || value === 1 ? card.port.configure(task, card, value === 1) : EINVAL;
    },
  },
];

/** `0x92000000`, with the newline. */
export const functionText = (functions: number): string => `0x${hex(functions, 8)}\n`;

/** `ap:t0E`. */
const modalias = (card: ApCard): string => `ap:t${hex(card.hwtype, 2)}`;

/** What udev is told about a card in each uevent. */
export function cardVariables(card: ApCard): Record<string, string> {
  const env = { DEV_TYPE: hex(card.hwtype, 4), MODALIAS: modalias(card) };
  return card.modeText === null ? env : { ...env, MODE: card.modeText };
}

const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, '0');
