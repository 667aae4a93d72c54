/**
 * The vfio_ap module put together (vfio_ap_drv.c: vfio_ap_init): matrix device, locking design, driver on the AP bus, mdev type.
 */
import type { ApBus } from '../ap-bus/ap-bus.ts';
import type { ApMask } from '../base/ap-mask.ts';
import type { Apqn } from '../base/apqn.ts';
import { EAGAIN, OK, type Errno } from '../base/errno.ts';
import type { EventLog } from '../base/event-log.ts';
import { KERNELS, type KernelProfile } from '../base/kernel-profile.ts';
import type { Logger } from '../base/logger.ts';
import type { CryptoAdapters } from '../crypto-adapters/crypto-adapters.ts';
import type { AttributeDef } from '../driver-core/attribute.ts';
import { Bus } from '../driver-core/bus.ts';
import { Device } from '../driver-core/device.ts';
import type { Driver, DriverOps } from '../driver-core/driver.ts';
import type { Sysfs } from '../driver-core/sysfs.ts';
import { ueventRecorder } from '../driver-core/uevent.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Mutex } from '../locks/mutex.ts';
import type { Task } from '../runtime/task.ts';
import { IommuGroups } from '../vfio/iommu-groups.ts';
import { MdevParent } from '../vfio/mdev-parent.ts';
import { ModuleReference } from '../vfio/module-reference.ts';
import { ApConfig } from './ap-config.ts';
import type { ApMatrixMdev } from './ap-matrix-mdev.ts';
import { Assignment } from './assign.ts';
import { DriverSteps } from './driver-steps.ts';
import { NO_FAULTS, type Faults } from './faults.ts';
import { HostConfiguration } from './host-config.ts';
import type { DesignFactory, LockingDesign } from './locking/port.ts';
import { MatrixDev, type VfioApBus } from './matrix-dev.ts';
import { mdevAttributes } from './mdev-attributes.ts';
import { MdevLifecycle } from './mdev-lifecycle.ts';
import { NO_QUIRKS, quirksOf, type Quirks } from './quirks.ts';
import { QueueBinding } from './queue-binding.ts';
import { VfioApDriver } from './vfio-ap-driver.ts';
import { VfioApQueue } from './vfio-ap-queue.ts';

/** 256 adapters x 256 domains. */
const MAX_INSTANCES = 65_536;
const MODULE = '/sys/module/vfio_ap';

export interface VfioApParts {
  readonly layer: LockLayer;
  readonly sysfs: Sysfs;
  readonly bus: ApBus;
  readonly hardware: CryptoAdapters;
  readonly log: Logger;
  readonly events: EventLog;
  /** Default: current. */
  readonly kernel?: KernelProfile;
  readonly quirks?: Quirks;
  readonly faults?: Faults;
  /** How many mdevs there may be; default one for each APQN. */
  readonly maxInstances?: number;
}

/** The AP bus, as narrow as the driver needs it. */
class BusView implements VfioApBus {
  private readonly bus: ApBus;

  constructor(bus: ApBus) {
    this.bus = bus;
  }

  get attrMutex(): Mutex {
    return this.bus.attrMutex;
  }

  ownsAny(task: Task, apm: ApMask, aqm: ApMask): boolean {
    return this.bus.ownsAny(task, apm, aqm);
  }

  ownsAnyInTheOpen(task: Task, apm: ApMask, aqm: ApMask): Promise<boolean> {
    return this.bus.ownsAnyInTheOpen(task, apm, aqm);
  }

  findVfioQueue(apqn: Apqn): VfioApQueue | null {
    const data = this.bus.findQueue(apqn)?.driverData;
    return data instanceof VfioApQueue ? data : null;
  }
}

/** Of the matrix device. One definition for every machine: the class of its active reference hangs on it. */
const FEATURES: AttributeDef<VfioAp> = { name: 'features', mode: 0o444, show: (_task, { features }) => `${features}\n` };

export class VfioAp {
  readonly matrixDev: MatrixDev;
  readonly design: LockingDesign;
  readonly assignment: Assignment;
  readonly config: ApConfig;
  readonly lifecycle: MdevLifecycle;
  readonly parent: MdevParent;
  private readonly parts: VfioApParts;
  private readonly mdevBus: Bus;
  private readonly module: ModuleReference;
  /** What `load` has registered and `unload` takes back. */
  private loaded: { readonly apDriver: Driver; readonly mdevDriver: Driver } | null = null;
  private readonly driver: VfioApDriver;

  constructor(parts: VfioApParts, makeDesign: DesignFactory) {
    const { layer, sysfs, bus, hardware, log, events, kernel = KERNELS.current, quirks = NO_QUIRKS, faults = NO_FAULTS } = parts;
    this.parts = parts;
    const info = hardware.facilities.qci ? hardware.currentQci() : null;
    this.matrixDev = new MatrixDev(
      { layer, hardware, bus: new BusView(bus), log, events, kernel, quirks: quirksOf(kernel.name, quirks), faults },
      info,
    );
    this.design = makeDesign({ layer, matrixDev: this.matrixDev, steps: new DriverSteps(this.matrixDev) });
    this.design.adoptHost(this.matrixDev);
    this.assignment = new Assignment(this.matrixDev, this.design);
    this.config = new ApConfig(this.matrixDev, this.design);
    this.module = new ModuleReference(layer.rt);
    const surroundings = { groups: new IommuGroups(sysfs), module: this.module };
    this.lifecycle = new MdevLifecycle(this.matrixDev, this.design, surroundings);
    const uevent = ueventRecorder(events);
    const matrixBus = new Bus(sysfs, { name: 'matrix', log, uevent });
    const root = new Device(layer, { name: 'vfio_ap', parent: null, bus: null, at: sysfs.mkdir('/sys/devices') });
    root.publishAlone();
    const device = new Device(layer, { name: 'matrix', parent: root, bus: matrixBus });
    matrixBus.addWithDriver(device, 'vfio_ap').directory.addLink('module', sysfs.mkdir(MODULE));
    if (kernel.features !== null) device.directory.addAttributes([FEATURES], this);
    this.mdevBus = new Bus(sysfs, { name: 'mdev', log, uevent });
    this.parent = new MdevParent(layer, {
      device,
      bus: this.mdevBus,
      sysfs,
      type: { id: 'vfio_ap-passthrough', name: 'VFIO AP Passthrough Device', api: 'vfio-ap' },
      maxInstances: parts.maxInstances ?? MAX_INSTANCES,
      noInstance: kernel.noInstance,
    });
    const { matrixDev, design } = this;
    this.driver = new VfioApDriver(matrixDev, design, {
      binding: new QueueBinding(matrixDev, design),
      configuration: new HostConfiguration(matrixDev, design),
    });
  }

  /** Registers on the AP bus first, then makes the mdev type usable. */
  async load(task: Task): Promise<void> {
    const apDriver = await this.parts.bus.registerDriver(task, this.driver);
    const mdevDriver = await this.mdevBus.registerDriver(task, this.mdevDriver());
    mdevDriver.directory.addLink('module', this.parts.sysfs.mkdir(MODULE));
    this.loaded = { apDriver, mdevDriver };
  }

  /**
   * The module goes for good: with it the mdevs and the type, then the drivers; the queues are reset and have no driver. -EAGAIN, and
   * nothing happens, while a device is open (delete_module: the module is in use), or when it is not loaded.
   */
  async unload(task: Task): Promise<Errno> {
    const { loaded, module, mdevBus, parts } = this;
    if (loaded === null || !module.tryStop()) return EAGAIN;
    this.loaded = null;
    await this.parent.unregister(task);
    await mdevBus.unregisterDriver(task, loaded.mdevDriver);
    await parts.bus.unregisterDriver(task, loaded.apDriver);
    return OK;
  }

  /** The mdev of that UUID; null when there is none. */
  findMdev(uuid: string): ApMatrixMdev | null {
    return this.matrixDev.mdevs.inspect().find((mdev) => mdev.name === uuid) ?? null;
  }

  /** What the driver can do beyond its first version. Tools look for words in it. */
  get features(): string | null {
    return this.matrixDev.host.kernel.features;
  }

  private mdevDriver(): DriverOps {
    const attributes = mdevAttributes(this.matrixDev.host.kernel);
    const { assignment, config, design } = this;
    return {
      name: 'vfio_ap_mdev',
      matches: () => true,
      probe: async (task, device): Promise<Errno> => {
        const mdev = await this.lifecycle.create(task, device);
        device.driverData = mdev;
        device.directory.addAttributes(attributes, { mdev, assignment, config, design });
        return OK;
      },
      remove: async (task, device): Promise<void> => {
        await device.directory.removeAttributes(task, attributes);
        await this.lifecycle.remove(task, device);
        device.driverData = null;
      },
    };
  }
}
