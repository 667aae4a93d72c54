/**
 * ECC keys outside of the card: tokens with a private and a public section, or with the public one alone
 * (struct eccprivkeytoken in drivers/s390/crypto/zcrypt_ccamisc.h). The private key is wrapped with an object protection key, that with the
 * APKA master key, both by AES key wrap (RFC 3394), whose check covers the rest of the section.
 */
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { toBigInt, toBytes } from '../big-bytes.ts';
import { isPoint, multiplyBase, pointLength } from '../ecc-arithmetic.ts';
import { ECC_CURVES, type EccCurve } from '../ecc-curves.ts';
import type { SecretStream } from '../secret-stream.ts';
import { Cca, type CcaReason } from './cca-reason.ts';
import type { MasterKeys } from './master-keys.ts';

const INTERNAL = 0x1f;
const EXTERNAL = 0x1e;
const HEADER = 8;
const PRIVATE_ID = 0x20;
/** Up to the wrapped private key. */
const PRIVATE_HEADER = 84;
const PUBLIC_ID = 0x21;
const PUBLIC_HEADER = 14;
const WRAPPED_WITH_AES = 0x01;
const SHA_256 = 0x02;
/** Enciphered internal key. */
const KEY_FORMAT = 0x08;
const PATTERN_AT = 16;
const OPK = { at: 24, length: 48 } as const;
/** Key wrap works on multiples of 8 bytes, and adds 8. */
const WRAP_UNIT = 8;
const WRAP_CIPHER = 'id-aes256-wrap';
const WRAP_IV = new Uint8Array(8).fill(0xa6);

const wrappedLength = (curve: EccCurve): number => WRAP_UNIT * (2 + Math.ceil(curve.bytes / WRAP_UNIT));
const privateLength = (curve: EccCurve): number => PRIVATE_HEADER + wrappedLength(curve);
const publicLength = (curve: EccCurve): number => PUBLIC_HEADER + pointLength(curve);

export function curveOf(bits: number): EccCurve | undefined {
  return ECC_CURVES.find((curve) => curve.bits === bits);
}

export function wrapEccKey(keys: MasterKeys, curve: EccCurve, privateKey: bigint, random: SecretStream): Uint8Array | CcaReason {
  const master = keys.current;
  if (master === null) return Cca.MASTER_KEY_NOT_LOADED;
  const token = new Uint8Array(HEADER + privateLength(curve) + publicLength(curve));
  const view = new DataView(token.buffer);
  token[0] = INTERNAL;
  view.setUint16(2, token.length);
  const section = token.subarray(HEADER, HEADER + privateLength(curve));
  section[0] = PRIVATE_ID;
  view.setUint16(HEADER + 2, section.length);
  section[4] = WRAPPED_WITH_AES;
  section[5] = SHA_256;
  section[10] = KEY_FORMAT;
  view.setUint16(HEADER + 12, curve.bits);
  section.set(master.pattern, PATTERN_AT);
  view.setUint16(HEADER + PRIVATE_HEADER - 2, wrappedLength(curve));
  const protection = random.bytes(32);
  section.set(wrap(master.key, section, protection), OPK.at);
  section.set(wrap(protection, section, toBytes(privateKey, curve.bytes)), PRIVATE_HEADER);
  token.set(publicSection(curve, multiplyBase(curve, privateKey)), HEADER + section.length);
  return token;
}

function publicSection(curve: EccCurve, point: Uint8Array): Uint8Array {
  const section = new Uint8Array(publicLength(curve));
  const view = new DataView(section.buffer);
  section[0] = PUBLIC_ID;
  view.setUint16(2, section.length);
  view.setUint16(10, curve.bits);
  view.setUint16(12, point.length);
  section.set(point, PUBLIC_HEADER);
  return section;
}

/** The public part of a token, as a token of its own. */
export function publicToken(token: Uint8Array): Uint8Array | CcaReason {
  const read = readPublic(token);
  if (!('curve' in read)) return read;
  const section = publicSection(read.curve, read.point);
  const result = new Uint8Array(HEADER + section.length);
  result[0] = EXTERNAL;
  new DataView(result.buffer).setUint16(2, result.length);
  result.set(section, HEADER);
  return result;
}

export interface EccPrivateKey {
  readonly curve: EccCurve;
  readonly privateKey: bigint;
  /** It was wrapped with the old master key. */
  readonly old: boolean;
}

export function unwrapEccKey(keys: MasterKeys, token: Uint8Array): EccPrivateKey | CcaReason {
  const shape = readShape(token);
  if (shape === null || shape.privateAt === null) return Cca.PKA_TOKEN;
  const { curve, privateAt } = shape;
  const section = token.subarray(privateAt, privateAt + privateLength(curve));
  if (section[4] !== WRAPPED_WITH_AES || section[5] !== SHA_256 || section[10] !== KEY_FORMAT) return Cca.PKA_TOKEN;
  if (keys.current === null) return Cca.MASTER_KEY_NOT_LOADED;
  const master = keys.find(section.subarray(PATTERN_AT, PATTERN_AT + 8));
  if (master === null) return Cca.MASTER_KEY_UNKNOWN;
  const protection = unwrap(master.key, section, section.subarray(OPK.at, OPK.at + OPK.length));
  const key = protection === null ? null : unwrap(protection, section, section.subarray(PRIVATE_HEADER));
  if (key === null) return Cca.PKA_TOKEN;
  const privateKey = toBigInt(key);
  return privateKey === 0n || privateKey >= curve.n ? Cca.PKA_TOKEN : { curve, privateKey, old: master.old };
}

export function readPublic(token: Uint8Array): { readonly curve: EccCurve; readonly point: Uint8Array } | CcaReason {
  const shape = readShape(token);
  if (shape === null) return Cca.PKA_TOKEN;
  const { curve, publicAt } = shape;
  const point = token.subarray(publicAt + PUBLIC_HEADER, publicAt + publicLength(curve));
  return isPoint(curve, point) ? { curve, point } : Cca.PKA_TOKEN;
}

/** Where the sections are; null when lengths, ids or curves do not fit together. */
function readShape(token: Uint8Array): { readonly curve: EccCurve; readonly privateAt: number | null; readonly publicAt: number } | null {
  if (token.length < HEADER + PUBLIC_HEADER || (token[0] !== INTERNAL && token[0] !== EXTERNAL)) return null;
  const view = new DataView(token.buffer, token.byteOffset, token.length);
  if (view.getUint16(2) !== token.length) return null;
  const isPrivate = token[0] === INTERNAL;
  const publicAt = isPrivate ? HEADER + view.getUint16(HEADER + 2) : HEADER;
  if (publicAt + PUBLIC_HEADER > token.length || token[publicAt] !== PUBLIC_ID) return null;
  const curve = curveOf(view.getUint16(publicAt + 10));
  if (curve === undefined || view.getUint16(publicAt + 12) !== pointLength(curve)) return null;
  if (view.getUint16(publicAt + 2) !== publicLength(curve) || publicAt + publicLength(curve) !== token.length) return null;
  if (!isPrivate) return { curve, privateAt: null, publicAt };
  if (token[HEADER] !== PRIVATE_ID || publicAt !== HEADER + privateLength(curve)) return null;
  return view.getUint16(HEADER + 12) === curve.bits ? { curve, privateAt: HEADER, publicAt } : null;
}

/** Hash of what stands before the wrapped keys, so that neither they nor the rest can be exchanged. */
function binding(section: Uint8Array): Uint8Array {
  const head = createHash('sha256').update(section.subarray(0, OPK.at));
  return head
    .update(section.subarray(OPK.at + OPK.length, PRIVATE_HEADER))
    .digest()
    .subarray(0, WRAP_UNIT);
}

function wrap(key: Uint8Array, section: Uint8Array, secret: Uint8Array): Uint8Array {
  const padding = new Uint8Array(-secret.length & (WRAP_UNIT - 1));
  const cipher = createCipheriv(WRAP_CIPHER, key, WRAP_IV);
  return Buffer.concat([cipher.update(Buffer.concat([binding(section), padding, secret])), cipher.final()]);
}

/** null when the key is another one, or anything was changed. */
function unwrap(key: Uint8Array, section: Uint8Array, wrapped: Uint8Array): Uint8Array | null {
  try {
    const decipher = createDecipheriv(WRAP_CIPHER, key, WRAP_IV);
    const secret = Buffer.concat([decipher.update(wrapped), decipher.final()]);
    const bound = Buffer.compare(secret.subarray(0, WRAP_UNIT), binding(section)) === 0;
    return bound ? secret.subarray(WRAP_UNIT) : null;
  } catch {
    return null;
  }
}
