/**
 * The driver cex4card: gives cards of type CEX4 to CEX8 to zcrypt (drivers/s390/crypto/zcrypt_cex4.c).
 */
import { ENODEV, OK, type Errno } from '../../base/errno.ts';
import type { Task } from '../../runtime/task.ts';
import { GENERATIONS } from '../../crypto-adapters/card-type.ts';
import { ApCard } from '../ap-card.ts';
import type { ApDriver } from '../ap-driver-port.ts';
import type { ApQueueDevice } from '../ap-queue-device.ts';
import type { CardQueries } from './card-queries.ts';
import { ZCRYPT_CARD_ATTRIBUTES, ZcryptCard } from './zcrypt-card.ts';
import type { ZcryptCore } from './zcrypt-core.ts';
import type { ZcryptList } from './zcrypt-list.ts';

export class Cex4CardDriver implements ApDriver {
  readonly name = 'cex4card';
  readonly moduleName = 'zcrypt_cex4';
  readonly isDefault = true;
  private readonly core: ZcryptCore;
  private readonly list: ZcryptList;
  private readonly queries: CardQueries;

  constructor(core: ZcryptCore, list: ZcryptList, queries: CardQueries) {
    this.core = core;
    this.list = list;
    this.queries = queries;
  }

  matches(device: ApCard | ApQueueDevice): boolean {
    return device instanceof ApCard;
  }

  /** -ENODEV for a card that is neither accelerator nor coprocessor. New cards are online. */
  async probe(task: Task, card: ApCard | ApQueueDevice): Promise<Errno> {
    if (!(card instanceof ApCard)) return ENODEV;
    const generation = GENERATIONS.find((known) => known + 6 === card.hwtype);
    if (generation === undefined || card.mode === null) return ENODEV;
    const zcrypt = new ZcryptCard(this.core, card, { generation, mode: card.mode });
    card.driverData = zcrypt;
    await this.list.addCard(task, zcrypt);
    card.device.directory.addAttributes(ZCRYPT_CARD_ATTRIBUTES, zcrypt);
    card.device.directory.addAttributes(this.queries.ofCards[zcrypt.mode], zcrypt);
    return OK;
  }

  async remove(task: Task, card: ApCard | ApQueueDevice): Promise<void> {
    const zcrypt = card.driverData as ZcryptCard;
    await card.device.directory.removeAttributes(task, this.queries.ofCards[zcrypt.mode]);
    await this.list.removeCard(task, zcrypt);
    await card.device.directory.removeAttributes(task, ZCRYPT_CARD_ATTRIBUTES);
    card.driverData = null;
  }
}
