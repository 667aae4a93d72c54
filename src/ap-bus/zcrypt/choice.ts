/**
 * The choice of card and queue for a request: least weight plus load, with penalties for where it has failed before
 * (the selection loops of drivers/s390/crypto/zcrypt_api.c).
 */
import { adapterOf, type Apqn } from '../../base/apqn.ts';
import { RetryPenalty } from '../../crypto-adapters/card-type.ts';
import type { Task } from '../../runtime/task.ts';
import type { Admission } from './admission.ts';
import type { Wanted } from './transfer.ts';
import type { ZcryptCard } from './zcrypt-card.ts';
import type { ZcryptQueue } from './zcrypt-queue.ts';

/** What became of the request so far. */
export interface Track {
  /** Attempts that ended with -EAGAIN. */
  again: number;
  /** Where the last one went; 0, which is also 00.0000, counts as nowhere. */
  last: Apqn;
}

export interface Choice {
  readonly card: ZcryptCard;
  readonly queue: ZcryptQueue;
  /** Of the request on the chosen card, without load and penalties. */
  readonly weight: number;
  /** Of the request on the card that was looked at last, which may be another one. */
  readonly lastWeight: number;
}

interface Preferred {
  readonly card: ZcryptCard;
  readonly queue: ZcryptQueue;
  readonly weight: number;
  /** With penalties. */
  readonly cost: number;
  /** Requests of the queue so far. */
  readonly total: number;
}

/** The caller holds the lock of the list. Null when nothing is there that can do it. */
export class Chooser {
  private readonly task: Task;
  private readonly wanted: Wanted;
  private readonly admission: Admission;
  private readonly track: Track;
  private preferred: Preferred | null = null;
  private lastWeight = 0;

  constructor(task: Task, wanted: Wanted, context: { admission: Admission; track: Track }) {
    this.task = task;
    this.wanted = wanted;
    this.admission = context.admission;
    this.track = context.track;
  }

  async choose(cards: Iterable<ZcryptCard>): Promise<Choice | null> {
    for (const card of cards) {
      const weight = card.shownOnline && this.admission.card(card.card.id) ? this.wanted.weight(card) : null;
      if (weight === null) continue;
      this.lastWeight = weight;
      const cost = weight + this.cardPenalty(card);
      if (await this.cardIsBetter(card, cost)) for (const queue of card.queues) await this.consider({ card, weight, cost }, queue);
    }
    const { preferred, lastWeight } = this;
    return preferred && { card: preferred.card, queue: preferred.queue, weight: preferred.weight, lastWeight };
  }

  private async consider({ card, weight, cost: cardCost }: Pick<Preferred, 'card' | 'weight' | 'cost'>, queue: ZcryptQueue): Promise<void> {
    if (!queue.online || !this.wanted.takes(queue)) return;
    const { usable, total } = await lookAt(this.task, queue);
    if (!usable || !this.admission.domain(queue.domain)) return;
    const cost = cardCost + this.queuePenalty(queue);
    const best = this.preferred;
    if (best !== null) {
      const difference = cost + queue.load.value - (best.cost + best.queue.load.value);
      if (difference > 0 || (difference === 0 && total >= best.total)) return;
    }
    this.preferred = { card, queue, weight, cost, total };
  }

  private async cardIsBetter(card: ZcryptCard, cost: number): Promise<boolean> {
    const best = this.preferred;
    if (best === null) return true;
    const difference = cost + card.load.value - (best.cost + best.card.load.value);
    if (difference !== 0) return difference < 0;
    return (await totalOf(this.task, card)) < (await totalOf(this.task, best.card));
  }

  private cardPenalty({ card }: ZcryptCard): number {
    const { again, last } = this.track;
    return again > 0 && last !== 0 && adapterOf(last) === card.id ? RetryPenalty.CARD : 0;
  }

  private queuePenalty({ it }: ZcryptQueue): number {
    const { again, last } = this.track;
    return again > 0 && last !== 0 && last === it.apqn ? RetryPenalty.QUEUE : 0;
  }
}

/** Under the lock of the queue, which is where both change. */
async function lookAt(task: Task, { it, queue }: ZcryptQueue): Promise<{ usable: boolean; total: number }> {
  using _queue = await queue.lock.acquire(task);
  return { usable: queue.usable(), total: it.totalRequests };
}

/** Requests of all queues of the card: what its request_count reads. */
async function totalOf(task: Task, { card }: ZcryptCard): Promise<number> {
  let total = card.pastRequests;
  for (const queue of card.port.activeQueues(card.id)) {
    using _queue = await queue.lock.acquire(task);
    total += queue.totalRequests;
  }
  return total;
}
