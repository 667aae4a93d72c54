/**
 * A program in a guest that does RSA operations one after another on each vCPU and checks every result by an independent computation.
 */
import { EINVAL, ENODEV, errnoName, ETIME } from '../base/errno.ts';
import type { EventLog } from '../base/event-log.ts';
import type { Prng } from '../base/prng.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { RsaRequest } from '../crypto-adapters/messages/rsa-types.ts';
import { failureText, type GuestCrypto } from './guest-crypto.ts';
import type { GuestCpu } from './guest-port.ts';
import type { GuestStatistics } from './guest-statistics.ts';
import { Patience } from './patience.ts';
import { rsaKeys, type RsaKey } from './rsa-key-pool.ts';

export interface RsaWorkloadOptions {
  /** Per vCPU. */
  readonly operations: number;
  /** Modulus lengths to mix. */
  readonly bits: readonly number[];
  readonly forms: readonly ('mex' | 'crt')[];
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

interface Operation {
  readonly what: string;
  readonly request: RsaRequest;
  /** Is this the right result? */
  readonly verify: (output: Uint8Array) => boolean;
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
    for (let n = 0; n < this.options.operations && !this.stopped; n++) await this.operate(task, cpu, this.draw(random));
  }

  private async operate(task: Task, cpu: GuestCpu, operation: Operation): Promise<void> {
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

  private draw(random: Prng): Operation {
    const key = random.pick(rsaKeys(random.pick(this.options.bits)));
    const form = random.pick(this.options.forms);
    const input = messageBelow(key, random);
    if (form === 'crt') {
      const { p, q, dp, dq, qi } = key;
      return privateOperation(key, { kind: 'crt', p, q, dp, dq, u: qi, input });
    }
    if (random.oneIn(2)) return privateOperation(key, { kind: 'mex', modulus: key.n, exponent: key.d, input });
    return {
      what: `RSA-${key.bits} mex, public exponent`,
      request: { kind: 'mex', modulus: key.n, exponent: key.e, input },
      verify: (output) => same(output, key.publicOperation(input)),
    };
  }
}

/** The public operation undoes the private one. */
function privateOperation(key: RsaKey, request: RsaRequest): Operation {
  const what = `RSA-${key.bits} ${request.kind === 'crt' ? 'crt' : 'mex, private exponent'}`;
  const below = (output: Uint8Array): boolean => output.length === key.n.length && Buffer.compare(output, key.n) < 0;
  return { what, request, verify: (output) => below(output) && same(key.publicOperation(output), request.input) };
}

/** Below the modulus because its first byte is; the moduli of the pool begin with 0x80 at least. */
function messageBelow(key: RsaKey, random: Prng): Uint8Array {
  const message = random.bytes(key.n.length);
  message[0] = random.below(key.n[0]!);
  return message;
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
