/**
 * The driver cex4queue: runs the state machine of a queue and gives it to zcrypt (drivers/s390/crypto/zcrypt_cex4.c).
 */
import { EINVAL, ENODEV, OK, type Errno } from '../../base/errno.ts';
import type { Task } from '../../runtime/task.ts';
import { ApQueue } from '../../ap-driver/ap-queue.ts';
import type { ApTasklet } from '../../ap-driver/ap-tasklet.ts';
import type { ApInstructions, AqicOperand } from '../../crypto-adapters/ap-instructions.ts';
import type { ApCard } from '../ap-card.ts';
import type { ApDriver } from '../ap-driver-port.ts';
import { ApQueueDevice } from '../ap-queue-device.ts';
import { AP_QUEUE_LOCK } from '../lock-classes.ts';
import { secureExecutionOf } from '../secure-binding.ts';
import type { CardQueries } from './card-queries.ts';
import { ZcryptCard } from './zcrypt-card.ts';
import type { ZcryptCore } from './zcrypt-core.ts';
import type { ZcryptList } from './zcrypt-list.ts';
import { ZCRYPT_QUEUE_ATTRIBUTES, ZcryptQueue } from './zcrypt-queue.ts';

/** What the state machines need of the bus. */
export interface QueueParts {
  readonly instructions: ApInstructions;
  readonly tasklet: ApTasklet;
  /** Null: the host polls. */
  readonly aqic: AqicOperand | null;
  readonly warn: (text: string) => void;
  readonly queries: CardQueries;
}

/** What a host without interrupts passes: never used, since nobody enables them. */
const NO_INTERRUPTS: AqicOperand = { ir: true, isc: 0, nib: 0 };

export class Cex4QueueDriver implements ApDriver {
  readonly name = 'cex4queue';
  readonly moduleName = 'zcrypt_cex4';
  readonly isDefault = true;
  private readonly core: ZcryptCore;
  private readonly list: ZcryptList;
  private readonly parts: QueueParts;

  constructor(core: ZcryptCore, list: ZcryptList, parts: QueueParts) {
    this.core = core;
    this.list = list;
    this.parts = parts;
  }

  matches(device: ApCard | ApQueueDevice): boolean {
    return device instanceof ApQueueDevice;
  }

  /** -EINVAL when zcrypt does not have the card. New queues are online. */
  async probe(task: Task, it: ApCard | ApQueueDevice): Promise<Errno> {
    if (!(it instanceof ApQueueDevice)) return ENODEV;
    const card = it.card.driverData;
    if (!(card instanceof ZcryptCard)) return EINVAL;
    const queue = this.makeQueue(it);
    it.queue = queue;
    this.parts.tasklet.add(queue);
    await queue.initState(task);
    await queue.installReplyBuffer(task, it.card.maxMsgSize);
    const zcrypt = new ZcryptQueue(this.core, it, { queue, card });
    it.driverData = zcrypt;
    await this.list.addQueue(task, zcrypt);
    it.device.directory.addAttributes(ZCRYPT_QUEUE_ATTRIBUTES, zcrypt);
    it.device.directory.addAttributes(this.parts.queries.ofQueues[card.mode], zcrypt);
    return OK;
  }

  /** The requests have ended before; the bus zeroizes the queue afterwards. */
  async remove(task: Task, it: ApCard | ApQueueDevice): Promise<void> {
    const zcrypt = it.driverData as ZcryptQueue;
    await it.device.directory.removeAttributes(task, this.parts.queries.ofQueues[zcrypt.card.mode]);
    await this.list.removeQueue(task, zcrypt);
    await it.device.directory.removeAttributes(task, ZCRYPT_QUEUE_ATTRIBUTES);
    it.driverData = null;
  }

  private makeQueue({ apqn, card, config, chkstop }: ApQueueDevice): ApQueue {
    const { instructions, aqic, warn } = this.parts;
    return new ApQueue(this.core.layer, instructions, {
      apqn,
      depth: card.depth,
      lockClass: AP_QUEUE_LOCK,
      useInterrupts: () => aqic !== null,
      aqic: aqic ?? NO_INTERRUPTS,
      config,
      chkstop,
      replyBuffer: 0,
      ...secureExecutionOf(card),
      warn,
    });
  }
}
