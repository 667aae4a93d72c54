/**
 * AES DATA keys outside of the card: 64-byte internal tokens, the key enciphered under the AES master key
 * (struct secaeskeytoken in drivers/s390/crypto/zcrypt_ccamisc.h).
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { Cca, type CcaReason } from './cca-reason.ts';
import type { MasterKeys } from './master-keys.ts';

const AES_TOKEN_LENGTH = 64;
const INTERNAL = 0x01;
const VERSION = 0x04;
/** The key is there, and it is enciphered. */
const FLAGS = 0xc0;
const PATTERN = { at: 8, end: 16 } as const;
const KEY = { at: 16, end: 48 } as const;
const TVV_AT = 60;
const KEY_BITS: ReadonlySet<number> = new Set([128, 192, 256]);

/** Keys are wrapped in CBC mode without padding, over the whole field. */
const CIPHER = 'aes-256-cbc';
const ZERO_IV = new Uint8Array(16);

/** `key` of 16, 24 or 32 bytes. */
export function wrapAesKey(keys: MasterKeys, key: Uint8Array): Uint8Array | CcaReason {
  const master = keys.current;
  if (master === null) return Cca.MASTER_KEY_NOT_LOADED;
  const token = new Uint8Array(AES_TOKEN_LENGTH);
  const view = new DataView(token.buffer);
  token[0] = INTERNAL;
  token[4] = VERSION;
  token[6] = FLAGS;
  token.set(master.pattern, PATTERN.at);
  const field = new Uint8Array(KEY.end - KEY.at);
  field.set(key);
  const cipher = createCipheriv(CIPHER, master.key, ZERO_IV).setAutoPadding(false);
  token.set(cipher.update(field), KEY.at);
  view.setUint16(56, key.length * 8);
  view.setUint16(58, field.length);
  view.setUint32(TVV_AT, validationValue(token));
  return token;
}

export interface UnwrappedKey {
  readonly key: Uint8Array;
  /** It was wrapped with the old master key. */
  readonly old: boolean;
}

export function unwrapAesKey(keys: MasterKeys, token: Uint8Array): UnwrappedKey | CcaReason {
  if (token.length !== AES_TOKEN_LENGTH || token[0] !== INTERNAL) return Cca.KEY_TYPE;
  if (token[4] !== VERSION) return Cca.TOKEN_VERSION;
  const view = new DataView(token.buffer, token.byteOffset, token.length);
  if (view.getUint32(TVV_AT) !== validationValue(token)) return Cca.TOKEN_DAMAGED;
  const bits = view.getUint16(56);
  if (token[6] !== FLAGS || !KEY_BITS.has(bits) || view.getUint16(58) !== KEY.end - KEY.at) return Cca.TOKEN_UNUSABLE;
  if (keys.current === null) return Cca.MASTER_KEY_NOT_LOADED;
  const master = keys.find(token.subarray(PATTERN.at, PATTERN.end));
  if (master === null) return Cca.MASTER_KEY_UNKNOWN;
  const decipher = createDecipheriv(CIPHER, master.key, ZERO_IV).setAutoPadding(false);
  const field = decipher.update(token.subarray(KEY.at, KEY.end));
  const bytes = bits / 8;
  // What follows the key is zero in a token that the card has made; the validation value alone would not show another key in it.
  if (field.subarray(bytes).some((byte) => byte !== 0)) return Cca.TOKEN_UNUSABLE;
  return { key: new Uint8Array(field.subarray(0, bytes)), old: master.old };
}

/** Sum of all words before it, modulo 2^32. */
function validationValue(token: Uint8Array): number {
  const view = new DataView(token.buffer, token.byteOffset, token.length);
  let sum = 0;
  for (let at = 0; at < TVV_AT; at += 4) sum = (sum + view.getUint32(at)) >>> 0;
  return sum;
}
