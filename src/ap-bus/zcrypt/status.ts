/**
 * The status ioctls: what cards and queues there are and how busy they are (the second half of drivers/s390/crypto/zcrypt_api.c).
 * Most of them tell of the default domain only.
 */
import { adapterOf, type Apqn } from '../../base/apqn.ts';
import type { Task } from '../../runtime/task.ts';
import type { ApQueue } from '../../ap-driver/ap-queue.ts';
import type { ZcryptCard } from './zcrypt-card.ts';
import type { ZcryptCore } from './zcrypt-core.ts';
import type { ZcryptList } from './zcrypt-list.ts';
import type { ZcryptQueue } from './zcrypt-queue.ts';

export interface DeviceStatus {
  readonly apqn: Apqn;
  readonly hwtype: number;
  /** The six highest bits of the function word. */
  readonly functions: number;
  readonly online: boolean;
}

/** Stands for a card that is switched off. */
const OFFLINE_TYPE = 0x0d;
const U32_MAX = 0xffffffff;

export class ZcryptStatus {
  private readonly core: ZcryptCore;
  private readonly list: ZcryptList;
  /** -1: none. */
  private readonly defaultDomain: () => number;

  constructor(core: ZcryptCore, list: ZcryptList, defaultDomain: () => number) {
    this.core = core;
    this.list = list;
    this.defaultDomain = defaultDomain;
  }

  get domainIndex(): number {
    return this.defaultDomain();
  }

  /** All queues of adapters below `adapters`. */
  async devices(task: Task, adapters: number): Promise<DeviceStatus[]> {
    const found: DeviceStatus[] = [];
    await this.visit(task, async ({ card }, { it, online }) => {
      if (card.id < adapters) found.push({ apqn: it.apqn, hwtype: card.hwtype, functions: card.functions >>> 26, online });
    });
    return found;
  }

  /** Type of each adapter that has a queue in the default domain, 0 for the others. */
  async types(task: Task, adapters: number): Promise<Uint8Array> {
    const types = new Uint8Array(adapters);
    await this.visitDefault(task, async (card) => {
      types[card.card.id] = card.online ? card.userSpaceType : OFFLINE_TYPE;
    });
    return types;
  }

  /** Requests waiting and pending in the default domain; one byte each. */
  async depths(task: Task, adapters: number): Promise<Uint8Array> {
    const depths = new Uint8Array(adapters);
    await this.count(task, (adapter, queue) => (depths[adapter] = queue.pendingqCount + queue.requestqCount));
    return depths;
  }

  /** Requests so far of each queue in the default domain; as many as 32 bits can tell. */
  async totals(task: Task, adapters: number): Promise<Uint32Array> {
    const totals = new Uint32Array(adapters);
    await this.count(task, (adapter, _queue, total) => (totals[adapter] = Math.min(total, U32_MAX)));
    return totals;
  }

  /** Requests in the default domain that are not sent yet. */
  async waiting(task: Task): Promise<number> {
    let sum = 0;
    await this.count(task, (_adapter, queue) => (sum += queue.requestqCount));
    return sum;
  }

  /** Requests in the default domain that are sent and not answered. */
  async pending(task: Task): Promise<number> {
    let sum = 0;
    await this.count(task, (_adapter, queue) => (sum += queue.pendingqCount));
    return sum;
  }

  private async visit(task: Task, see: (card: ZcryptCard, queue: ZcryptQueue) => Promise<void>): Promise<void> {
    using _list = await this.core.listLock.acquire(task);
    for (const card of this.list.cards) for (const queue of card.queues) await see(card, queue);
  }

  private visitDefault(task: Task, see: (card: ZcryptCard, queue: ZcryptQueue) => Promise<void>): Promise<void> {
    const domain = this.defaultDomain();
    return this.visit(task, async (card, queue) => {
      if (queue.domain === domain) await see(card, queue);
    });
  }

  /** `total`: requests so far. Writes into typed arrays of fewer adapters are lost, as they should be. */
  private count(task: Task, see: (adapter: number, queue: ApQueue, total: number) => void): Promise<void> {
    return this.visitDefault(task, async (_card, { it, queue }) => {
      using _queue = await queue.lock.acquire(task);
      see(adapterOf(it.apqn), queue, it.totalRequests);
    });
  }
}
