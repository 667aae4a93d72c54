/**
 * What zcrypt knows of a card (struct zcrypt_card: drivers/s390/crypto/zcrypt_card.c).
 */
import { ENODEV, OK, type Errno } from '../../base/errno.ts';
import { Access } from '../../runtime/access.ts';
import type { Task } from '../../runtime/task.ts';
import {
  cardTypeText,
  modulusLimits,
  speedWeights,
  type CardMode,
  type Generation,
  type SpeedWeights,
} from '../../crypto-adapters/card-type.ts';
import type { AttributeDef } from '../../driver-core/attribute.ts';
import type { ApCard } from '../ap-card.ts';
import { Load, loadAttribute } from './load.ts';
import { isBroken, onlineAttribute, sendOnline, type Switchable } from './online.ts';
import type { ZcryptCore } from './zcrypt-core.ts';
import type { ZcryptQueue } from './zcrypt-queue.ts';

export class ZcryptCard implements Switchable {
  readonly card: ApCard;
  readonly mode: CardMode;
  /** `CEX8C`. */
  readonly type: string;
  /** What the status ioctls call it. */
  readonly userSpaceType: number;
  readonly weights: SpeedWeights;
  /** Lengths of an RSA modulus, bytes. */
  readonly modulus: ReturnType<typeof modulusLimits>;
  readonly load: Load;
  /** In the order of registration; changed under the lock of the list. */
  readonly queues = new Set<ZcryptQueue>();
  private readonly core: ZcryptCore;
  private wanted = true;

  constructor(core: ZcryptCore, card: ApCard, kind: { generation: Generation; mode: CardMode }) {
    this.core = core;
    this.card = card;
    this.mode = kind.mode;
    this.type = cardTypeText(kind);
    this.userSpaceType = userSpaceType(kind);
    this.weights = speedWeights(kind);
    this.modulus = modulusLimits({ mode: kind.mode, functions: card.functions });
    this.load = new Load(core.layer.rt);
  }

  /** As the user wants it. */
  get online(): boolean {
    this.core.layer.rt.touch(this, Access.READ);
    return this.wanted;
  }

  /** Can it be given requests? */
  get shownOnline(): boolean {
    return this.online && !isBroken(this.core.options, this.card);
  }

  obstacle(): Errno {
    return isBroken(this.core.options, this.card) ? ENODEV : OK;
  }

  /** All queues follow; those that are switched off have ended their requests with -EAGAIN before anybody is told of them. */
  async switchOnline(task: Task, online: boolean): Promise<void> {
    const { core, queues } = this;
    core.layer.rt.touch(this, Access.WRITE);
    this.wanted = online;
    sendOnline(core.bus, this.card.device, online);
    const changed: ZcryptQueue[] = [];
    {
      using _list = await core.listLock.acquire(task);
      for (const queue of queues) if (await queue.force(task, online)) changed.push(queue);
    }
    for (const { it } of changed) sendOnline(core.bus, it.device, online);
  }
}

const COPROCESSOR_TYPE = 7;

/** Accelerators and EP11 coprocessors have a number each up to CEX6, whose the newer ones share; CCA coprocessors are what CEX2C was. */
const userSpaceType = ({ generation, mode }: { generation: Generation; mode: CardMode }): number =>
  mode === 'C' ? COPROCESSOR_TYPE : Math.min(generation, 6) + 6;

export const ZCRYPT_CARD_ATTRIBUTES: readonly AttributeDef<ZcryptCard>[] = [
  { name: 'type', mode: 0o444, show: (_task, zcrypt) => `${zcrypt.type}\n` },
  onlineAttribute(),
  loadAttribute(),
];
