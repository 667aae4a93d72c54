/**
 * The cards that zcrypt has, in the order of registration (zcrypt_card_list of drivers/s390/crypto/zcrypt_api.c).
 */
import { adapterOf, type Apqn } from '../../base/apqn.ts';
import { Access } from '../../runtime/access.ts';
import type { Task } from '../../runtime/task.ts';
import type { ZcryptCard } from './zcrypt-card.ts';
import type { ZcryptCore } from './zcrypt-core.ts';
import type { ZcryptQueue } from './zcrypt-queue.ts';

/** What a message buffer has room for before a card with a larger limit appears. */
const DEFAULT_MESSAGE_SIZE = 12 * 1024;

export class ZcryptList {
  /** Changed under the lock of the list. */
  readonly cards: ReadonlySet<ZcryptCard>;
  private readonly core: ZcryptCore;
  private readonly members = new Set<ZcryptCard>();
  private largest = DEFAULT_MESSAGE_SIZE;

  constructor(core: ZcryptCore) {
    this.core = core;
    this.cards = this.members;
  }

  /** Bytes that any message may have: the largest limit of all cards so far, at least 12 KiB. */
  get largestMessage(): number {
    this.core.layer.rt.touch(this, Access.READ);
    return this.largest;
  }

  /** Does zcrypt have the queue now? */
  has(apqn: Apqn): boolean {
    const { rt } = this.core.layer;
    rt.touch(this, Access.READ);
    for (const card of this.members) {
      if (card.card.id !== adapterOf(apqn)) continue;
      rt.touch(card, Access.READ);
      for (const { it } of card.queues) if (it.apqn === apqn) return true;
    }
    return false;
  }

  async addCard(task: Task, card: ZcryptCard): Promise<void> {
    using _list = await this.core.listLock.acquire(task);
    this.core.layer.rt.touch(this, Access.WRITE);
    this.members.add(card);
    this.largest = Math.max(this.largest, card.card.maxMsgSize);
  }

  /** Its queues may still be there: nothing is sent to them any more. */
  async removeCard(task: Task, card: ZcryptCard): Promise<void> {
    using _list = await this.core.listLock.acquire(task);
    this.core.layer.rt.touch(this, Access.WRITE);
    this.members.delete(card);
  }

  async addQueue(task: Task, queue: ZcryptQueue): Promise<void> {
    using _list = await this.core.listLock.acquire(task);
    this.core.layer.rt.touch(queue.card, Access.WRITE);
    queue.card.queues.add(queue);
  }

  /** Also off a card that has gone before it. */
  async removeQueue(task: Task, queue: ZcryptQueue): Promise<void> {
    using _list = await this.core.listLock.acquire(task);
    this.core.layer.rt.touch(queue.card, Access.WRITE);
    queue.card.queues.delete(queue);
  }
}
