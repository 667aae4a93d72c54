/**
 * The files of a queue in a guest with Secure Execution: `se_bind` and `se_associate` (drivers/s390/crypto/ap_queue.c). A queue is bound to
 * the guest first; then a secret of the guest may be associated with it, and only then its secure keys can be used.
 */
import { EBUSY, EINVAL, EIO, ERANGE, OK, type Errno } from '../base/errno.ts';
import { parseBool, parseUnsigned } from '../base/kernel-text.ts';
import type { Task } from '../runtime/task.ts';
import { Rc } from '../crypto-adapters/response-code.ts';
import type { AttributeDef } from '../driver-core/attribute.ts';
import type { ApCard } from './ap-card.ts';
import type { ApQueueDevice } from './ap-queue-device.ts';

/** The bits 0xC000 of the function word. */
const BindState = { USABLE: 0, NO_SECURE_KEYS: 1, AVAILABLE: 2 } as const;
/** An index that means none. */
const NO_INDEX = 0x10000;
const U32_MAX = 0xffffffff;

const canBind = ({ mode }: ApCard): boolean => mode === 'P' || mode === 'A';
const canAssociate = ({ mode }: ApCard): boolean => mode === 'P';

/** What a scheduler of requests has to know of a card in such a guest; null in any other machine. */
export interface SecureExecutionUse {
  readonly supported: boolean;
  readonly needsBinding: boolean;
}

export const secureExecutionUse = (card: ApCard): SecureExecutionUse => ({ supported: canBind(card), needsBinding: canBind(card) });

/** For the state machine of a queue of this card. */
export const secureExecutionOf = (card: ApCard): { secureExecution?: SecureExecutionUse } =>
  card.port.secureBinding ? { secureExecution: secureExecutionUse(card) } : {};

/** Of AAPQ: it has begun, or is under way. */
const ACCEPTED: ReadonlySet<number> = new Set([Rc.NORMAL, Rc.STATE_CHANGE_IN_PROGRESS]);

interface Answer {
  readonly rc: number;
  readonly bindState: number;
}

async function ask(task: Task, { card, apqn }: ApQueueDevice): Promise<Answer> {
  const { status, info } = await card.port.instructions.tapq(task, apqn);
  return { rc: status.rc, bindState: ((info?.functions ?? 0) >>> 14) & 3 };
}

const isBound = (state: number): boolean => state === BindState.USABLE || state === BindState.NO_SECURE_KEYS;

async function showBind(task: Task, it: ApQueueDevice): Promise<string | Errno> {
  if (!canBind(it.card)) return '-\n';
  const { rc, bindState } = await ask(task, it);
  if (rc > Rc.BUSY) return EIO;
  return isBound(bindState) ? 'bound\n' : 'unbound\n';
}

async function storeBind(task: Task, it: ApQueueDevice, text: string): Promise<Errno> {
  const wanted = parseBool(text);
  if (!canBind(it.card) || wanted === undefined) return EINVAL;
  if (wanted) return await bind(task, it);
  await it.queue?.unbind(task);
  return OK;
}

async function bind(task: Task, it: ApQueueDevice): Promise<Errno> {
  const before = await ask(task, it);
  if (before.rc !== Rc.NORMAL) return EIO;
  if (before.bindState !== BindState.AVAILABLE) return EINVAL;
  if (it.queue === null) return EBUSY;
  return await it.queue.bind(task, async (by) => {
    const { instructions } = it.card.port;
    const status = await instructions.bapq?.(by, it.apqn);
    if (status?.rc !== Rc.NORMAL) return EIO;
    const after = await ask(by, it);
    return after.rc === Rc.NORMAL && isBound(after.bindState) ? after.bindState : EIO;
  });
}

async function showAssociate(task: Task, it: ApQueueDevice): Promise<string | Errno> {
  if (!canAssociate(it.card)) return '-\n';
  const { rc, bindState } = await ask(task, it);
  if (rc > Rc.BUSY) return EIO;
  const index = it.queue?.associationIndex ?? null;
  if (bindState === BindState.USABLE) return index === null ? EIO : `associated ${index}\n`;
  return bindState === BindState.NO_SECURE_KEYS && index !== null ? 'association pending\n' : 'unassociated\n';
}

async function storeAssociate(task: Task, it: ApQueueDevice, text: string): Promise<Errno> {
  if (!canAssociate(it.card)) return EINVAL;
  const index = parseUnsigned(text);
  if (index < 0) return index;
  if (index > U32_MAX) return ERANGE;
  if (index >= NO_INDEX) return EINVAL;
  const { rc, bindState } = await ask(task, it);
  if (rc !== Rc.NORMAL) return EIO;
  if (bindState !== BindState.NO_SECURE_KEYS) return EINVAL;
  if (it.queue === null) return EBUSY;
  return await it.queue.associate(task, index, async (by) => {
    const { instructions } = it.card.port;
    const status = await instructions.aapq?.(by, it.apqn, index);
    return status !== undefined && ACCEPTED.has(status.rc) ? OK : EIO;
  });
}

export const SECURE_BINDING_ATTRIBUTES: readonly AttributeDef<ApQueueDevice>[] = [
  { name: 'se_bind', mode: 0o644, show: showBind, store: storeBind },
  { name: 'se_associate', mode: 0o644, show: showAssociate, store: storeAssociate },
];
