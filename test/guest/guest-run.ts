/**
 * Builds a guest over plain hardware in a runtime and runs it to its end.
 */
import { EventLog } from '../../src/base/event-log.ts';
import { LockLayer } from '../../src/locks/lock-layer.ts';
import type { CryptoAdaptersOptions } from '../../src/crypto-adapters/crypto-adapters.ts';
import type { ApInstructions } from '../../src/crypto-adapters/ap-instructions.ts';
import { Guest, type GuestOptions } from '../../src/guest/guest.ts';
import { settle, type AnyRuntime } from '../helpers/in-task.ts';
import { machine, PlainPlatform } from '../helpers/plain-platform.ts';

export interface Setup {
  readonly adapters?: readonly (readonly [id: number, type: string])[];
  readonly hardware?: Partial<CryptoAdaptersOptions>;
  readonly cpus?: number;
  readonly guest?: Partial<GuestOptions>;
  readonly wrap?: (bare: ApInstructions) => ApInstructions;
}

export class GuestRun {
  readonly rt: AnyRuntime;
  readonly layer: LockLayer;
  readonly events: EventLog;
  readonly platform: PlainPlatform;
  readonly guest: Guest;

  constructor(rt: AnyRuntime, setup: Setup = {}) {
    this.rt = rt;
    this.layer = new LockLayer(rt);
    this.events = new EventLog(() => rt.now());
    const hardware = machine(
      rt,
      setup.adapters ?? [
        [5, 'CEX8C'],
        [6, 'CEX8A'],
      ],
      setup.hardware,
    );
    this.platform = new PlainPlatform(this.layer, hardware, {
      name: 'guest1',
      cpus: setup.cpus ?? 2,
      ...(setup.wrap === undefined ? {} : { wrap: setup.wrap }),
    });
    this.guest = new Guest(this.layer, this.platform, {
      seed: 7,
      workload: { operations: 12, bits: [512, 1024, 2048], forms: ['mex', 'crt'] },
      events: this.events,
      ...setup.guest,
    });
  }

  get hardware(): PlainPlatform['hardware'] {
    return this.platform.hardware;
  }

  /** Kinds of the guest's events about one queue, in order. */
  kinds(queue: string): string[] {
    return this.events.events.filter(({ data }) => data['queue'] === queue).map(({ kind }) => kind);
  }

  /** Runs all vCPUs to their end. */
  async run(): Promise<void> {
    for (const cpu of this.platform.cpus) {
      this.rt.spawn(`guest1 CPU ${cpu.id}/KVM`, (task) => this.guest.runVcpu(task, cpu), { daemon: this.guest.daemon });
    }
    await settle(this.rt);
  }
}
