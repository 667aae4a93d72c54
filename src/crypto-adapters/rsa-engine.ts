/**
 * The RSA arithmetic of the cards, over node:crypto and synchronous. Results are byte for byte what a card puts into its reply.
 */
import { rightJustified, toBigInt, toBytes } from './big-bytes.ts';
import { BoundedCache } from './bounded-cache.ts';
import { modPowBigInt } from './mod-pow.ts';
import { crtBigInt, preparePrivate, type CrtOperands } from './rsa-private.ts';
import { preparePublic, type Power } from './rsa-public.ts';

export interface RsaEngine {
  /** input ^ exponent mod modulus, as long as the modulus. The input must not be longer than the modulus. */
  modExpo(modulus: Uint8Array, exponent: Uint8Array, input: Uint8Array): Uint8Array;
  /** p, q, dp, dq, u, input: the same with the private key in parts, as long as the input, which must be below p * q. */
  crt(...operands: CrtOperands): Uint8Array;
}

export interface RsaEngineOptions {
  /** How many results are remembered by (key, input); default 0. Lets many controlled runs of one program compute each result once. */
  readonly memo?: number;
  /** How many prepared keys are kept; default 256. */
  readonly keys?: number;
}

interface Question {
  /** Names the key and nothing else. */
  readonly key: string;
  readonly input: Uint8Array;
  prepare(): Power | null;
  /** Where OpenSSL has no answer. */
  byHand(): Uint8Array;
}

export function createRsaEngine(options: RsaEngineOptions = {}): RsaEngine {
  const powers = new BoundedCache<{ readonly power: Power | null }>(options.keys ?? 256);
  const memo = options.memo === undefined || options.memo === 0 ? null : new BoundedCache<Uint8Array>(options.memo);

  const compute = (question: Question): Uint8Array => {
    let entry = powers.get(question.key);
    if (entry === undefined) powers.set(question.key, (entry = { power: question.prepare() }));
    return attempt(entry.power, question.input) ?? question.byHand();
  };
  const answer = (question: Question): Uint8Array => {
    if (memo === null) return compute(question);
    const name = `${question.key}#${text(question.input)}`;
    let result = memo.get(name);
    if (result === undefined) memo.set(name, (result = compute(question)));
    // The caller owns its result.
    return new Uint8Array(result);
  };

  return {
    modExpo: (modulus, exponent, input) =>
      answer({
        key: `m${modulus.length}:${text(modulus)}${text(exponent)}`,
        input: rightJustified(input, modulus.length),
        prepare: () => preparePublic(modulus, exponent),
        byHand: () => toBytes(modPowBigInt(toBigInt(input), toBigInt(exponent), toBigInt(modulus)), modulus.length),
      }),
    crt: (...operands) =>
      answer({
        key: crtKey(operands),
        input: operands[5],
        prepare: () => preparePrivate(operands),
        byHand: () => toBytes(crtBigInt(operands), operands[5].length),
      }),
  };
}

function crtKey([p, q, dp, dq, u, input]: CrtOperands): string {
  const lengths = `${p.length},${q.length},${dp.length},${dq.length},${input.length}`;
  return `c${lengths}:${text(p)}${text(q)}${text(dp)}${text(dq)}${text(u)}`;
}

/** OpenSSL refuses single inputs too (not below the modulus; 0 and 1 in Diffie-Hellman): null then, and it is computed by hand. */
function attempt(power: Power | null, input: Uint8Array): Uint8Array | null {
  if (power === null) return null;
  try {
    const { buffer, byteOffset, length } = power(input);
    // Not the Buffer itself: its slice() would share memory, unlike that of other byte arrays.
    return new Uint8Array(buffer, byteOffset, length);
  } catch {
    return null;
  }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
