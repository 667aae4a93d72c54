/**
 * AES with keys that never leave the card in the clear: `KG` makes one, `CM` takes one in, `SE` enciphers, `SD` deciphers.
 * Requests of KG and CM are those of the kernel (drivers/s390/crypto/zcrypt_ccamisc.c). The data of SE and SD is not published (UNVERIFIED):
 * here it is the initialization vector, unless the mode is ECB, and the text.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { unwrapAesKey, wrapAesKey } from './aes-token.ts';
import type { CcaAnswer, CcaCall, CcaFunction } from './cca-function.ts';
import { Cca, type CcaReason } from './cca-reason.ts';

const IV_LENGTH = 16;
const KEY_LENGTHS: ReadonlyMap<string, number> = new Map([
  ['KEYLN16 ', 16],
  ['KEYLN24 ', 24],
  ['KEYLN32 ', 32],
]);
const MODES: ReadonlyMap<string, { readonly openssl: 'ecb' | 'cbc'; readonly padded: boolean }> = new Map([
  ['ECB     ', { openssl: 'ecb', padded: false }],
  ['CBC     ', { openssl: 'cbc', padded: false }],
  ['PKCS-PAD', { openssl: 'cbc', padded: true }],
]);
/** Key form, key length and two key types, 8 characters each. */
const GENERATE_DATA = 32;
const NEW_KEY = 0x30;

/** A random key. The entry of the key block with attributes 0x30 says where the new token is wanted. */
export const generateKey: CcaFunction = ({ domain, rules, vud, keys }) => {
  if (rules.length !== 0) return Cca.KEYWORD_COUNT;
  if (vud.length !== GENERATE_DATA) return Cca.DATA_LENGTH;
  const [form, length, type] = [0, 8, 16].map((at) => String.fromCharCode(...vud.subarray(at, at + 8))) as [string, string, string];
  if (form !== 'OP      ') return Cca.KEY_FORM;
  if (type !== 'AESDATA ') return Cca.KEYWORD;
  const bytes = KEY_LENGTHS.get(length);
  if (bytes === undefined) return Cca.KEY_LENGTH;
  if (!keys.some(({ attributes }) => attributes === NEW_KEY)) return Cca.TOKEN_UNUSABLE;
  if (domain.aes.current === null) return Cca.MASTER_KEY_NOT_LOADED;
  return newToken(wrapAesKey(domain.aes, domain.random.bytes(bytes)));
};

/** A key that comes in the clear. */
export const importClearKey: CcaFunction = ({ domain, rules, vud }) => {
  if (rules.length !== 1) return Cca.KEYWORD_COUNT;
  if (rules[0] !== 'AES     ') return Cca.KEYWORD;
  if (![...KEY_LENGTHS.values()].includes(vud.length)) return Cca.KEY_LENGTH;
  return newToken(wrapAesKey(domain.aes, vud));
};

function newToken(token: Uint8Array | CcaReason): CcaAnswer {
  return token instanceof Uint8Array ? { ...Cca.OK, keys: [{ attributes: 0, token }] } : token;
}

export const encipher: CcaFunction = (call) => crypt(call, (name, key, iv) => createCipheriv(name, key, iv));
export const decipher: CcaFunction = (call) => crypt(call, (name, key, iv) => createDecipheriv(name, key, iv));

type Cipher = (
  name: string,
  key: Uint8Array,
  iv: Uint8Array | null,
) => ReturnType<typeof createCipheriv> | ReturnType<typeof createDecipheriv>;

/** Rules: `AES     `, then the mode. */
function crypt({ domain, rules, vud, keys }: CcaCall, make: Cipher): CcaAnswer {
  if (rules.length !== 2 || keys.length !== 1) return Cca.KEYWORD_COUNT;
  const mode = MODES.get(rules[1]!);
  if (rules[0] !== 'AES     ' || mode === undefined) return Cca.KEYWORD;
  const ivLength = mode.openssl === 'ecb' ? 0 : IV_LENGTH;
  if (vud.length < ivLength) return Cca.DATA_LENGTH;
  const text = vud.subarray(ivLength);
  if (!mode.padded && text.length % IV_LENGTH !== 0) return Cca.TEXT_LENGTH;
  const unwrapped = unwrapAesKey(domain.aes, keys[0]!.token);
  if (!('key' in unwrapped)) return unwrapped;
  const iv = ivLength === 0 ? null : vud.subarray(0, ivLength);
  const cipher = make(`aes-${unwrapped.key.length * 8}-${mode.openssl}`, unwrapped.key, iv).setAutoPadding(mode.padded);
  try {
    const result = new Uint8Array(Buffer.concat([cipher.update(text), cipher.final()]));
    return { ...(unwrapped.old ? Cca.OLD_MASTER_KEY : Cca.OK), vud: result };
  } catch {
    // Padding that is none: deciphered with another key, or not enciphered at all.
    return Cca.TEXT_LENGTH;
  }
}
