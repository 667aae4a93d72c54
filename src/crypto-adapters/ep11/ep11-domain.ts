/**
 * What an EP11 coprocessor keeps for one domain: its wrapping key, perhaps the next one, and its random numbers.
 * The same domain has the same wrapping key on all EP11 cards of a machine, see cca-domain.ts.
 */
import { createHash, hkdfSync } from 'node:crypto';
import { EP11_OP_MODES } from './ep11-modes.ts';
import type { Ep11DomainInfo } from '../messages/ep11-query.ts';
import { SecretStream, secretOf } from '../secret-stream.ts';

const WRAPPING_KEY_LENGTH = 32;

export interface WrappingKey {
  /** Hash of the key, 32 bytes; blobs carry the first 16. */
  readonly pattern: Uint8Array;
  readonly cipherKey: Uint8Array;
  readonly macKey: Uint8Array;
}

export class Ep11Domain {
  readonly random: SecretStream;
  readonly number: number;
  private currentKey: WrappingKey | null;
  private next: { readonly key: WrappingKey; committed: boolean } | null = null;

  /** `card`: names the card, so that two of them draw different numbers. */
  constructor(seed: number, card: string, domain: number) {
    this.number = domain;
    this.random = new SecretStream(secretOf(seed, card, domain, 'random'));
    this.currentKey = wrappingKey(secretOf(seed, 'ep11', domain, 'wk'));
  }

  /** null: nothing can be wrapped or unwrapped. */
  get current(): WrappingKey | null {
    return this.currentKey;
  }

  /** The next wrapping key, not committed yet; replaces one that was there. */
  loadNew(key: Uint8Array): void {
    if (key.length !== WRAPPING_KEY_LENGTH)
      throw new RangeError(`expected a wrapping key of ${WRAPPING_KEY_LENGTH} bytes, got ${key.length}`);
    this.next = { key: wrappingKey(key), committed: false };
  }

  /** False, and nothing happens, without a new key. */
  commitNew(): boolean {
    if (this.next === null) return false;
    this.next.committed = true;
    return true;
  }

  /** The new key becomes the current one; blobs of the one before are of no use any more. False without a committed one. */
  activateNew(): boolean {
    if (this.next?.committed !== true) return false;
    this.currentKey = this.next.key;
    this.next = null;
    return true;
  }

  /** All keys are gone. */
  zeroize(): void {
    this.currentKey = null;
    this.next = null;
  }

  get info(): Ep11DomainInfo {
    const { currentKey, next } = this;
    return {
      domain: this.number,
      current: currentKey === null ? { state: 'invalid' } : { state: 'valid', pattern: currentKey.pattern },
      new: next === null ? { state: 'empty' } : { state: next.committed ? 'committed' : 'uncommitted', pattern: next.key.pattern },
      opModes: EP11_OP_MODES,
    };
  }
}

function wrappingKey(key: Uint8Array): WrappingKey {
  const derive = (use: string): Uint8Array => new Uint8Array(hkdfSync('sha256', key, new Uint8Array(0), use, 32));
  return { pattern: new Uint8Array(createHash('sha256').update(key).digest()), cipherKey: derive('cipher'), macKey: derive('mac') };
}
