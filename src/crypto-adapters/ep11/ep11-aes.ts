/**
 * AES with keys that never leave an EP11 card in the clear: GenerateKey, EncryptSingle, DecryptSingle, and UnwrapKey, with which the kernel
 * takes clear keys in. Requests are those of drivers/s390/crypto/zcrypt_ep11misc.c.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { wordOf } from '../messages/ep11-payload.ts';
import { Ckr } from './ckr.ts';
import { EP11_OP_MODES } from './ep11-modes.ts';
import { mechanismOf, type Ep11Answer, type Ep11Call, type Ep11Function, type Mechanism } from './ep11-function.ts';
import { KeyAttribute, unwrapKey, wrapKey } from './key-blob.ts';
import { Cka, decodeKeyTemplate, type KeyTemplate } from './key-template.ts';

export const Ckm = { AES_KEY_GEN: 0x1080, AES_ECB: 0x1081, AES_CBC: 0x1082, AES_CBC_PAD: 0x1085 } as const;
const CKK_AES = 0x1f;
const KEY_LENGTHS: ReadonlySet<number> = new Set([16, 24, 32]);
const BLOCK = 16;

/** Fields: a number without meaning, length of the key, mechanism, attributes, PIN (empty). */
export const generateKey: Ep11Function = ({ domain, fields }) => {
  const [, length, mechanism, attributes, pin] = fields as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const template = decodeKeyTemplate(attributes);
  if (template === null || pin.length !== 0) return Ckr.ARGUMENTS_BAD;
  if (wordOf(mechanism) !== Ckm.AES_KEY_GEN) return Ckr.MECHANISM_INVALID;
  const bytes = keyLength(template);
  if (typeof bytes !== 'number') return bytes.rv;
  if (wordOf(length) !== bytes) return Ckr.TEMPLATE_INCONSISTENT;
  if (domain.current === null) return Ckr.IBM_WK_NOT_INITIALIZED;
  return blobOf(domain, domain.random.bytes(bytes), template.attributes);
};

function keyLength({ numbers }: KeyTemplate): number | { readonly rv: number } {
  const bytes = numbers.get(Cka.VALUE_LEN);
  if (bytes === undefined) return { rv: Ckr.TEMPLATE_INCOMPLETE };
  return KEY_LENGTHS.has(bytes) ? bytes : { rv: Ckr.KEY_SIZE_RANGE };
}

function blobOf(domain: Ep11Call['domain'], bytes: Uint8Array, attributes: number): Ep11Answer {
  const blob = wrapKey(domain, { kind: 'aes', curveBits: 0, bytes, attributes }, EP11_OP_MODES);
  return typeof blob === 'number' ? blob : [blob];
}

export const encryptSingle: Ep11Function = (call) => cryptSingle(call, true);
export const decryptSingle: Ep11Function = (call) => cryptSingle(call, false);

/** Fields: a number without meaning, mechanism with the initialization vector, key blob, text. */
function cryptSingle({ domain, fields }: Ep11Call, encrypt: boolean): Ep11Answer {
  const [, field, blob, text] = fields as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const mechanism = mechanismOf(field);
  if (mechanism === null) return Ckr.ARGUMENTS_BAD;
  const key = unwrapKey(domain, blob, 'aes', encrypt ? KeyAttribute.ENCRYPT : KeyAttribute.DECRYPT);
  if (typeof key === 'number') return key;
  const result = crypt(mechanism, key.bytes, text, encrypt);
  return typeof result === 'number' ? result : [result];
}

function crypt({ id, parameter }: Mechanism, key: Uint8Array, text: Uint8Array, encrypt: boolean): Uint8Array | number {
  if (id !== Ckm.AES_ECB && id !== Ckm.AES_CBC && id !== Ckm.AES_CBC_PAD) return Ckr.MECHANISM_INVALID;
  const ecb = id === Ckm.AES_ECB;
  if (parameter.length !== (ecb ? 0 : BLOCK)) return Ckr.MECHANISM_PARAM_INVALID;
  const padded = id === Ckm.AES_CBC_PAD;
  if (text.length % BLOCK !== 0 && !(padded && encrypt)) return encrypt ? Ckr.DATA_LEN_RANGE : Ckr.ENCRYPTED_DATA_LEN_RANGE;
  const name = `aes-${key.length * 8}-${ecb ? 'ecb' : 'cbc'}`;
  const iv = ecb ? null : parameter;
  const cipher = (encrypt ? createCipheriv(name, key, iv) : createDecipheriv(name, key, iv)).setAutoPadding(padded);
  try {
    return new Uint8Array(Buffer.concat([cipher.update(text), cipher.final()]));
  } catch {
    // Padding that is none.
    return Ckr.ENCRYPTED_DATA_INVALID;
  }
}

/** Fields: attributes, mechanism with the initialization vector, blob of the wrapping key, MAC key (empty), PIN (empty), wrapped key. */
export const unwrapAesKey: Ep11Function = ({ domain, fields }) => {
  const [attributes, field, blob, macKey, pin, wrapped] = fields as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const template = decodeKeyTemplate(attributes);
  const mechanism = mechanismOf(field);
  if (template === null || mechanism === null || macKey.length + pin.length !== 0) return Ckr.ARGUMENTS_BAD;
  if (template.numbers.get(Cka.KEY_TYPE) !== CKK_AES) return Ckr.TEMPLATE_INCONSISTENT;
  const bytes = keyLength(template);
  if (typeof bytes !== 'number') return bytes.rv;
  const wrapping = unwrapKey(domain, blob, 'aes', KeyAttribute.UNWRAP);
  if (typeof wrapping === 'number') return wrapping;
  const key = crypt(mechanism, wrapping.bytes, wrapped, false);
  if (typeof key === 'number') return key;
  return key.length === bytes ? blobOf(domain, key, template.attributes) : Ckr.TEMPLATE_INCONSISTENT;
};
