/**
 * RSA requests of a guest's programs: choice of the queue, message, reply, retry (the zcrypt layer of a guest's kernel and the library on
 * top of it that tries again while cards come and go).
 */
import { EAGAIN, EINVAL, ENODEV, ETIME, OK, errnoName, type Errno } from '../base/errno.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import { RetryPenalty } from '../crypto-adapters/card-type.ts';
import { decodeRsaReply, encodeRsaRequest, type RsaMode } from '../crypto-adapters/messages/rsa-request.ts';
import type { RsaRequest } from '../crypto-adapters/messages/rsa-types.ts';
import { QueueLedger } from '../ap-driver/queue-ledger.ts';
import type { GuestApBus } from './guest-ap-bus.ts';
import type { GuestInterrupts } from './guest-interrupts.ts';
import type { GuestCpu } from './guest-port.ts';
import type { GuestQueue } from './guest-queue.ts';
import { Patience } from './patience.ts';
import type { GuestStatistics } from './guest-statistics.ts';

export type CryptoResult = { readonly output: Uint8Array } | { readonly errno: Errno };

const FIRST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 50;

interface Pick {
  readonly target: GuestQueue;
  readonly mode: RsaMode;
  readonly weight: number;
}

/** Who asks: the task, its vCPU, and how long it is worth trying. */
export interface Caller {
  readonly task: Task;
  readonly cpu: GuestCpu;
  readonly patience: Patience;
}

export class GuestCrypto {
  private readonly rt: Runtime;
  private readonly bus: GuestApBus;
  private readonly interrupts: GuestInterrupts;
  private readonly statistics: GuestStatistics;
  private nextPsmid = 1n;

  constructor(rt: Runtime, parts: { bus: GuestApBus; interrupts: GuestInterrupts; statistics: GuestStatistics }) {
    this.rt = rt;
    this.bus = parts.bus;
    this.interrupts = parts.interrupts;
    this.statistics = parts.statistics;
  }

  /** The result, or the errno with which it was given up: the last one, -ETIME when the last attempt got no answer at all. */
  async rsa(caller: Caller, request: RsaRequest): Promise<CryptoResult> {
    let last: GuestQueue | null = null;
    let pauseMs = FIRST_PAUSE_MS;
    let stalledSince: number | null = null;
    for (;;) {
      const pick = this.choose(request, last);
      const result = pick === null ? { errno: ENODEV } : await this.attempt(caller, request, pick);
      const failed = !('output' in result);
      if (failed) stalledSince ??= this.rt.now();
      if (!failed || !isTransient(result.errno) || !(await this.pause(caller, result.errno, pauseMs))) {
        if (stalledSince !== null) this.statistics.stallMs += this.rt.now() - stalledSince;
        return result;
      }
      last = pick?.target ?? last;
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      this.statistics.retries++;
    }
  }

  /** The usable queue with the least weight plus load, or null. */
  private choose(request: RsaRequest, last: GuestQueue | null): Pick | null {
    let best: Pick | null = null;
    let bestCost = Number.POSITIVE_INFINITY;
    let bestTotal = 0;
    for (const target of this.bus.queues.values()) {
      const mode = target.rsaMode(request);
      if (mode === null) continue;
      const weight = target.weight(request);
      const cost = weight + target.load + penalty(target, last);
      const total = target.queue.totalRequests;
      if (cost > bestCost || (cost === bestCost && total >= bestTotal)) continue;
      best = { target, mode, weight };
      bestCost = cost;
      bestTotal = total;
    }
    return best;
  }

  private async attempt(caller: Caller, request: RsaRequest, { target, mode, weight }: Pick): Promise<CryptoResult> {
    const { task, cpu } = caller;
    const { queue } = target;
    const length = request.input.length;
    const bytes = encodeRsaRequest(mode, request, queue.apqn);
    using message = QueueLedger.of(this.rt).allocate(this.nextPsmid++, bytes, REPLY_CAPACITY, () => cpu.kick());
    target.load += weight;
    try {
      const rc = await queue.queueMessage(task, message);
      if (rc !== OK) return { errno: rc };
      while (!(await this.wait(caller, () => message.rc !== null, Patience.SLICE_MS))) {
        if (caller.patience.left === 0 && (await queue.cancel(task, message))) return { errno: ETIME };
      }
    } finally {
      target.load -= weight;
    }
    if (message.rc !== OK) return { errno: message.rc! };
    const answer = decodeRsaReply(mode, message.reply!, length);
    if ('output' in answer) return answer;
    if (answer.offline === true) target.offline = true;
    return { errno: answer.errno };
  }

  /** Lets the guest go on with other things for a while; false when there is no time left for another attempt. */
  private async pause(caller: Caller, errno: Errno, ms: number): Promise<boolean> {
    if (errno === ENODEV) this.interrupts.scheduleScan();
    await this.wait(caller, () => false, ms);
    return caller.patience.left > 0;
  }

  private async wait({ task, cpu, patience }: Caller, until: () => boolean, ms: number): Promise<boolean> {
    const since = this.rt.now();
    const slice = Math.min(ms, patience.left);
    const met = await this.interrupts.wait(task, cpu, until, since + slice);
    patience.spend(this.rt.now() - since, slice);
    return met;
  }
}

/** Room for the reply to the longest RSA request in either family. */
const REPLY_CAPACITY = 4096;

/** What a reset, a card on its way out, or a configuration change leads to: another attempt may succeed. */
function isTransient(errno: Errno): boolean {
  return errno === ENODEV || errno === EAGAIN;
}

function penalty(target: GuestQueue, last: GuestQueue | null): number {
  if (last === null) return 0;
  if (target.queue.apqn === last.queue.apqn) return RetryPenalty.QUEUE + RetryPenalty.CARD;
  return target.queue.apqn >> 8 === last.queue.apqn >> 8 ? RetryPenalty.CARD : 0;
}

/** `-EINVAL from ...` reads better than a number in a report. */
export function failureText(errno: Errno): string {
  return errno === EINVAL ? 'refused with EINVAL' : `given up with ${errnoName(errno)}`;
}
