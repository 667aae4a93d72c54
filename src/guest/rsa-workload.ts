/**
 * A program in a guest that does RSA operations one after another on each vCPU and checks every result by an independent computation.
 */
import { EINVAL, ENODEV, errnoName, ETIME } from '../base/errno.ts';
import type { EventLog } from '../base/event-log.ts';
import type { Prng } from '../base/prng.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import { failureText, type GuestCrypto } from './guest-crypto.ts';
import type { GuestCpu } from './guest-port.ts';
import type { GuestStatistics } from './guest-statistics.ts';
import { Patience } from './patience.ts';
import { rsaKeys } from './rsa-key-pool.ts';
import { drawRsaOperation, type RsaMix, type RsaOperation } from './rsa-operation.ts';

export interface RsaWorkloadOptions extends RsaMix {
  /** Per vCPU. */
  readonly operations: number;
}

export interface RsaWorkloadParts {
  readonly rt: Runtime;
  readonly name: string;
  readonly crypto: GuestCrypto;
  readonly statistics: GuestStatistics;
  readonly events: EventLog;
  readonly random: Prng;
  /** How long an operation tries to get past transient errors. */
  readonly retryLimitMs: number;
  /** Called after each operation. */
  onOperation(): void;
}

/** How long an operation that is under way may take after `stop`. */
const STOP_GRACE_MS = 1000;

export class RsaWorkload {
  private readonly options: RsaWorkloadOptions;
  private readonly parts: RsaWorkloadParts;
  private stopped = false;
  private hopeless = false;

  /** Throws a RangeError when there are no keys of a length asked for. */
  constructor(options: RsaWorkloadOptions, parts: RsaWorkloadParts) {
    for (const bits of options.bits) rsaKeys(bits);
    if (options.bits.length === 0 || options.forms.length === 0) {
      throw new RangeError(`expected at least one key length and one form, got ${options.bits.length} and ${options.forms.length}`);
    }
    this.options = options;
    this.parts = parts;
  }

  /** No further operation begins. */
  stop(): void {
    this.stopped = true;
  }

  /** All operations of one vCPU. */
  async run(task: Task, cpu: GuestCpu): Promise<void> {
    const random = this.parts.random.fork(`${this.parts.name} cpu ${cpu.id}`);
    for (let n = 0; n < this.options.operations && !this.stopped; n++)
      await this.operate(task, cpu, drawRsaOperation(random, this.options));
  }

  private async operate(task: Task, cpu: GuestCpu, operation: RsaOperation): Promise<void> {
    const { rt, crypto, statistics, retryLimitMs } = this.parts;
    const since = rt.now();
    const patience = new Patience(this.hopeless ? 0 : retryLimitMs, () => this.stopped, STOP_GRACE_MS);
    const result = await crypto.rsa({ task, cpu, patience }, operation.request);
    const took = rt.now() - since;
    // A guest that has lost its last card for good does not wait for it again before each operation.
    this.hopeless = !('output' in result) && result.errno === ENODEV;
    if ('output' in result) {
      if (operation.verify(result.output)) statistics.succeeded(took);
      else this.complain(took, `${operation.what}: wrong result`);
    } else if (this.stopped && result.errno !== EINVAL) {
      // Stopped in the middle of its retries: neither done nor wrong.
      return;
    } else {
      const silent = result.errno === ETIME ? `no answer within ${retryLimitMs} ms (${errnoName(ETIME)})` : failureText(result.errno);
      this.complain(took, `${operation.what}: ${silent}`);
    }
    this.parts.onOperation();
  }

  private complain(ms: number, why: string): void {
    const { statistics, events, name } = this.parts;
    statistics.failed(ms, why);
    events.emit('guest.operation-failed', name, { guest: name, why });
  }
}
