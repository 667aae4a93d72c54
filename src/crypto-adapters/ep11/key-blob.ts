/**
 * EP11 keys outside of the card: 256-byte blobs, enciphered and authenticated under the domain's wrapping key
 * (struct ep11keyblob in drivers/s390/crypto/zcrypt_ep11misc.h). What is in the enciphered part is the card's business (UNVERIFIED).
 */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import type { SecretStream } from '../secret-stream.ts';
import { Ckr } from './ckr.ts';
import type { Ep11Domain } from './ep11-domain.ts';

const BLOB_LENGTH = 256;
const PATTERN = { at: 32, length: 16 } as const;
const ATTRIBUTES_AT = 48;
const MODE_AT = 56;
const VERSION_AT = 64;
const VERSION = 0x1234;
const IV = { at: 66, length: 14 } as const;
const SECRET = { at: 80, length: 144 } as const;
const MAC_AT = 224;
const CIPHER = 'aes-256-cbc';
/** Kind, curve or 0, length, in front of the key. */
const SECRET_HEADER = 5;

/** Boolean attributes of a key, the lower half of the blob's. */
export const KeyAttribute = { SIGN: 0x100, DECRYPT: 0x400, ENCRYPT: 0x800, UNWRAP: 0x2000 } as const;

const KINDS = { aes: 1, ec: 2 } as const;

export interface Ep11Key {
  readonly kind: keyof typeof KINDS;
  /** Of the curve; 0 for AES. */
  readonly curveBits: number;
  readonly bytes: Uint8Array;
  readonly attributes: number;
}

/** The blob, or a return value. */
export function wrapKey(domain: Ep11Domain, key: Ep11Key, modes: bigint): Uint8Array | number {
  const wrapping = domain.current;
  if (wrapping === null) return Ckr.IBM_WK_NOT_INITIALIZED;
  const secret = new Uint8Array(SECRET.length);
  secret[0] = KINDS[key.kind];
  const numbers = new DataView(secret.buffer);
  numbers.setUint16(1, key.curveBits);
  numbers.setUint16(3, key.bytes.length);
  secret.set(key.bytes, SECRET_HEADER);
  const blob = new Uint8Array(BLOB_LENGTH);
  const view = new DataView(blob.buffer);
  blob.set(wrapping.pattern.subarray(0, PATTERN.length), PATTERN.at);
  view.setBigUint64(ATTRIBUTES_AT, BigInt(key.attributes));
  view.setBigUint64(MODE_AT, modes);
  view.setUint16(VERSION_AT, VERSION);
  blob.set(newIv(domain.random), IV.at);
  const cipher = createCipheriv(CIPHER, wrapping.cipherKey, fullIv(blob)).setAutoPadding(false);
  blob.set(cipher.update(secret), SECRET.at);
  blob.set(macOf(wrapping.macKey, blob), MAC_AT);
  return blob;
}

const newIv = (random: SecretStream): Uint8Array => random.bytes(IV.length);

function fullIv(blob: Uint8Array): Uint8Array {
  const iv = new Uint8Array(16);
  iv.set(blob.subarray(IV.at, IV.at + IV.length));
  return iv;
}

const macOf = (key: Uint8Array, blob: Uint8Array): Uint8Array => createHmac('sha256', key).update(blob.subarray(0, MAC_AT)).digest();

/** The key, or a return value. `use`: attributes that the key must have. */
export function unwrapKey(domain: Ep11Domain, blob: Uint8Array, kind: Ep11Key['kind'], use: number): Ep11Key | number {
  if (blob.length !== BLOB_LENGTH) return Ckr.IBM_BLOB_ERROR;
  const view = new DataView(blob.buffer, blob.byteOffset, blob.length);
  if (view.getUint16(VERSION_AT) !== VERSION) return Ckr.IBM_BLOB_ERROR;
  const wrapping = domain.current;
  if (wrapping === null) return Ckr.IBM_WK_NOT_INITIALIZED;
  const pattern = blob.subarray(PATTERN.at, PATTERN.at + PATTERN.length);
  if (Buffer.compare(pattern, wrapping.pattern.subarray(0, PATTERN.length)) !== 0) return Ckr.IBM_WKID_MISMATCH;
  if (Buffer.compare(macOf(wrapping.macKey, blob), blob.subarray(MAC_AT)) !== 0) return Ckr.IBM_BLOB_ERROR;
  const decipher = createDecipheriv(CIPHER, wrapping.cipherKey, fullIv(blob)).setAutoPadding(false);
  const secret = decipher.update(blob.subarray(SECRET.at, SECRET.at + SECRET.length));
  if (secret[0] !== KINDS[kind]) return Ckr.KEY_TYPE_INCONSISTENT;
  const attributes = Number(view.getBigUint64(ATTRIBUTES_AT) & 0xffffffffn);
  if ((attributes & use) !== use) return Ckr.KEY_FUNCTION_NOT_PERMITTED;
  const length = secret.readUInt16BE(3);
  return {
    kind,
    curveBits: secret.readUInt16BE(1),
    bytes: new Uint8Array(secret.subarray(SECRET_HEADER, SECRET_HEADER + length)),
    attributes,
  };
}
