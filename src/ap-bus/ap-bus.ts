/**
 * The AP bus: its parts put together, and what drivers and the machine use of it (drivers/s390/crypto/ap_bus.c).
 */
import type { ApMask } from '../base/ap-mask.ts';
import type { Apqn } from '../base/apqn.ts';
import { EOPNOTSUPP, OK, type Errno } from '../base/errno.ts';
import type { EventLog } from '../base/event-log.ts';
import { KERNELS, type KernelProfile } from '../base/kernel-profile.ts';
import type { Logger } from '../base/logger.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Mutex } from '../locks/mutex.ts';
import type { MaybePromise } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { ApQueue } from '../ap-driver/ap-queue.ts';
import type { ApTasklet } from '../ap-driver/ap-tasklet.ts';
import type { ApInstructions, QciInfo } from '../crypto-adapters/ap-instructions.ts';
import { QciFlag, hasQciFlag } from '../crypto-adapters/qci.ts';
import type { AttributeDef } from '../driver-core/attribute.ts';
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
import { ApPermissions, type MaskName } from './ap-permissions.ts';
import { ApQueueDevice } from './ap-queue-device.ts';
import { ApRegistry } from './ap-registry.ts';
import { ApScan } from './ap-scan.ts';
import { cardVariables } from './card-attributes.ts';
import { DriverOverrides, type OverrideLocking } from './driver-overrides.ts';
import { AP_PARAMETERS, masksAtBoot, type ApParameters, type ParameterFiles } from './module-parameters.ts';
import { makeHostTasklet, type HostInterrupts } from './poll-tasklet.ts';
import type { PollThread } from './poll-thread.ts';
import { queueAttributes } from './queue-attributes.ts';
import { secureExecutionUse } from './secure-binding.ts';
import type { ZcryptOptions } from './zcrypt/zcrypt-options.ts';
import { Zcrypt } from './zcrypt/zcrypt.ts';

export interface ApBusParts {
  readonly layer: LockLayer;
  readonly sysfs: Sysfs;
  readonly instructions: ApInstructions;
  readonly log: Logger;
  readonly events: EventLog;
  /** Asks the service element to configure or deconfigure an adapter; null: this machine has no SCLP that could. */
  readonly sclp: ((adapter: number, on: boolean) => MaybePromise<Errno>) | null;
  /** Scan when the machine says that its configuration changed. Default false: a scan is asked for. */
  readonly scanOnChange?: boolean;
  /** Null (default): the host polls its queues. */
  readonly interrupts?: HostInterrupts | null;
  /** Whose behaviour is emulated; default: current. */
  readonly kernel?: KernelProfile;
  /** Module parameters; default none. */
  readonly parameters?: ApParameters;
  /** Runs under z/VM, which polls at another rate. Default false. */
  readonly zvm?: boolean;
  /** A debug build: queues show their states. Default false. */
  readonly debug?: boolean;
  /** A guest with Secure Execution: where the machine can bind queues (APSB), they have to be bound to it. Default false. */
  readonly secureGuest?: boolean;
  /** Known defect: the device's own mutex guards its driver_override. Default: a lock for that alone. */
  readonly overrideLocking?: OverrideLocking;
  /** Known defects of zcrypt; default none. */
  readonly zcryptQuirks?: Omit<ZcryptOptions, 'kernel'>;
}

/** poll_timeout under z/VM, whose own polling takes as long. */
const ZVM_POLL_MS = 1.5;

export class ApBus implements BusFiles, CardPort, ParameterFiles {
  readonly instructions: ApInstructions;
  readonly bus: Bus;
  /** `/sys/devices/ap`: carries the uevents of the bus itself. */
  readonly root: Device;
  readonly permissions: ApPermissions;
  readonly ownership: ApOwnership;
  readonly bindings: ApBindings;
  readonly busScan: ApScan;
  readonly interrupts: boolean;
  readonly kernel: KernelProfile;
  readonly overrides: DriverOverrides;
  readonly tasklet: ApTasklet;
  readonly pollThread: PollThread;
  readonly parameters: ApParameters;
  readonly zcrypt: Zcrypt;
  private readonly parts: ApBusParts;
  private readonly core: ApCore;
  private readonly schedule: () => void;
  /** Null: the host polls. */
  private readonly hostInterrupts: HostInterrupts | null;

  constructor(parts: ApBusParts) {
    const { layer, sysfs, instructions, log, kernel = KERNELS.current, parameters = {} } = parts;
    this.parts = parts;
    this.instructions = instructions;
    this.kernel = kernel;
    this.parameters = parameters;
    this.hostInterrupts = parameters.useirq === 0 ? null : (parts.interrupts ?? null);
    this.interrupts = this.hostInterrupts !== null;
    this.bus = new Bus(sysfs, { name: 'ap', log, uevent: ueventRecorder(parts.events), env: variables });
    this.root = new Device(layer, { name: 'ap', parent: null, bus: this.bus, at: sysfs.mkdir('/sys/devices') });
    this.bus.addRootDevice(this.root);
    this.permissions = new ApPermissions(layer, masksAtBoot(parameters), kernel.attrMutex);
    this.overrides = new DriverOverrides(layer, this.permissions, parts.overrideLocking ?? 'spin-lock');
    this.ownership = new ApOwnership(this.permissions, this.overrides, (it) => this.bindings.hostHas(it));
    const { tasklet, pollThread, schedule } = makeHostTasklet(layer.rt, this.hostInterrupts, {
      slow: kernel.slowPolling,
      ...(parts.zvm === true ? { highTimeoutMs: ZVM_POLL_MS } : {}),
    });
    this.tasklet = tasklet;
    this.pollThread = pollThread;
    this.schedule = schedule;
    const { bus, root, permissions, overrides } = this;
    const shared = { layer, instructions, log, kernel, bus, root, modules: sysfs.mkdir('/sys/module') };
    this.core = {
      ...shared,
      registry: new ApRegistry(layer.rt),
      permissions,
      overrides,
      tasklet,
      port: this,
      queueAttributes: (card: ApCard) => this.queueAttributes(card),
    };
    this.bindings = new ApBindings(this.core);
    this.busScan = new ApScan(this.core, this.bindings, parameters.domain ?? -1);
    this.bus.directory.addAttributes<BusFiles>(AP_BUS_ATTRIBUTES, this);
    sysfs.mkdir('/sys/module/ap/parameters').addAttributes<ParameterFiles>(AP_PARAMETERS, this);
    if (parameters.pollThread === 1) pollThread.start();
    this.zcrypt = new Zcrypt({
      ...{ layer, sysfs, bus, permissions, events: parts.events },
      options: { ...parts.zcryptQuirks, kernel: this.core.kernel },
      rescan: (task) => this.forceRescan(task),
      defaultDomain: () => this.busScan.defaultDomain.index,
      configuration: () => this.busScan.info,
    });
  }

  /** Guards the masks; vfio_ap holds it around its ownership query. */
  get attrMutex(): Mutex {
    return this.permissions.attrMutex;
  }

  /** cex4card and cex4queue. */
  async registerZcrypt(task: Task): Promise<void> {
    const { instructions, tasklet, log } = this.core;
    const aqic = this.hostInterrupts?.aqic ?? null;
    const drivers = this.zcrypt.load({ instructions, tasklet, aqic, warn: (text) => log.warn(text) });
    for (const driver of drivers) await this.registerDriver(task, driver);
  }

  /** The handle is for `unregisterDriver`. */
  async registerDriver(task: Task, driver: ApDriver): Promise<Driver> {
    const handle = await this.bindings.register(task, driver);
    this.bindings.checkComplete(task, this.busScan.count);
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
    this.pollThread.stop();
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
    const next = await this.permissions.commit(task, which, text, {
      anyOverride: (asker) => this.overrides.any(asker),
      inUse: (asker, apm, aqm) => this.bindings.askInUse(asker, apm, aqm),
    });
    if (next === null) return OK;
    if (typeof next === 'number') return next;
    await this.bindings.revise(task);
    if (!this.kernel.maskUevents) return OK;
    // The newline is part of the value, as in the kernel.
    this.bus.send('change', this.root, { [which === 'apm' ? 'APMASK' : 'AQMASK']: `${next.toString()}\n` });
    return OK;
  }

  /** For the file of the module parameter. */
  get defaultDomain(): number {
    return this.busScan.defaultDomain.index;
  }

  /** Is this a guest with Secure Execution whose machine can bind queues? */
  get secureBinding(): boolean {
    const { info } = this.busScan;
    return this.parts.secureGuest === true && info !== null && hasQciFlag(info, QciFlag.APSB);
  }

  private queueAttributes(card: ApCard): readonly AttributeDef<ApQueueDevice>[] {
    const secureBinding = this.secureBinding && secureExecutionUse(card).supported;
    return queueAttributes({ driverOverride: this.kernel.driverOverride, states: this.parts.debug === true, secureBinding });
  }

  clearRequestCounts(adapter: number): void {
    for (const it of this.core.registry.queuesOf(adapter)) {
      if (it.queue === null) continue;
      it.pastRequests = 0;
      it.queue.clearTotalRequests();
    }
  }

  *activeQueues(adapter: number): IterableIterator<ApQueue> {
    for (const { queue } of this.core.registry.queuesOf(adapter)) if (queue !== null) yield queue;
  }

  async configure(_task: Task, card: ApCard, on: boolean): Promise<Errno> {
    if (card.config !== on) {
      const rc = this.parts.sclp === null ? EOPNOTSUPP : await this.parts.sclp(card.id, on);
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
