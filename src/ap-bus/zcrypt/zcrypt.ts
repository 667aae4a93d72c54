/**
 * zcrypt put together: its cards and queues, /dev/z90crypt, additional nodes, random numbers (drivers/s390/crypto/zcrypt_api.c).
 */
import type { EventLog } from '../../base/event-log.ts';
import type { LockLayer } from '../../locks/lock-layer.ts';
import type { Task } from '../../runtime/task.ts';
import type { QciInfo } from '../../crypto-adapters/ap-instructions.ts';
import type { Bus } from '../../driver-core/bus.ts';
import type { Sysfs } from '../../driver-core/sysfs.ts';
import { ueventRecorder } from '../../driver-core/uevent.ts';
import type { ApDriver } from '../ap-driver-port.ts';
import type { ApPermissions } from '../ap-permissions.ts';
import { CardQueries } from './card-queries.ts';
import { Cex4CardDriver } from './cex4-card-driver.ts';
import { Cex4QueueDriver, type QueueParts } from './cex4-queue-driver.ts';
import { ZcryptDispatcher } from './dispatcher.ts';
import { ZCRYPT_LIST_LOCK } from './lock-classes.ts';
import { BusPermissions } from './permissions.ts';
import { ZcryptRandom } from './random.ts';
import { ZcryptStatus } from './status.ts';
import { ZcryptClass } from './zcrypt-class.ts';
import type { ZcryptCore } from './zcrypt-core.ts';
import { OpenCount, ZcryptFile, type ZcryptService } from './zcrypt-file.ts';
import { ZcryptList } from './zcrypt-list.ts';
import type { ZcryptOptions } from './zcrypt-options.ts';

export interface ZcryptParts {
  readonly layer: LockLayer;
  readonly bus: Bus;
  readonly sysfs: Sysfs;
  readonly events: EventLog;
  readonly permissions: ApPermissions;
  readonly options: ZcryptOptions;
  /** A forced scan; true when something has changed. */
  rescan(task: Task): Promise<boolean>;
  /** -1: none. */
  defaultDomain(): number;
  /** The configuration as of the last scan; null without QCI. */
  configuration(): QciInfo | null;
}

export class Zcrypt {
  readonly cards: ZcryptList;
  readonly random: ZcryptRandom;
  private readonly core: ZcryptCore;
  private readonly parts: ZcryptParts;
  private readonly service: ZcryptService;
  private readonly basePermissions: BusPermissions;
  private classes: ZcryptClass | null = null;

  constructor(parts: ZcryptParts) {
    const { layer, bus, options } = parts;
    const rescan = (task: Task): Promise<boolean> => parts.rescan(task);
    this.parts = parts;
    const core: ZcryptCore = { layer, bus, options, listLock: layer.mutex(ZCRYPT_LIST_LOCK, ZCRYPT_LIST_LOCK.name) };
    this.core = core;
    this.cards = new ZcryptList(core);
    const dispatcher = new ZcryptDispatcher(core, this.cards, rescan);
    const status = new ZcryptStatus(core, this.cards, () => parts.defaultDomain());
    const roles = {
      uses: (domain: number) => parts.configuration()?.aqm.has(domain) ?? false,
      controls: (domain: number) => parts.configuration()?.adm.has(domain) ?? false,
    };
    this.service = { core, dispatcher, status, roles, opened: new OpenCount() };
    this.random = new ZcryptRandom(core, dispatcher, rescan);
    this.basePermissions = new BusPermissions(parts.permissions);
  }

  /** cex4card and cex4queue, in the order in which they are registered. The files of the nodes appear. */
  load(queues: Omit<QueueParts, 'queries'>): readonly ApDriver[] {
    const { sysfs, events, permissions } = this.parts;
    this.classes = new ZcryptClass({ sysfs, service: this.service, uevent: ueventRecorder(events), attrMutex: permissions.attrMutex });
    const { core, cards, service } = this;
    const { dispatcher, roles } = service;
    const { options } = core;
    const queries = new CardQueries({ list: cards, dispatcher, roles, options, defaultDomain: () => this.parts.defaultDomain() });
    return [new Cex4CardDriver(core, cards, queries), new Cex4QueueDriver(core, cards, { ...queues, queries })];
  }

  /** /sys/class/zcrypt; null before zcrypt is loaded. */
  get nodes(): ZcryptClass | null {
    return this.classes;
  }

  /** Opens /dev/z90crypt, which has the masks of the bus and lets all ioctls through. */
  open(): ZcryptFile {
    return new ZcryptFile(this.service, this.basePermissions);
  }

  /** For checkers: told whenever loads may have changed, while their lock is still held. */
  onLoads(look: (task: Task | null) => void): void {
    this.core.listLock.onExclusiveRelease(look);
  }

  /** For checkers: what is wrong with the loads of cards and queues, a sentence each. */
  *loadProblems(): IterableIterator<string> {
    for (const card of this.cards.cards) {
      if (card.load.problem !== null) yield `load of ${card.card.device.name} ${card.load.problem}`;
      for (const { it, load } of card.queues) if (load.problem !== null) yield `load of ${it.device.name} ${load.problem}`;
    }
  }
}
