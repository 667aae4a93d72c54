/**
 * The driver cex4queue and what zcrypt knows of a queue (struct zcrypt_queue: drivers/s390/crypto/zcrypt_cex4.c, zcrypt_queue.c).
 */
import { EAGAIN, EINVAL, ENODEV, OK, type Errno } from '../base/errno.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Task } from '../runtime/task.ts';
import { ApQueue } from '../ap-driver/ap-queue.ts';
import type { ApTasklet } from '../ap-driver/ap-tasklet.ts';
import type { ApInstructions, AqicOperand } from '../crypto-adapters/ap-instructions.ts';
import type { AttributeDef } from '../driver-core/attribute.ts';
import type { Bus } from '../driver-core/bus.ts';
import type { ApCard } from './ap-card.ts';
import type { ApDriver } from './ap-driver-port.ts';
import { ApQueueDevice } from './ap-queue-device.ts';
import { AP_QUEUE_LOCK } from './lock-classes.ts';
import { ZcryptCard, parseOnline, sendOnline, type CardQueue } from './zcrypt-card.ts';

export interface ZcryptParts {
  readonly layer: LockLayer;
  readonly instructions: ApInstructions;
  readonly bus: Bus;
  readonly tasklet: ApTasklet;
  /** Null: the host polls. */
  readonly aqic: AqicOperand | null;
  readonly warn: (text: string) => void;
}

class ZcryptQueue implements CardQueue {
  readonly it: ApQueueDevice;
  readonly zcard: ZcryptCard;
  /** As the user wants it. */
  online = true;
  private readonly bus: Bus;

  constructor(bus: Bus, it: ApQueueDevice, zcard: ZcryptCard) {
    this.bus = bus;
    this.it = it;
    this.zcard = zcard;
  }

  get usable(): boolean {
    const { it, online } = this;
    return online && it.config && !it.chkstop && it.card.config && !it.card.chkstop;
  }

  /** The card forces it; told to user space only where it changes something. */
  async setOnline(task: Task, online: boolean): Promise<void> {
    if (this.online !== online) await this.change(task, online);
  }

  /** A write to `online`. */
  async store(task: Task, text: string): Promise<Errno> {
    const online = parseOnline(text);
    if (online === null) return EINVAL;
    const { config, chkstop, card } = this.it;
    if (online && (!config || chkstop || !card.config || card.chkstop)) return ENODEV;
    if (online && !this.zcard.online) return EINVAL;
    await this.change(task, online);
    return OK;
  }

  private async change(task: Task, online: boolean): Promise<void> {
    this.online = online;
    sendOnline(this.bus, this.it.device, online);
    if (!online) await this.it.queue?.flush(task, EAGAIN);
  }
}

const ZCRYPT_QUEUE_ATTRIBUTES: readonly AttributeDef<ZcryptQueue>[] = [
  {
    name: 'online',
    mode: 0o644,
    show: (_task, zcrypt) => `${zcrypt.usable ? 1 : 0}\n`,
    store: (task, zcrypt, text) => zcrypt.store(task, text),
  },
];

/** What a host without interrupts passes: never used, since nobody enables them. */
const NO_INTERRUPTS: AqicOperand = { ir: true, isc: 0, nib: 0 };

export class ZcryptQueueDriver implements ApDriver {
  readonly name = 'cex4queue';
  readonly isDefault = true;
  private readonly parts: ZcryptParts;

  constructor(parts: ZcryptParts) {
    this.parts = parts;
  }

  matches(device: ApCard | ApQueueDevice): boolean {
    return device instanceof ApQueueDevice;
  }

  /** -EINVAL when zcrypt does not have the card. */
  async probe(task: Task, it: ApCard | ApQueueDevice): Promise<Errno> {
    if (!(it instanceof ApQueueDevice)) return ENODEV;
    const zcard = it.card.driverData;
    if (!(zcard instanceof ZcryptCard)) return EINVAL;
    const queue = this.makeQueue(it);
    it.queue = queue;
    this.parts.tasklet.add(queue);
    await queue.initState(task);
    await queue.installReplyBuffer(task, it.card.maxMsgSize);
    const zcrypt = new ZcryptQueue(this.parts.bus, it, zcard);
    it.driverData = zcrypt;
    zcard.queues.add(zcrypt);
    it.device.directory.addAttributes(ZCRYPT_QUEUE_ATTRIBUTES, zcrypt);
    return OK;
  }

  /** The requests have ended before; the bus zeroizes the queue afterwards. */
  async remove(task: Task, it: ApCard | ApQueueDevice): Promise<void> {
    await it.device.directory.removeAttributes(task, ZCRYPT_QUEUE_ATTRIBUTES);
    const zcrypt = it.driverData as ZcryptQueue;
    zcrypt.zcard.queues.delete(zcrypt);
    it.driverData = null;
  }

  private makeQueue({ apqn, card, config, chkstop }: ApQueueDevice): ApQueue {
    const { layer, instructions, aqic, warn } = this.parts;
    return new ApQueue(layer, instructions, {
      apqn,
      depth: card.depth,
      lockClass: AP_QUEUE_LOCK,
      useInterrupts: () => aqic !== null,
      aqic: aqic ?? NO_INTERRUPTS,
      config,
      chkstop,
      replyBuffer: 0,
      warn,
    });
  }
}
