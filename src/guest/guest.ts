/**
 * A guest: its kernel's AP bus, the crypto layer on top and a workload, run by one task a vCPU.
 */
import type { EventLog } from '../base/event-log.ts';
import { Prng } from '../base/prng.ts';
import type { Apqn } from '../base/apqn.ts';
import type { Task } from '../runtime/task.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import { GuestApBus } from './guest-ap-bus.ts';
import { GuestCrypto } from './guest-crypto.ts';
import { GuestInterrupts } from './guest-interrupts.ts';
import type { GuestCpu, GuestPlatform } from './guest-port.ts';
import type { GuestQueue } from './guest-queue.ts';
import { GuestStatistics } from './guest-statistics.ts';
import { RsaWorkload, type RsaWorkloadOptions } from './rsa-workload.ts';
import { VcpuInstructions } from './vcpu-instructions.ts';

export interface GuestOptions {
  readonly seed: number;
  /** null: the guest only serves interrupts and rescans until it is stopped. */
  readonly workload: RsaWorkloadOptions | null;
  readonly events: EventLog;
  /** Use AP interrupts when the platform has them; default true. */
  readonly interrupts?: boolean;
  /** Bound on how long a card that comes back is not noticed; default 250 ms, 0 for no periodic scan. */
  readonly rescanMs?: number;
  /** How long an operation tries to get past transient errors; default 20 s. */
  readonly retryLimitMs?: number;
  /** The request timer of the queues; default 900 s. */
  readonly requestTimeoutMs?: number;
  /** Called after each operation, for events that begin at a share of the operations. */
  readonly onOperation?: () => void;
}

type Phase = 'new' | 'booting' | 'running' | 'down';

export class Guest {
  readonly name: string;
  readonly statistics = new GuestStatistics();
  readonly interrupts: GuestInterrupts;
  private readonly platform: GuestPlatform;
  private readonly instructions = new VcpuInstructions();
  private readonly bus: GuestApBus;
  private readonly workload: RsaWorkload | null;
  private readonly expected: number;
  private phase: Phase = 'new';
  private queuesAtEnd: readonly Apqn[] = [];
  private stopping = false;
  /** vCPUs that have not ended their work. */
  private working: number;

  constructor(layer: LockLayer, platform: GuestPlatform, options: GuestOptions) {
    const { facilities, storage, name, cpus } = platform;
    this.name = name;
    this.platform = platform;
    this.working = cpus.length;
    this.expected = (options.workload?.operations ?? 0) * cpus.length;
    const nib = facilities.aqic && (options.interrupts ?? true) ? storage.allocatePage() : 0;
    // The kernel takes such pages from memory for devices, which a protected guest shares.
    if (nib !== 0) storage.share?.(nib);
    const interrupts = new GuestInterrupts(layer.rt, platform, nib);
    this.interrupts = interrupts;
    const { events, requestTimeoutMs } = options;
    this.bus = new GuestApBus(layer, {
      ...{ name, instructions: this.instructions, interrupts, facilities, nib, events },
      rescanMs: options.rescanMs ?? 250,
      ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }),
    });
    this.workload = options.workload === null ? null : this.program(layer, options.workload, options);
  }

  /** Without a workload the tasks of the vCPUs end only after `stop`: spawn them as daemons. */
  get daemon(): boolean {
    return this.workload === null;
  }

  get progress(): { readonly operations: number; readonly expected: number } {
    return { operations: this.statistics.operations, expected: this.expected };
  }

  /** The queues it has, or had when it shut down. */
  get lastQueues(): readonly Apqn[] {
    return this.phase === 'down' ? this.queuesAtEnd : [...this.bus.queues.keys()];
  }

  get queues(): ReadonlyMap<Apqn, GuestQueue> {
    return this.bus.queues;
  }

  /** Scans of its AP bus so far. */
  get scans(): number {
    return this.bus.scans;
  }

  /** Requests of this guest that have not ended. */
  get outstanding(): number {
    return this.bus.outstanding;
  }

  /** Callable without a task: no operation begins any more, the vCPUs shut down and end. */
  stop(): void {
    this.stopping = true;
    this.workload?.stop();
    this.kickAll();
  }

  /** Boots on this vCPU: the first scan. Whichever vCPU runs first does it, so that nobody has to call it. */
  async boot(task: Task, cpu: GuestCpu): Promise<void> {
    this.phase = 'booting';
    this.instructions.enter(task, cpu);
    await this.bus.boot(task);
    this.phase = 'running';
    this.kickAll();
  }

  /** The life of one vCPU; its task ends with it. All vCPUs of the platform must be run. */
  async runVcpu(task: Task, cpu: GuestCpu): Promise<void> {
    this.instructions.enter(task, cpu);
    try {
      if (this.phase === 'new') await this.boot(task, cpu);
      await this.interrupts.wait(task, cpu, () => this.phase !== 'booting');
      if (this.phase === 'running') await this.work(task, cpu);
      if (--this.working === 0) await this.shutdown(task);
      // A vCPU without work of its own goes on taking interrupts for the others.
      await this.interrupts.wait(task, cpu, () => this.phase === 'down');
    } finally {
      // Also when something broke here: the other vCPUs must not wait for this one.
      this.phase = 'down';
      this.kickAll();
      this.instructions.leave(task);
    }
  }

  private async work(task: Task, cpu: GuestCpu): Promise<void> {
    if (this.workload !== null) await this.workload.run(task, cpu);
    else await this.interrupts.wait(task, cpu, () => this.stopping);
  }

  private async shutdown(task: Task): Promise<void> {
    this.queuesAtEnd = [...this.bus.queues.keys()];
    await this.bus.shutdown(task);
    this.phase = 'down';
    this.kickAll();
  }

  private program(layer: LockLayer, workload: RsaWorkloadOptions, options: GuestOptions): RsaWorkload {
    const { bus, interrupts, statistics, name } = this;
    return new RsaWorkload(workload, {
      rt: layer.rt,
      name,
      crypto: new GuestCrypto(layer.rt, { bus, interrupts, statistics }),
      statistics,
      events: options.events,
      random: new Prng(options.seed),
      retryLimitMs: options.retryLimitMs ?? 20_000,
      onOperation: () => options.onOperation?.(),
    });
  }

  private kickAll(): void {
    for (const cpu of this.platform.cpus) cpu.kick();
  }
}
