/**
 * A whole host for tests: the machine of the product booted from a specification on either runtime, with every invariant watched, and
 * a test body that runs as a task. At the end every guest gives its device back and nothing of it may be left.
 */
import { InvariantWatch } from '../../src/checkers/invariants.ts';
import { hostView } from '../../src/checkers/host-view.ts';
import { EventLog } from '../../src/base/event-log.ts';
import { createLogger } from '../../src/base/logger.ts';
import { bareStatus } from '../../src/crypto-adapters/ap-status.ts';
import type { CryptoAdapters } from '../../src/crypto-adapters/crypto-adapters.ts';
import { InterpretiveAp } from '../../src/kvm/interpretive-ap.ts';
import { LockLayer } from '../../src/locks/lock-layer.ts';
import type { GuestSpec, HostSpec } from '../../src/machine/host-spec.ts';
import { Machine, mdevPath } from '../../src/machine/machine.ts';
import { countLeftovers, isClean } from '../../src/machine/quiescence.ts';
import type { VirtualMachine } from '../../src/machine/virtual-machine.ts';
import { ControlledRuntime } from '../../src/runtime/controlled.ts';
import { LiveRuntime } from '../../src/runtime/live.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Strategy } from '../../src/runtime/strategy.ts';
import type { Task } from '../../src/runtime/task.ts';
import type { ApMatrixMdev } from '../../src/vfio-ap/ap-matrix-mdev.ts';
import { designByName } from '../../src/vfio-ap/locking/designs.ts';
import type { DesignFactory } from '../../src/vfio-ap/locking/port.ts';
import type { QuirkName } from '../../src/vfio-ap/quirks.ts';
import type { VfioApQueue } from '../../src/vfio-ap/vfio-ap-queue.ts';

export const RUNTIMES = ['live', 'controlled'] as const;
export type RuntimeKind = (typeof RUNTIMES)[number];

/** UUIDs of the mdevs that tests make. */
export const M1 = '11111111-1111-4111-8111-111111111111';
export const M2 = '22222222-2222-4222-8222-222222222222';
export const M3 = '33333333-3333-4333-8333-333333333333';

export const CREATE = '/sys/devices/vfio_ap/matrix/mdev_supported_types/vfio_ap-passthrough/create';
const QUEUES = '/sys/bus/ap/devices';

const guest = (name: string): GuestSpec => ({ name, mdev: null, vcpus: 2, workload: null, apie: true, interrupts: true, attach: false });

/** Adapters 5 and 6, both reserved for guests; four domains; no mdev yet; three guests without a device. */
const STANDARD: HostSpec = {
  kernel: 'current',
  adapters: [
    { id: 5, type: 'CEX5C' },
    { id: 6, type: 'CEX5A' },
  ],
  domains: [4, 0x47, 0xab, 0xff],
  controlDomains: [4, 0x47, 0xab, 0xff],
  apmask: '-5,-6',
  aqmask: null,
  serviceScale: 0,
  mdevs: [],
  guests: [guest('guest1'), guest('guest2'), guest('guest3')],
};

/** Timers wait until no task can go on, as in a run that is fast enough. */
export const TASKS_FIRST: Strategy = {
  choose: (candidates, n) =>
    Math.max(
      0,
      candidates.slice(0, n).findIndex(({ id }) => id >= 0),
    ),
  chooseValue: () => 0,
};

export interface HostOptions {
  readonly spec?: Partial<HostSpec>;
  readonly design?: DesignFactory;
  /** Defects that are switched on. Default: none. */
  readonly quirks?: Iterable<QuirkName>;
  /** Controlled runtime: schedule; default 7. */
  readonly seed?: number;
  readonly strategy?: Strategy;
  /** The test looks at the findings itself. Default: none may be there. */
  readonly findings?: boolean;
  /** Invariants are looked at whenever the state lock is released. Default true. */
  readonly watch?: boolean;
  /** The test leaves something behind on purpose. */
  readonly leftovers?: boolean;
}

export interface Assigned {
  readonly adapters?: readonly number[];
  readonly domains?: readonly number[];
  readonly control?: readonly number[];
}

export class Host {
  readonly rt: Runtime;
  readonly layer: LockLayer;
  readonly machine: Machine;
  /** Lines of the kernel log. */
  readonly log: string[] = [];
  private seen = 0;

  constructor(rt: Runtime, options: HostOptions) {
    this.rt = rt;
    this.layer = new LockLayer(rt);
    const log = createLogger({ level: 'info', now: () => rt.now(), destination: { write: (line: string) => void this.log.push(line) } });
    this.machine = new Machine({
      layer: this.layer,
      spec: { ...STANDARD, ...options.spec },
      design: options.design ?? designByName('guests-lock')!,
      seed: 1,
      quirks: new Set(options.quirks),
      log,
      events: new EventLog(() => rt.now()),
    });
    const { stateLock } = this.machine.vfioAp.design;
    if (options.watch === false || stateLock === null) return;
    new InvariantWatch(this.layer.findings, { view: () => hostView(this.machine), now: () => rt.now() }).watch(stateLock);
  }

  get hardware(): CryptoAdapters {
    return this.machine.hardware;
  }

  read(task: Task, path: string): Promise<string | number> {
    return this.machine.sysfs.read(task, path);
  }

  write(task: Task, path: string, text: string): Promise<number> {
    return this.machine.sysfs.write(task, path, text);
  }

  show(task: Task, uuid: string, attribute: string): Promise<string | number> {
    return this.read(task, mdevPath(uuid, attribute));
  }

  store(task: Task, uuid: string, attribute: string, text: string): Promise<number> {
    return this.write(task, mdevPath(uuid, attribute), text);
  }

  status(task: Task, queue: string): Promise<string | number> {
    return this.read(task, `${QUEUES}/${queue}/status`);
  }

  /** Creates an mdev and assigns to it; every step must succeed. */
  async create(task: Task, uuid: string, what: Assigned = {}): Promise<ApMatrixMdev> {
    const written = await this.write(task, CREATE, uuid);
    if (written < 0) throw new Error(`mdev ${uuid} could not be created: ${written}`);
    await this.assign(task, uuid, what);
    return this.mdev(uuid);
  }

  async assign(task: Task, uuid: string, { adapters = [], domains = [], control = [] }: Assigned): Promise<void> {
    const lists = [
      ['assign_adapter', adapters],
      ['assign_domain', domains],
      ['assign_control_domain', control],
    ] as const;
    for (const [attribute, ids] of lists) {
      for (const id of ids) {
        const result = await this.store(task, uuid, attribute, `${id}`);
        if (result < 0) throw new Error(`${attribute} ${id}: ${result}`);
      }
    }
  }

  mdev(uuid: string): ApMatrixMdev {
    const mdev = this.machine.vfioAp.findMdev(uuid);
    if (mdev === null) throw new Error(`there is no mdev ${uuid}`);
    return mdev;
  }

  vm(name: string): VirtualMachine {
    const vm = this.machine.vm(name);
    if (vm === undefined) throw new Error(`there is no guest ${name}`);
    return vm;
  }

  attach(task: Task, name: string, uuid: string): Promise<number> {
    return this.vm(name).qemu.attach(task, this.mdev(uuid).device);
  }

  detach(task: Task, name: string): Promise<boolean> {
    return this.vm(name).qemu.detach(task);
  }

  /** Ids in the masks of the guest's CRYCB. */
  masks(name: string): { apm: number[]; aqm: number[]; adm: number[] } {
    const { apm, aqm, adm } = this.vm(name).kvm.apcb.inspect();
    return { apm: [...apm.bits()], aqm: [...aqm.bits()], adm: [...adm.bits()] };
  }

  /** The AP instructions of one vCPU. */
  cpu(name: string, vcpu = 0): InterpretiveAp {
    const { kvm } = this.vm(name);
    return new InterpretiveAp(kvm, kvm.vcpus[vcpu]!, this.machine.vfioAp.design);
  }

  /** The queue object of vfio_ap; an error when the queue is not bound to it. */
  queue(apqn: number): VfioApQueue {
    const queue = this.machine.vfioAp.matrixDev.host.bus.findVfioQueue(apqn);
    if (queue === null) throw new Error(`queue ${apqn.toString(16)} is not bound to vfio_ap`);
    return queue;
  }

  driverOf(device: string): string | null {
    const target = this.machine.sysfs.readlink(`${QUEUES}/${device}/driver`);
    return typeof target === 'number' ? null : target.split('/').at(-1)!;
  }

  bind(task: Task, queue: string): Promise<number> {
    return this.write(task, '/sys/bus/ap/drivers/vfio_ap/bind', queue);
  }

  unbind(task: Task, queue: string): Promise<number> {
    return this.write(task, '/sys/bus/ap/drivers/vfio_ap/unbind', queue);
  }

  /** What happened since the last call: resets as `reset 05.0004`, mask changes as `masks guest1`. */
  happened(): string[] {
    const { events } = this.machine.events;
    const recent = events.slice(this.seen);
    this.seen = events.length;
    return recent.flatMap(({ kind, data }) => {
      if (kind === 'vfio_ap.reset') return [`reset ${String(data['queue'])}`];
      return kind === 'kvm.masks' ? [`masks ${String(data['guest'])}`] : [];
    });
  }

  /** Nothing of a guest may be left once it has given its device back. */
  async rest(task: Task, leftovers: boolean): Promise<void> {
    for (const vm of this.machine.vms) await vm.qemu.detach(task);
    this.machine.bus.stop();
    for (const other of [...this.rt.tasks]) if (other !== task && !other.daemon) await this.rt.join(task, other);
    const left = countLeftovers(this.machine, task);
    if (!leftovers && !isClean(left)) throw new Error(`left over: ${JSON.stringify(left)}`);
  }
}

/** Boots the host, runs the body as a task and brings the host to rest. */
export async function onHost(kind: RuntimeKind, options: HostOptions, body: (host: Host, task: Task) => Promise<void>): Promise<void> {
  const { seed = 7, strategy } = options;
  const rt = kind === 'live' ? new LiveRuntime(1) : new ControlledRuntime({ seed, ...(strategy === undefined ? {} : { strategy }) });
  const errors: unknown[] = [];
  rt.onTaskEnd((_task, error) => {
    if (error !== undefined) errors.push(error);
  });
  const host = new Host(rt, options);
  rt.spawn('test', async (task) => {
    await host.machine.boot(task);
    host.happened();
    await body(host, task);
    await host.rest(task, options.leftovers === true);
  });
  const outcome = rt instanceof LiveRuntime ? await rt.settled() : await rt.run();
  host.machine.bus.stop();
  if (rt instanceof LiveRuntime) rt.shutdown();
  if (errors.length > 0) throw errors[0];
  if (options.findings !== true && host.layer.findings.list.length > 0) {
    throw new Error(host.layer.findings.list.map(({ title }) => title).join('\n'));
  }
  if (outcome !== 'done') throw new Error(`the run ended as ${outcome}`);
}

/** Response codes that the hardware gives for one queue, one a call, before it answers for itself again. */
export function script(
  hardware: CryptoAdapters,
  method: 'zapq' | 'tapq' | 'aqic',
  apqn: number,
  codes: readonly number[],
): { calls: number } {
  const made = { calls: 0 };
  const left = [...codes];
  const next = (asked: number): number | undefined => {
    if (asked !== apqn) return undefined;
    made.calls++;
    return left.shift();
  };
  const real = { zapq: hardware.zapq.bind(hardware), tapq: hardware.tapq.bind(hardware), aqic: hardware.aqic.bind(hardware) };
  if (method === 'tapq') {
    hardware.tapq = (task, asked) => {
      const rc = next(asked);
      return rc === undefined ? real.tapq(task, asked) : { status: bareStatus(rc), info: null };
    };
  } else if (method === 'zapq') {
    hardware.zapq = (task, asked) => {
      const rc = next(asked);
      return rc === undefined ? real.zapq(task, asked) : bareStatus(rc);
    };
  } else {
    hardware.aqic = (task, asked, operand) => {
      const rc = next(asked);
      return rc === undefined ? real.aqic(task, asked, operand) : bareStatus(rc);
    };
  }
  return made;
}
