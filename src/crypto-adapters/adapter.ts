/**
 * One adapter position of the machine: the card in it, whether it is configured or checkstopped, and its queues.
 * Positions outlive the cards, so that an instruction issued before a card was swapped meets the card that is there when it executes.
 */
import { domainOf, type Apqn } from '../base/apqn.ts';
import { CardFirmware, type CardUnit } from './card-firmware.ts';
import type { CardType } from './card-type.ts';
import type { QueueHost, QueuePosition } from './queue-host.ts';
import { HwQueue } from './queue.ts';

export class Adapter implements QueuePosition {
  readonly id: number;
  /** null: nothing is plugged in. */
  card: CardType | null = null;
  configured = false;
  checkstopped = false;
  /** Since the card was plugged in. */
  counters = { requests: 0, replies: 0, resets: 0, irqs: 0 };
  /** By domain; created when somebody addresses them. */
  private readonly queues = new Map<number, HwQueue>();
  private readonly host: QueueHost;
  private firmware: CardFirmware | null = null;
  /** Cards that have been here. */
  private plugged = 0;

  constructor(id: number, host: QueueHost) {
    this.id = id;
    this.host = host;
  }

  /** For reports. */
  get name(): string {
    return `adapter ${this.id.toString(16).padStart(2, '0')}`;
  }

  get unit(): CardUnit {
    const { rsa, strictKeys } = this.host;
    if (this.firmware === null) throw new Error(`expected a card in ${this.name}`);
    return { rsa, strictKeys, firmware: this.firmware };
  }

  insert(card: CardType): void {
    this.card = card;
    this.firmware = new CardFirmware(this.host.seed, this.id, this.plugged++, card);
    this.configured = true;
    this.checkstopped = false;
    this.counters = { requests: 0, replies: 0, resets: 0, irqs: 0 };
  }

  remove(): void {
    this.dropAll();
    this.card = null;
    this.firmware = null;
    this.configured = false;
    this.checkstopped = false;
  }

  queue(apqn: Apqn): HwQueue {
    const domain = domainOf(apqn);
    let queue = this.queues.get(domain);
    if (queue === undefined) this.queues.set(domain, (queue = new HwQueue(apqn, this, this.host)));
    return queue;
  }

  /** Queues that somebody has addressed yet: of one domain, or all (null). */
  *addressed(domain: number | null): IterableIterator<HwQueue> {
    for (const [id, queue] of this.queues) if (domain === null || domain === id) yield queue;
  }

  /** The queue if somebody has addressed it yet. */
  known(domain: number): HwQueue | undefined {
    return this.queues.get(domain);
  }

  /** All messages are lost, interrupts are off, resets are over. */
  dropAll(): void {
    for (const queue of this.queues.values()) queue.drop();
  }

  /** The same for the domains that `keep` refuses. */
  dropUnless(keep: (domain: number) => boolean): void {
    for (const [domain, queue] of this.queues) if (!keep(domain)) queue.drop();
  }
}
