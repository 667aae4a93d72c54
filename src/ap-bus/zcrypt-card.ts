/**
 * The driver cex4card and what zcrypt knows of a card (struct zcrypt_card: drivers/s390/crypto/zcrypt_cex4.c, zcrypt_card.c).
 */
import { EINVAL, ENODEV, OK, type Errno } from '../base/errno.ts';
import { scanInteger } from '../base/kernel-text.ts';
import type { Task } from '../runtime/task.ts';
import { GENERATIONS, cardTypeText } from '../crypto-adapters/card-type.ts';
import type { AttributeDef } from '../driver-core/attribute.ts';
import type { Bus } from '../driver-core/bus.ts';
import type { Device } from '../driver-core/device.ts';
import { ApCard } from './ap-card.ts';
import type { ApDriver } from './ap-driver-port.ts';
import type { ApQueueDevice } from './ap-queue-device.ts';

/** The part of a zcrypt queue that its card drives. */
export interface CardQueue {
  setOnline(task: Task, online: boolean): Promise<void>;
}

export class ZcryptCard {
  readonly card: ApCard;
  /** `CEX8C`. */
  readonly type: string;
  /** As the user wants it; see `usable`. */
  online = true;
  /** In the order of registration. */
  readonly queues = new Set<CardQueue>();
  private readonly bus: Bus;

  constructor(bus: Bus, card: ApCard, type: string) {
    this.bus = bus;
    this.card = card;
    this.type = type;
  }

  get usable(): boolean {
    return this.online && this.card.config && !this.card.chkstop;
  }

  /** A write to `online`: all queues follow. */
  async store(task: Task, text: string): Promise<Errno> {
    const online = parseOnline(text);
    if (online === null) return EINVAL;
    if (online && (!this.card.config || this.card.chkstop)) return ENODEV;
    this.online = online;
    sendOnline(this.bus, this.card.device, online);
    for (const queue of this.queues) await queue.setOnline(task, online);
    return OK;
  }
}

export const sendOnline = (bus: Bus, device: Device, online: boolean): void => bus.send('change', device, { ONLINE: online ? '1' : '0' });

/** True for 1, false for 0, null for anything else. */
export function parseOnline(text: string): boolean | null {
  const value = scanInteger(text);
  return value === 0 || value === 1 ? value === 1 : null;
}

const ZCRYPT_CARD_ATTRIBUTES: readonly AttributeDef<ZcryptCard>[] = [
  { name: 'type', mode: 0o444, show: (_task, zcrypt) => `${zcrypt.type}\n` },
  {
    name: 'online',
    mode: 0o644,
    show: (_task, zcrypt) => `${zcrypt.usable ? 1 : 0}\n`,
    store: (task, zcrypt, text) => zcrypt.store(task, text),
  },
];

export class ZcryptCardDriver implements ApDriver {
  readonly name = 'cex4card';
  readonly isDefault = true;
  private readonly bus: Bus;

  constructor(bus: Bus) {
    this.bus = bus;
  }

  matches(device: ApCard | ApQueueDevice): boolean {
    return device instanceof ApCard;
  }

  async probe(_task: Task, card: ApCard | ApQueueDevice): Promise<Errno> {
    if (!(card instanceof ApCard)) return ENODEV;
    const generation = GENERATIONS.find((known) => known + 6 === card.hwtype);
    if (generation === undefined || card.mode === null) return ENODEV;
    const zcrypt = new ZcryptCard(this.bus, card, cardTypeText({ generation, mode: card.mode }));
    card.driverData = zcrypt;
    card.device.directory.addAttributes(ZCRYPT_CARD_ATTRIBUTES, zcrypt);
    return OK;
  }

  async remove(task: Task, card: ApCard | ApQueueDevice): Promise<void> {
    await card.device.directory.removeAttributes(task, ZCRYPT_CARD_ATTRIBUTES);
    card.driverData = null;
  }
}
