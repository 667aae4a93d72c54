/**
 * A guest platform straight on the hardware, without a hypervisor: vCPUs execute AP instructions as an LPAR does, interruptions are
 * floating, storage is a map. Some queues of the machine may be all the guest sees.
 */
import { ApMask } from '../../src/base/ap-mask.ts';
import type { ChannelReportWord, EventInformation } from '../../src/base/channel-report.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Task } from '../../src/runtime/task.ts';
import { LockClass } from '../../src/locks/lock-class.ts';
import type { LockLayer } from '../../src/locks/lock-layer.ts';
import type { WaitQueue } from '../../src/locks/wait-queue.ts';
import type { ApInstructions, AqicOperand } from '../../src/crypto-adapters/ap-instructions.ts';
import { parseCardType } from '../../src/crypto-adapters/card-type.ts';
import { CryptoAdapters, type CryptoAdaptersOptions } from '../../src/crypto-adapters/crypto-adapters.ts';
import type { InterruptTarget } from '../../src/crypto-adapters/interrupts.ts';
import { createRsaEngine, type RsaEngine } from '../../src/crypto-adapters/rsa-engine.ts';
import { noService } from '../../src/crypto-adapters/service-model.ts';
import type { GuestCpu, GuestFacilities, GuestPlatform, GuestStorage } from '../../src/guest/guest-port.ts';
import { ChannelSubsystem } from '../../src/vmm/channel-subsystem.ts';

const IDLE_CLASS = new LockClass('plain vCPU idle');
/** One for all tests: its keys and results are remembered across runs. */
const ENGINE: RsaEngine = createRsaEngine({ memo: 10_000 });

export function machine(
  rt: Runtime,
  adapters: readonly (readonly [id: number, type: string])[],
  more: Partial<CryptoAdaptersOptions> = {},
): CryptoAdapters {
  return new CryptoAdapters(rt, {
    adapters: adapters.map(([id, type]) => ({ id, type: parseCardType(type)! })),
    usageDomains: ApMask.of(4, 0x47),
    controlDomains: ApMask.EMPTY,
    service: noService,
    rsa: ENGINE,
    ...more,
  });
}

class PlainStorage implements GuestStorage {
  private readonly bytes = new Map<number, number>();
  private next = 0x10000;

  allocatePage(): number {
    this.next += 0x1000;
    return this.next;
  }

  load(address: number): number {
    return this.bytes.get(address) ?? 0;
  }

  store(address: number, value: number): void {
    this.bytes.set(address, value);
  }
}

interface PlainCpuParts {
  readonly instructions: ApInstructions;
  readonly pending: Set<number>;
  readonly queue: WaitQueue;
  readonly channels: () => ChannelSubsystem;
}

class PlainCpu implements GuestCpu {
  readonly id: number;
  readonly instructions: ApInstructions;
  private readonly pending: Set<number>;
  private readonly queue: WaitQueue;
  private readonly channels: () => ChannelSubsystem;
  private kicked = false;

  constructor(id: number, parts: PlainCpuParts) {
    this.id = id;
    this.instructions = parts.instructions;
    this.pending = parts.pending;
    this.queue = parts.queue;
    this.channels = parts.channels;
  }

  storeChannelReportWord(): ChannelReportWord | null {
    return this.channels().storeChannelReportWord();
  }

  storeEventInformation(): EventInformation {
    return this.channels().storeEventInformation();
  }

  takeInterruption(): number | null {
    for (const isc of this.pending) {
      this.pending.delete(isc);
      return isc;
    }
    return null;
  }

  async idle(task: Task, until: () => boolean, timeoutMs?: number): Promise<boolean> {
    const awake = (): boolean => this.kicked || this.pending.size > 0 || until();
    const ended = await this.queue.wait(task, awake, timeoutMs === undefined ? {} : { timeoutMs });
    this.kicked = false;
    return ended;
  }

  kick(): void {
    this.kicked = true;
    this.queue.wakeAll(null);
  }
}

export class PlainPlatform implements GuestPlatform, InterruptTarget {
  readonly name: string;
  readonly cpus: readonly PlainCpu[];
  readonly storage: GuestStorage = new PlainStorage();
  readonly facilities: GuestFacilities;
  readonly hardware: CryptoAdapters;
  /** Tests take the report away to see what the guest finds by itself. */
  reportsChanges = true;
  /** Interruptions reach nobody, and the guest can tell. */
  swallowsInterruptions = false;
  private readonly pending = new Set<number>();
  private readonly queue: WaitQueue;
  private readonly channels: ChannelSubsystem;
  private reportsOpen = false;

  constructor(
    layer: LockLayer,
    hardware: CryptoAdapters,
    options: { name: string; cpus: number; wrap?: (bare: ApInstructions) => ApInstructions },
  ) {
    this.name = options.name;
    this.hardware = hardware;
    this.facilities = hardware.facilities;
    this.queue = layer.waitQueue(layer.map(IDLE_CLASS, `${options.name} idle`));
    const bare = this.instructions();
    const instructions = options.wrap?.(bare) ?? bare;
    this.cpus = Array.from(
      { length: options.cpus },
      (_, id) => new PlainCpu(id, { instructions, pending: this.pending, queue: this.queue, channels: () => this.channels }),
    );
    this.channels = new ChannelSubsystem(options.name, {
      rt: layer.rt,
      machineCheck: () => {
        for (const cpu of this.cpus) cpu.kick();
      },
    });
    hardware.onConfigurationChange(() => {
      if (!this.reportsChanges) return;
      this.channels.apConfigurationChanged();
    });
  }

  openChannelReports(): void {
    this.reportsOpen = true;
  }

  takeMachineCheck(): boolean {
    return this.reportsOpen && this.channels.takeMachineCheck();
  }

  deliversInterruptions(): boolean {
    return !this.swallowsInterruptions;
  }

  adapterInterruption(isc: number): void {
    if (this.swallowsInterruptions) return;
    this.pending.add(isc);
    this.queue.wakeAll(null);
  }

  private instructions(): ApInstructions {
    const { hardware: hw, storage } = this;
    return {
      tapq: (task, apqn) => hw.tapq(task, apqn),
      rapq: (task, apqn) => hw.rapq(task, apqn),
      zapq: (task, apqn) => hw.zapq(task, apqn),
      aqic: (task, apqn, { ir, isc, nib }: AqicOperand) =>
        hw.aqic(task, apqn, { ir, isc, target: this, nib: nib === 0 ? null : { address: nib, set: () => storage.store(nib, 1) } }),
      qci: (task) => hw.qci(task),
      nqap: (task, apqn, request) => hw.nqap(task, apqn, request),
      dqap: (task, apqn, capacity) => hw.dqap(task, apqn, capacity),
    };
  }
}
