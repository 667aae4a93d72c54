/**
 * A small machine and the keys that the tests of the hardware share.
 */
import { generateKeyPairSync } from 'node:crypto';
import { ApMask } from '../../src/base/ap-mask.ts';
import { CardFirmware, type CardUnit } from '../../src/crypto-adapters/card-firmware.ts';
import { parseCardType, type CardType } from '../../src/crypto-adapters/card-type.ts';
import { CryptoAdapters, type CryptoAdaptersOptions } from '../../src/crypto-adapters/crypto-adapters.ts';
import type { CrtRequest, MexRequest } from '../../src/crypto-adapters/messages/rsa-types.ts';
import { createRsaEngine } from '../../src/crypto-adapters/rsa-engine.ts';
import { noService } from '../../src/crypto-adapters/service-model.ts';
import { rightJustified, toBigInt, toBytes } from '../../src/crypto-adapters/big-bytes.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';

export function card(text: string): CardType {
  const type = parseCardType(text);
  if (type === undefined) throw new Error(`expected a card type, got ${text}`);
  return type;
}

/** What computes in a card on its own. */
export function unit(type: CardType, options: { seed?: number; adapter?: number; strictKeys?: boolean } = {}): CardUnit {
  const { seed = 1, adapter = 5, strictKeys = true } = options;
  return { rsa: createRsaEngine(), strictKeys, firmware: new CardFirmware(seed, adapter, 0, type) };
}

/** Adapters 5 (CEX8C), 6 (CEX8A), 7 (CEX8P), usage domains 4 and 0x47, control domain 4. */
export function machine(rt: Runtime, options: Partial<CryptoAdaptersOptions> = {}): CryptoAdapters {
  return new CryptoAdapters(rt, {
    adapters: [
      { id: 5, type: card('CEX8C') },
      { id: 6, type: card('CEX8A') },
      { id: 7, type: card('CEX8P') },
    ],
    usageDomains: ApMask.of(4, 0x47),
    controlDomains: ApMask.of(4),
    service: noService,
    rsa: createRsaEngine(),
    ...options,
  });
}

export interface TestKey {
  readonly n: bigint;
  readonly e: bigint;
  readonly d: bigint;
  readonly modulus: Uint8Array;
  mex(input: Uint8Array): MexRequest;
  crt(input: Uint8Array): CrtRequest;
}

const keys = new Map<number, TestKey>();

/** A real RSA key, one for each size and test file. */
export function rsaKey(bits: number): TestKey {
  let key = keys.get(bits);
  if (key === undefined) keys.set(bits, (key = makeKey(bits)));
  return key;
}

function makeKey(bits: number): TestKey {
  const jwk = generateKeyPairSync('rsa', { modulusLength: bits }).privateKey.export({ format: 'jwk' });
  const part = (name: 'n' | 'e' | 'd' | 'p' | 'q' | 'dp' | 'dq' | 'qi'): Uint8Array => new Uint8Array(Buffer.from(jwk[name]!, 'base64url'));
  const half = (name: 'p' | 'q' | 'dp' | 'dq' | 'qi'): Uint8Array => rightJustified(part(name), bits / 16);
  const modulus = rightJustified(part('n'), bits / 8);
  return {
    n: toBigInt(modulus),
    e: toBigInt(part('e')),
    d: toBigInt(part('d')),
    modulus,
    mex: (input) => ({ kind: 'mex', modulus, exponent: rightJustified(part('e'), bits / 8), input }),
    crt: (input) => ({ kind: 'crt', p: half('p'), q: half('q'), dp: half('dp'), dq: half('dq'), u: half('qi'), input }),
  };
}

/** A number below every modulus of this size. */
export function inputOf(bits: number, seed: number): Uint8Array {
  const bytes = Uint8Array.from({ length: bits / 8 }, (_, index) => (index * 37 + seed * 101 + 11) & 0xff);
  bytes[0] = seed & 0x7f;
  return toBytes(toBigInt(bytes), bits / 8);
}
