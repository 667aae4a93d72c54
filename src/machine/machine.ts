/**
 * The composition root: builds a host from its specification - hardware, AP bus, vfio_ap with a locking design, guests - and brings it up
 * the way an administrator would, through sysfs.
 */
import { ApBus } from '../ap-bus/ap-bus.ts';
import { ApMask } from '../base/ap-mask.ts';
import { errnoName } from '../base/errno.ts';
import type { EventLog } from '../base/event-log.ts';
import { KERNELS } from '../base/kernel-profile.ts';
import type { Logger } from '../base/logger.ts';
import { Prng } from '../base/prng.ts';
import { parseCardType } from '../crypto-adapters/card-type.ts';
import { CryptoAdapters } from '../crypto-adapters/crypto-adapters.ts';
import { LparInstructions } from '../crypto-adapters/lpar-instructions.ts';
import { QciFlag } from '../crypto-adapters/qci.ts';
import { createRsaEngine, type RsaEngine } from '../crypto-adapters/rsa-engine.ts';
import { noService, weightService } from '../crypto-adapters/service-model.ts';
import { Sysfs } from '../driver-core/sysfs.ts';
import { Gib } from '../kvm/gib.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Task } from '../runtime/task.ts';
import { NO_FAULTS, type Faults } from '../vfio-ap/faults.ts';
import type { DesignFactory } from '../vfio-ap/locking/port.ts';
import { NO_QUIRKS, type Quirks } from '../vfio-ap/quirks.ts';
import { VfioAp } from '../vfio-ap/vfio-ap.ts';
import { HostLoad } from './host-load.ts';
import type { GuestSpec, HostSpec, MdevSpec } from './host-spec.ts';
import { VirtualMachine, type CodeTrace } from './virtual-machine.ts';

export interface MachineOptions {
  readonly layer: LockLayer;
  readonly spec: HostSpec;
  readonly design: DesignFactory;
  readonly seed: number;
  readonly log: Logger;
  readonly events: EventLog;
  /** Results of the cards are remembered by (key, input): for runs that repeat the same work many times. Default 0: not. */
  readonly rsaMemo?: number;
  /** Shared between machines of one process; default: one of its own. */
  readonly rsa?: RsaEngine;
  readonly onOperation?: () => void;
  /** How long a guest's operation waits for a card to come back; default: the guest's. */
  readonly retryLimitMs?: number;
  /** Guests without a workload run nothing at all, instead of a kernel that serves interrupts and rescans. Default false. */
  readonly bareGuests?: boolean;
  readonly trace?: CodeTrace;
  /** Known defects that are switched on; default none. */
  readonly quirks?: Quirks;
  /** Places that may fail; default none. */
  readonly faults?: Faults;
}

const CREATE = '/sys/devices/vfio_ap/matrix/mdev_supported_types/vfio_ap-passthrough/create';
export const mdevPath = (uuid: string, attribute: string): string => `/sys/devices/vfio_ap/matrix/${uuid}/${attribute}`;

/** Address of the host's notification byte in its own storage. */
const HOST_NIB = 0x2000;
/** The kernel takes AP interruptions on this ISC. */
const AP_ISC = 6;

/** A step of bringing the host up was refused. */
export class BootError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BootError';
  }
}

export class Machine {
  readonly spec: HostSpec;
  readonly layer: LockLayer;
  readonly events: EventLog;
  readonly hardware: CryptoAdapters;
  readonly sysfs: Sysfs;
  readonly bus: ApBus;
  readonly vfioAp: VfioAp;
  readonly vms: readonly VirtualMachine[];
  /** Crypto users of the host itself; null: none. */
  readonly hostLoad: HostLoad | null;

  constructor(options: MachineOptions) {
    const { layer, spec, log, events } = options;
    this.spec = spec;
    this.layer = layer;
    this.events = events;
    this.hardware = makeHardware(options);
    this.sysfs = new Sysfs(layer);
    this.bus = makeBus(options, this.hardware, this.sysfs);
    const { hardware, sysfs, bus } = this;
    const { quirks = NO_QUIRKS, faults = NO_FAULTS } = options;
    const kernel = KERNELS[spec.kernel];
    this.vfioAp = new VfioAp({ layer, sysfs, bus, hardware, log, events, kernel, quirks, faults }, options.design);
    const { design } = this.vfioAp;
    if (design.hotPlug && !kernel.hotPlug)
      throw new BootError(`kernel ${kernel.name} has no hot plug: expected a locking design without, got ${design.name}`);
    // Checked from the first acquisition on: an order that contradicts the design's is reported without its counterpart having occurred.
    for (const chain of design.order) layer.declareOrder(chain, design.name);
    const random = new Prng(options.seed);
    const onOperation = options.onOperation ?? (() => undefined);
    const { retryLimitMs, bareGuests, trace } = options;
    const host = {
      layer,
      hardware,
      events,
      kernel,
      design: this.vfioAp.design,
      restartsVsie: !quirks.has('vsie-no-restart'),
      statusInHighHalf: quirks.has('Q13'),
      gib: new Gib(),
      ultravisorAiv: spec.ultravisorAiv ?? false,
      deviceListOrder: quirks.has('Q16') ? ('inside' as const) : ('outside' as const),
      onOperation,
      ...(retryLimitMs === undefined ? {} : { retryLimitMs }),
      ...(bareGuests === undefined ? {} : { bareGuests }),
      ...(trace === undefined ? {} : { trace }),
    };
    this.hostLoad = makeHostLoad(this, options, random.fork('host'));
    this.vms = spec.guests.map((guest) => new VirtualMachine(host, guest, random.fork(guest.name).next()));
  }

  /** Drivers, masks, first scan, mdevs with their assignments, attached guests. BootError says which step was refused, and how. */
  async boot(task: Task): Promise<void> {
    await this.bus.registerZcrypt(task);
    await this.vfioAp.load(task);
    const { apmask, aqmask, mdevs, guests } = this.spec;
    if (apmask !== null) await this.store(task, '/sys/bus/ap/apmask', apmask);
    if (aqmask !== null) await this.store(task, '/sys/bus/ap/aqmask', aqmask);
    await this.bus.scan(task);
    for (const mdev of mdevs) await this.createMdev(task, mdev);
    for (const guest of guests) if (guest.attach && guest.mdev !== null) await this.attach(task, guest);
  }

  vm(name: string): VirtualMachine | undefined {
    return this.vms.find((vm) => vm.spec.name === name);
  }

  /** UUID of the mdev that this guest uses. */
  mdevOf(guest: GuestSpec): MdevSpec | undefined {
    return this.spec.mdevs.find((mdev) => mdev.name === guest.mdev);
  }

  private async createMdev(task: Task, mdev: MdevSpec): Promise<void> {
    await this.store(task, CREATE, mdev.uuid);
    for (const id of mdev.adapters) await this.store(task, mdevPath(mdev.uuid, 'assign_adapter'), `${id}`);
    for (const id of mdev.domains) await this.store(task, mdevPath(mdev.uuid, 'assign_domain'), `${id}`);
    for (const id of mdev.controlDomains) await this.store(task, mdevPath(mdev.uuid, 'assign_control_domain'), `${id}`);
  }

  private async attach(task: Task, guest: GuestSpec): Promise<void> {
    const mdev = this.vfioAp.findMdev(this.mdevOf(guest)!.uuid);
    const errno = await this.vm(guest.name)!.qemu.attach(task, mdev!.device);
    if (errno < 0) throw new BootError(`guest ${guest.name}: expected its mdev ${guest.mdev} to open, got ${errnoName(errno)}`);
  }

  private async store(task: Task, path: string, text: string): Promise<void> {
    const result = await this.sysfs.write(task, path, text);
    if (result < 0) throw new BootError(`write ${JSON.stringify(text)} to ${path}: expected success, got ${errnoName(result)}`);
  }
}

function makeHostLoad({ bus }: Machine, options: MachineOptions, random: Prng): HostLoad | null {
  const { layer, spec, events, retryLimitMs, onOperation = () => undefined } = options;
  if (spec.workload === undefined) return null;
  const patience = retryLimitMs === undefined ? {} : { retryLimitMs };
  return new HostLoad({ layer, events, programs: spec.workload, random, open: () => bus.zcrypt.open(), onOperation, ...patience });
}

function makeHardware({ layer, spec, seed, rsa, rsaMemo, faults = NO_FAULTS }: MachineOptions): CryptoAdapters {
  const adapters = spec.adapters.map(({ id, type }) => {
    const card = parseCardType(type);
    if (card === undefined) throw new BootError(`adapter ${id}: expected a card type such as CEX8C, got ${type}`);
    return { id, type: card };
  });
  return new CryptoAdapters(layer.rt, {
    adapters,
    apxa: spec.apxa ?? true,
    usageDomains: ApMask.from(spec.domains),
    controlDomains: ApMask.from(spec.controlDomains),
    // QACT is not announced: nobody answers it.
    flags: QciFlag.APSC | QciFlag.APXA,
    places: faults,
    service: spec.serviceScale === 0 ? noService : weightService(spec.serviceScale),
    seed,
    rsa: rsa ?? createRsaEngine(rsaMemo === undefined ? {} : { memo: rsaMemo }),
  });
}

function makeBus({ layer, spec, log, events, quirks = NO_QUIRKS }: MachineOptions, hardware: CryptoAdapters, sysfs: Sysfs): ApBus {
  // The bus is the target of the host's interruptions, and needs the instructions that are told about the target.
  const target = { adapterInterruption: (): void => bus.adapterInterruption() };
  const instructions = new LparInstructions(hardware, target);
  const indicator = new Uint8Array(1);
  instructions.registerNotificationByte({ address: HOST_NIB, set: () => indicator.fill(1) });
  const bus = new ApBus({
    layer,
    sysfs,
    instructions,
    log,
    events,
    sclp: (adapter, on) => hardware.configure(adapter, on),
    interrupts: { aqic: { ir: true, isc: AP_ISC, nib: HOST_NIB }, clearNotification: () => indicator.fill(0) },
    kernel: KERNELS[spec.kernel],
    zcryptQuirks: { addsLastWeight: quirks.has('weight-of-last-card'), destroysUnderMutex: quirks.has('node-destroyed-under-mutex') },
    ...(quirks.has('override-device-lock') ? { overrideLocking: 'device-lock' as const } : {}),
  });
  return bus;
}
