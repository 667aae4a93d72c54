/**
 * What zcrypt knows of a queue (struct zcrypt_queue: drivers/s390/crypto/zcrypt_queue.c).
 */
import { domainOf } from '../../base/apqn.ts';
import { EAGAIN, EINVAL, ENODEV, OK, type Errno } from '../../base/errno.ts';
import { Access } from '../../runtime/access.ts';
import type { Task } from '../../runtime/task.ts';
import type { CardMode } from '../../crypto-adapters/card-type.ts';
import type { ApQueue } from '../../ap-driver/ap-queue.ts';
import type { AttributeDef } from '../../driver-core/attribute.ts';
import type { ApQueueDevice } from '../ap-queue-device.ts';
import { Load, loadAttribute } from './load.ts';
import { isBroken, onlineAttribute, sendOnline, type Switchable } from './online.ts';
import type { ZcryptCore } from './zcrypt-core.ts';

/** The card of a queue, as far as the queue knows it. */
export interface OwningCard {
  readonly online: boolean;
  readonly mode: CardMode;
  /** Changed under the lock of the list. */
  readonly queues: Set<ZcryptQueue>;
}

export class ZcryptQueue implements Switchable {
  readonly it: ApQueueDevice;
  /** Stays valid for who has chosen it, when the driver has gone meanwhile: it takes no requests then. */
  readonly queue: ApQueue;
  readonly card: OwningCard;
  readonly load: Load;
  private readonly core: ZcryptCore;
  private wanted = true;

  constructor(core: ZcryptCore, it: ApQueueDevice, parts: { queue: ApQueue; card: OwningCard }) {
    this.core = core;
    this.it = it;
    this.queue = parts.queue;
    this.card = parts.card;
    this.load = new Load(core.layer.rt);
  }

  get domain(): number {
    return domainOf(this.it.apqn);
  }

  /** As the user wants it, until the device behind it talks nonsense. */
  get online(): boolean {
    this.core.layer.rt.touch(this, Access.READ);
    return this.wanted;
  }

  get shownOnline(): boolean {
    return this.online && !isBroken(this.core.options, this.it);
  }

  obstacle(): Errno {
    const { options } = this.core;
    if (isBroken(options, this.it) || isBroken(options, this.it.card)) return ENODEV;
    return this.card.online ? OK : EINVAL;
  }

  async switchOnline(task: Task, online: boolean): Promise<void> {
    this.set(online);
    sendOnline(this.core.bus, this.it.device, online);
    if (!online) await this.queue.flush(task, EAGAIN);
  }

  /** The card switches it, under the lock of the list; true when that changes something. */
  async force(task: Task, online: boolean): Promise<boolean> {
    if (this.online === online) return false;
    this.set(online);
    if (!online) await this.queue.flush(task, EAGAIN);
    return true;
  }

  /** A reply made no sense: nothing more is sent, what is under way stays. */
  giveUp(): void {
    this.set(false);
    sendOnline(this.core.bus, this.it.device, false);
  }

  private set(online: boolean): void {
    this.core.layer.rt.touch(this, Access.WRITE);
    this.wanted = online;
  }
}

export const ZCRYPT_QUEUE_ATTRIBUTES: readonly AttributeDef<ZcryptQueue>[] = [onlineAttribute(), loadAttribute()];
