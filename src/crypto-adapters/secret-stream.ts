/**
 * The randomness of cards: bytes that are a function of the machine's seed and of names, so that a seed replays keys and random numbers.
 * Secure they are not, and need not be; different they are, which the 32 bits of a forked Prng do not promise for 65,536 queues.
 */
import { createHash } from 'node:crypto';

/** 32 bytes for this seed and these names. */
export function secretOf(seed: number, ...names: readonly (string | number)[]): Uint8Array {
  return sha256(Buffer.from(JSON.stringify([seed, ...names])));
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

/** An endless stream of bytes. What was drawn decides what comes next, so whoever draws changes it. */
export class SecretStream {
  private readonly seed: Uint8Array;
  private drawn = 0;

  constructor(seed: Uint8Array) {
    this.seed = seed;
  }

  bytes(length: number): Uint8Array {
    const result = new Uint8Array(length);
    for (let at = 0; at < length; at += 32) result.set(this.block().subarray(0, length - at), at);
    return result;
  }

  private block(): Uint8Array {
    const block = new Uint8Array(this.seed.length + 8);
    block.set(this.seed);
    new DataView(block.buffer).setBigUint64(this.seed.length, BigInt(this.drawn++));
    return sha256(block);
  }
}
