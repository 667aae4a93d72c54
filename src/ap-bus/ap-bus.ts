/**
 * The AP bus: its parts put together, and what drivers and the machine use of it (drivers/s390/crypto/ap_bus.c).
 */
import { ApMask } from '../base/ap-mask.ts';
import type { Apqn } from '../base/apqn.ts';
import { OK, type Errno } from '../base/errno.ts';
import type { EventLog } from '../base/event-log.ts';
import type { Logger } from '../base/logger.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Mutex } from '../locks/mutex.ts';
import type { MaybePromise } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { ApQueue } from '../ap-driver/ap-queue.ts';
import type { ApInstructions, QciInfo } from '../crypto-adapters/ap-instructions.ts';
import { Bus } from '../driver-core/bus.ts';
import { Device } from '../driver-core/device.ts';
import type { Driver } from '../driver-core/driver.ts';
import type { Sysfs } from '../driver-core/sysfs.ts';
import { ueventRecorder } from '../driver-core/uevent.ts';
import { AP_BUS_ATTRIBUTES, type BusFiles } from './ap-attributes.ts';
import { ApBindings } from './ap-bindings.ts';
import { ApCard, type CardPort } from './ap-card.ts';
import type { ApCore } from './ap-core.ts';
import type { ApDriver } from './ap-driver-port.ts';
import { ApOwnership } from './ap-ownership.ts';
import { ApPermissions, type ApMasks, type MaskName } from './ap-permissions.ts';
import { ApQueueDevice } from './ap-queue-device.ts';
import { ApRegistry } from './ap-registry.ts';
import { ApScan } from './ap-scan.ts';
import { cardVariables } from './card-attributes.ts';
import { makeHostTasklet, type HostInterrupts } from './poll-tasklet.ts';
import { ZcryptCardDriver } from './zcrypt-card.ts';
import { ZcryptQueueDriver } from './zcrypt-queue.ts';

export interface ApBusParts {
  readonly layer: LockLayer;
  readonly sysfs: Sysfs;
  readonly instructions: ApInstructions;
  readonly log: Logger;
  readonly events: EventLog;
  /** Asks the service element to configure or deconfigure an adapter. */
  readonly sclp: (adapter: number, on: boolean) => MaybePromise<Errno>;
  /** Scan when the machine says that its configuration changed. Default false: a scan is asked for. */
  readonly scanOnChange?: boolean;
  /** Null (default): the host polls its queues. */
  readonly interrupts?: HostInterrupts | null;
  /** Masks at boot; default all ones. */
  readonly masks?: ApMasks;
}

export class ApBus implements BusFiles, CardPort {
  readonly instructions: ApInstructions;
  readonly bus: Bus;
  /** `/sys/devices/ap`: carries the uevents of the bus itself. */
  readonly root: Device;
  readonly permissions: ApPermissions;
  readonly ownership: ApOwnership;
  readonly bindings: ApBindings;
  readonly busScan: ApScan;
  readonly interrupts: boolean;
  private readonly parts: ApBusParts;
  private readonly core: ApCore;
  private readonly schedule: () => void;

  constructor(parts: ApBusParts) {
    const { layer, sysfs, instructions, log } = parts;
    this.parts = parts;
    this.instructions = instructions;
    this.interrupts = (parts.interrupts ?? null) !== null;
    this.bus = new Bus(sysfs, { name: 'ap', log, uevent: ueventRecorder(parts.events), env: variables });
    this.root = new Device(layer, { name: 'ap', parent: null, bus: this.bus, at: sysfs.mkdir('/sys/devices') });
    this.bus.addRootDevice(this.root);
    this.permissions = new ApPermissions(layer, parts.masks ?? { apm: ApMask.FULL, aqm: ApMask.FULL });
    this.ownership = new ApOwnership(this.permissions);
    const { tasklet, schedule } = makeHostTasklet(layer.rt, parts.interrupts ?? null);
    this.schedule = schedule;
    const { bus, root, permissions } = this;
    this.core = { layer, instructions, log, bus, root, registry: new ApRegistry(), permissions, tasklet, port: this };
    this.bindings = new ApBindings(this.core);
    this.busScan = new ApScan(this.core, this.bindings);
    this.bus.directory.addAttributes<BusFiles>(AP_BUS_ATTRIBUTES, this);
  }

  /** Guards the masks; vfio_ap holds it around its ownership query. */
  get attrMutex(): Mutex {
    return this.permissions.attrMutex;
  }

  /** cex4card and cex4queue. */
  async registerZcrypt(task: Task): Promise<void> {
    const { layer, instructions, tasklet, bus, log } = this.core;
    await this.registerDriver(task, new ZcryptCardDriver(bus));
    const aqic = this.parts.interrupts?.aqic ?? null;
    await this.registerDriver(task, new ZcryptQueueDriver({ layer, instructions, bus, tasklet, aqic, warn: (text) => log.warn(text) }));
  }

  /** The handle is for `unregisterDriver`. */
  async registerDriver(task: Task, driver: ApDriver): Promise<Driver> {
    const handle = await this.bindings.register(task, driver);
    this.bindings.checkComplete(this.busScan.count);
    return handle;
  }

  unregisterDriver(task: Task, handle: Driver): Promise<void> {
    return this.bus.unregisterDriver(task, handle);
  }

  /** True when the QCI block changed. */
  scan(task: Task): Promise<boolean> {
    return this.busScan.scan(task);
  }

  /** A scan on demand, or the result of the one that runs now; see `ApScan.forceRescan`. */
  forceRescan(task: Task): Promise<boolean> {
    return this.busScan.forceRescan(task);
  }

  /** The periodic scan, as a daemon task. */
  startScanTimer(): void {
    this.busScan.timer.start();
  }

  /** The machine says that its AP configuration changed. Called outside any task. */
  configurationChanged(): void {
    if (this.parts.scanOnChange === true) this.busScan.timer.configurationChanged();
  }

  /** An adapter interruption on the host's ISC. Called outside any task. */
  adapterInterruption(): void {
    this.schedule();
  }

  /** Nothing keeps the bus busy any more: timers are off. */
  stop(): void {
    this.busScan.timer.stop();
    this.core.tasklet.stop();
  }

  findQueue(apqn: Apqn): ApQueueDevice | null {
    return this.core.registry.queue(apqn);
  }

  findCard(adapter: number): ApCard | null {
    return this.core.registry.card(adapter);
  }

  queues(): Iterable<ApQueueDevice> {
    return this.core.registry.queues();
  }

  cards(): Iterable<ApCard> {
    return this.core.registry.cards();
  }

  /** The configuration as of the last scan; null without QCI. */
  info(): QciInfo | null {
    return this.busScan.info;
  }

  /** Does the host own any APQN of the cross product? The caller holds `attrMutex`. */
  ownsAny(task: Task, apm: ApMask, aqm: ApMask): boolean {
    return this.ownership.ownsAny(task, apm, aqm);
  }

  /** The same question by somebody who does not hold it. */
  ownsAnyInTheOpen(task: Task, apm: ApMask, aqm: ApMask): Promise<boolean> {
    return this.ownership.ownsAnyInTheOpen(task, apm, aqm);
  }

  /** A write to apmask or aqmask. Rebinding and the uevent come after the mutex was dropped. */
  async storeMask(task: Task, which: MaskName, text: string): Promise<Errno> {
    const next = await this.permissions.commit(task, which, text, (asker, apm, aqm) => this.bindings.askInUse(asker, apm, aqm));
    if (next === null) return OK;
    if (typeof next === 'number') return next;
    await this.bindings.revise(task);
    // The newline is part of the value, as in the kernel.
    this.bus.send('change', this.root, { [which === 'apm' ? 'APMASK' : 'AQMASK']: `${next.toString()}\n` });
    return OK;
  }

  *activeQueues(adapter: number): IterableIterator<ApQueue> {
    for (const { queue } of this.core.registry.queuesOf(adapter)) if (queue !== null) yield queue;
  }

  async configure(_task: Task, card: ApCard, on: boolean): Promise<Errno> {
    if (card.config !== on) {
      const rc = await this.parts.sclp(card.id, on);
      if (rc !== OK) return rc;
      card.config = on;
    }
    this.bus.send('change', card.device, { CONFIG: on ? '1' : '0' });
    return OK;
  }
}

function variables({ owner }: Device): Record<string, string> {
  if (owner instanceof ApCard) return cardVariables(owner);
  const mode = owner instanceof ApQueueDevice ? owner.card.modeText : null;
  return mode === null ? {} : { MODE: mode };
}
