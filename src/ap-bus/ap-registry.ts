/**
 * The cards and queues of the bus by their numbers (the kernel searches its device list). Only the scan changes it; others look at
 * it without a lock, and an explorer is told.
 */
import { adapterOf, domainOf, type Apqn } from '../base/apqn.ts';
import { Access } from '../runtime/access.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { ApCard } from './ap-card.ts';
import type { ApQueueDevice } from './ap-queue-device.ts';

interface Position {
  readonly card: ApCard;
  /** By domain, in the order of registration. */
  readonly queues: Map<number, ApQueueDevice>;
}

export class ApRegistry {
  private readonly rt: Runtime;
  private readonly positions: (Position | undefined)[] = [];

  constructor(rt: Runtime) {
    this.rt = rt;
  }

  addCard(card: ApCard): void {
    this.rt.touch(this, Access.WRITE);
    this.positions[card.id] = { card, queues: new Map() };
  }

  removeCard(card: ApCard): void {
    this.rt.touch(this, Access.WRITE);
    this.positions[card.id] = undefined;
  }

  addQueue(queue: ApQueueDevice): void {
    const position = this.positions[queue.card.id];
    if (position?.card !== queue.card)
      throw new Error(`expected card ${queue.card.device.name} of queue ${queue.device.name} to be registered`);
    this.rt.touch(this, Access.WRITE);
    position.queues.set(domainOf(queue.apqn), queue);
  }

  removeQueue(queue: ApQueueDevice): void {
    this.rt.touch(this, Access.WRITE);
    this.positions[queue.card.id]?.queues.delete(domainOf(queue.apqn));
  }

  card(adapter: number): ApCard | null {
    return this.look()[adapter]?.card ?? null;
  }

  queue(apqn: Apqn): ApQueueDevice | null {
    return this.look()[adapterOf(apqn)]?.queues.get(domainOf(apqn)) ?? null;
  }

  queuesOf(adapter: number): Iterable<ApQueueDevice> {
    return this.look()[adapter]?.queues.values() ?? [];
  }

  /** The numbers of the cards. */
  *adapters(): IterableIterator<number> {
    for (const { id } of this.cards()) yield id;
  }

  /** By ascending number. */
  *cards(): IterableIterator<ApCard> {
    for (const position of this.look()) if (position !== undefined) yield position.card;
  }

  *queues(): IterableIterator<ApQueueDevice> {
    for (const position of this.look()) if (position !== undefined) yield* position.queues.values();
  }

  private look(): readonly (Position | undefined)[] {
    this.rt.touch(this, Access.READ);
    return this.positions;
  }
}
