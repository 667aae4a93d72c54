/**
 * A host with an AP bus for tests: real hardware model, real sysfs, zcrypt and a stand-in for vfio_ap, under either runtime.
 */
import { ApMask } from '../../src/base/ap-mask.ts';
import { OK, type Errno } from '../../src/base/errno.ts';
import { EventLog, type LogEvent } from '../../src/base/event-log.ts';
import { createLogger } from '../../src/base/logger.ts';
import { ApBus, type ApBusParts } from '../../src/ap-bus/ap-bus.ts';
import type { ApCard } from '../../src/ap-bus/ap-card.ts';
import type { ApDriver } from '../../src/ap-bus/ap-driver-port.ts';
import { ApQueueDevice } from '../../src/ap-bus/ap-queue-device.ts';
import type { ApInstructions, QciInfo } from '../../src/crypto-adapters/ap-instructions.ts';
import { parseCardType, type CardType } from '../../src/crypto-adapters/card-type.ts';
import { CryptoAdapters, type CryptoAdaptersOptions } from '../../src/crypto-adapters/crypto-adapters.ts';
import { LparInstructions } from '../../src/crypto-adapters/lpar-instructions.ts';
import { createRsaEngine } from '../../src/crypto-adapters/rsa-engine.ts';
import { noService } from '../../src/crypto-adapters/service-model.ts';
import { Sysfs } from '../../src/driver-core/sysfs.ts';
import { LockLayer } from '../../src/locks/lock-layer.ts';
import { ControlledRuntime } from '../../src/runtime/controlled.ts';
import { LiveRuntime } from '../../src/runtime/live.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Task } from '../../src/runtime/task.ts';
import { TASKS_FIRST } from '../helpers/host.ts';

export const RUNTIMES = ['live', 'controlled'] as const;
export type RuntimeKind = (typeof RUNTIMES)[number];

/** Takes what is not the host's and writes down what it is told. */
export class FakeVfioAp implements ApDriver {
  readonly name = 'vfio_ap';
  readonly isDefault = false;
  readonly calls: string[] = [];
  asked: { apm: ApMask; aqm: ApMask }[] = [];
  /** Answer of in_use. */
  answer: Errno = OK;
  changes: { next: QciInfo; previous: QciInfo }[] = [];

  matches(device: ApCard | ApQueueDevice): boolean {
    return device instanceof ApQueueDevice;
  }

  async probe(_task: Task, device: ApCard | ApQueueDevice): Promise<Errno> {
    this.calls.push(`probe ${device.device.name}`);
    return OK;
  }

  async remove(_task: Task, device: ApCard | ApQueueDevice): Promise<void> {
    this.calls.push(`remove ${device.device.name}`);
  }

  async inUse(_task: Task, apm: ApMask, aqm: ApMask): Promise<Errno> {
    this.asked.push({ apm, aqm });
    return this.answer;
  }

  async onConfigChanged(_task: Task, next: QciInfo, previous: QciInfo): Promise<void> {
    this.calls.push('config changed');
    this.changes.push({ next, previous });
  }

  async onScanComplete(_task: Task): Promise<void> {
    this.calls.push('scan complete');
  }
}

export interface MachineOptions {
  readonly hardware?: Partial<CryptoAdaptersOptions>;
  readonly vfioAp?: boolean;
  readonly zcrypt?: boolean;
  readonly scan?: boolean;
  /** Puts something between the bus and the hardware. */
  readonly wrap?: (instructions: ApInstructions, rt: Runtime) => ApInstructions;
  /** Expect findings; default none. */
  readonly findings?: boolean;
  readonly interrupts?: boolean;
  /** Controlled runtime: timers wait until no task can go on, for tests in which the hardware is slow. Default: any order, from a seed. */
  readonly slowTimers?: boolean;
  /** What else the bus is built with. */
  readonly parts?: Partial<ApBusParts>;
}

export interface Machine {
  readonly rt: Runtime;
  readonly layer: LockLayer;
  readonly sysfs: Sysfs;
  readonly hardware: CryptoAdapters;
  readonly bus: ApBus;
  readonly vfio: FakeVfioAp;
  readonly log: string[];
  /** Uevents since the last call. */
  readonly uevents: () => { action: string; path: string; env: Record<string, unknown> }[];
  readonly read: (task: Task, path: string) => Promise<string | number>;
  readonly write: (task: Task, path: string, text: string) => Promise<number>;
}

export const typeOf = (text: string): CardType => {
  const type = parseCardType(text);
  if (type === undefined) throw new Error(`no card type ${text}`);
  // M1 says ML 0.
  return { ...type, ml: 0 };
};

const mask = (...bits: number[]): ApMask => ApMask.from(bits);

export const M1: Pick<CryptoAdaptersOptions, 'adapters' | 'usageDomains' | 'controlDomains' | 'nd'> = {
  adapters: [
    { id: 3, type: typeOf('CEX8C') },
    { id: 4, type: typeOf('CEX8A') },
    { id: 5, type: typeOf('CEX8P') },
  ],
  usageDomains: mask(6, 13),
  controlDomains: mask(4, 6, 13),
  nd: 84,
};

function build(rt: Runtime, options: MachineOptions): Machine {
  const layer = new LockLayer(rt);
  const hardware = new CryptoAdapters(rt, { ...M1, service: noService, rsa: createRsaEngine(), ...options.hardware });
  const log: string[] = [];
  const seen: LogEvent[] = [];
  const events = new EventLog(() => rt.now());
  events.onEvent((event) => seen.push(event));
  const logger = createLogger({ level: 'debug', now: () => rt.now(), destination: { write: (line: string) => void log.push(line) } });
  const sysfs = new Sysfs(layer);
  const ports: { bus?: ApBus } = {};
  const lpar = new LparInstructions(hardware, { adapterInterruption: () => ports.bus?.adapterInterruption() });
  let indicator = 0;
  lpar.registerNotificationByte({ address: 0x1000, set: () => indicator++ });
  const interrupts = { aqic: { ir: true, isc: 6, nib: 0x1000 }, clearNotification: () => (indicator = 0) };
  const bus = new ApBus({
    layer,
    sysfs,
    instructions: options.wrap?.(lpar, rt) ?? lpar,
    log: logger,
    events,
    sclp: (adapter, on) => hardware.configure(adapter, on),
    interrupts: options.interrupts === false ? null : interrupts,
    ...options.parts,
  });
  ports.bus = bus;
  return {
    rt,
    layer,
    sysfs,
    hardware,
    bus,
    vfio: new FakeVfioAp(),
    log,
    uevents: () =>
      seen
        .splice(0)
        .filter(({ kind }) => kind === 'uevent')
        .map(({ data: { action, path, ...env } }) => ({ action: String(action), path: String(path), env })),
    read: (task, path) => sysfs.read(task, path),
    write: (task, path, text) => sysfs.write(task, path, text),
  };
}

/** Builds the machine, brings it up and runs the body as its only foreground task; fails on findings. */
export async function onMachine(
  kind: RuntimeKind,
  options: MachineOptions,
  body: (m: Machine, task: Task) => Promise<void>,
): Promise<void> {
  let failure: unknown;
  let machine: Machine | undefined;
  const main = (m: Machine) => async (task: Task) => {
    if (options.zcrypt !== false) await m.bus.registerZcrypt(task);
    if (options.vfioAp !== false) await m.bus.registerDriver(task, m.vfio);
    if (options.scan !== false) await m.bus.scan(task);
    await body(m, task);
  };
  if (kind === 'live') {
    const rt = new LiveRuntime(1);
    rt.onTaskEnd((_task, error) => (failure ??= error));
    machine = build(rt, options);
    rt.spawn('test', main(machine));
    const outcome = await rt.settled();
    machine.bus.stop();
    rt.shutdown();
    if (failure === undefined && outcome !== 'done') throw new Error(`the run ended as ${outcome}`);
  } else {
    const rt = new ControlledRuntime(options.slowTimers === true ? { seed: 7, strategy: TASKS_FIRST } : { seed: 7 });
    rt.onTaskEnd((_task, error) => (failure ??= error));
    machine = build(rt, options);
    rt.spawn('test', main(machine));
    const outcome = await rt.run();
    if (failure === undefined && outcome !== 'done') throw new Error(`the run ended as ${outcome}`);
  }
  if (failure !== undefined) throw failure;
  if (options.findings !== true && machine.layer.findings.list.length > 0) {
    throw new Error(machine.layer.findings.list.map((finding) => finding.title).join('\n'));
  }
}

/** Name of the driver a device is bound to, through sysfs; null when it is unbound. */
export function driverOf(m: Machine, device: string): string | null {
  const target = m.sysfs.readlink(`/sys/bus/ap/devices/${device}/driver`);
  return typeof target === 'number' ? null : target.split('/').at(-1)!;
}
