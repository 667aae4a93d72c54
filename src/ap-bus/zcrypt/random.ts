/**
 * The random number generator that zcrypt registers while it has a queue of a CCA coprocessor (zcrypt_rng_data_read of
 * drivers/s390/crypto/zcrypt_api.c): words from a buffer that one request fills.
 */
import { EIO, ENODEV, type Errno } from '../../base/errno.ts';
import type { Mutex } from '../../locks/mutex.ts';
import type { Task } from '../../runtime/task.ts';
import type { ZcryptDispatcher } from './dispatcher.ts';
import { ZCRYPT_RNG_MUTEX } from './lock-classes.ts';
import { KERNEL_PERMISSIONS } from './permissions.ts';
import { RNG_REQUEST, type RngResult } from './rng-request.ts';
import { isFailure, type Failure } from './transfer.ts';
import type { ZcryptCore } from './zcrypt-core.ts';

const WORD = 4;

export class ZcryptRandom {
  private readonly mutex: Mutex;
  private readonly dispatcher: ZcryptDispatcher;
  private readonly rescan: (task: Task) => Promise<boolean>;
  /** Under the mutex; used up from its end. */
  private words: number[] = [];

  constructor(core: ZcryptCore, dispatcher: ZcryptDispatcher, rescan: (task: Task) => Promise<boolean>) {
    this.mutex = core.layer.mutex(ZCRYPT_RNG_MUTEX, ZCRYPT_RNG_MUTEX.name);
    this.dispatcher = dispatcher;
    this.rescan = rescan;
  }

  /** 32 random bits; -EIO when the cards give none. */
  async word(task: Task): Promise<number | Errno> {
    using _reading = await this.mutex.acquire(task);
    if (this.words.length === 0) {
      const answer = await this.fill(task);
      if (isFailure(answer)) return EIO;
      this.words = wordsOf(answer.data);
    }
    return this.words.pop() ?? EIO;
  }

  /** One attempt; after -ENODEV another one if a scan of the bus has changed something. */
  private async fill(task: Task): Promise<RngResult | Failure> {
    const answer = await this.attempt(task);
    return isFailure(answer) && answer.errno === ENODEV && (await this.rescan(task)) ? this.attempt(task) : answer;
  }

  private attempt(task: Task): Promise<RngResult | Failure> {
    return this.dispatcher.attempt(task, RNG_REQUEST, { permissions: KERNEL_PERMISSIONS, track: { again: 0, last: 0 } });
  }
}

function wordsOf(data: Uint8Array): number[] {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  return Array.from({ length: Math.floor(data.length / WORD) }, (_, index) => view.getUint32(index * WORD));
}
