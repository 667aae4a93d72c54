/**
 * ECC with private keys that never leave an EP11 card in the clear: GenerateKeyPair, SignSingle, VerifySingle. Their fields follow those that
 * the kernel sends for AES (UNVERIFIED: the kernel has no requests of these functions).
 */
import { createHash } from 'node:crypto';
import { toBigInt, toBytes } from '../big-bytes.ts';
import { multiplyBase } from '../ecc-arithmetic.ts';
import { ECC_CURVES } from '../ecc-curves.ts';
import { drawPrivateKey, ecdsaSign, ecdsaVerify } from '../ecdsa.ts';
import { wordOf } from '../messages/ep11-payload.ts';
import { Ckr } from './ckr.ts';
import type { Ep11Function } from './ep11-function.ts';
import { EP11_OP_MODES } from './ep11-modes.ts';
import { KeyAttribute, unwrapKey, wrapKey } from './key-blob.ts';
import { Cka, decodeKeyTemplate } from './key-template.ts';
import { decodeSpki, encodeSpki } from './spki.ts';

export const EC_KEY_PAIR_GEN = 0x1040;
export const ECDSA = 0x1041;
/** Mechanisms that hash the data first. */
const HASHED: ReadonlyMap<number, string> = new Map([
  [0x1042, 'sha1'],
  [0x1043, 'sha224'],
  [0x1044, 'sha256'],
  [0x1045, 'sha384'],
  [0x1046, 'sha512'],
]);
const LONGEST_HASH = 64;

/** Fields: two numbers without meaning, mechanism, attributes of the public and of the private key, PIN (empty). Back: blob, public key. */
export const generateKeyPair: Ep11Function = ({ domain, fields }) => {
  const [, , mechanism, ofPublic, ofPrivate, pin] = fields as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const [template, own] = [decodeKeyTemplate(ofPublic), decodeKeyTemplate(ofPrivate)];
  if (template === null || own === null || pin.length !== 0) return Ckr.ARGUMENTS_BAD;
  if (wordOf(mechanism) !== EC_KEY_PAIR_GEN) return Ckr.MECHANISM_INVALID;
  const parameters = template.strings.get(Cka.EC_PARAMS);
  if (parameters === undefined) return Ckr.TEMPLATE_INCOMPLETE;
  const curve = ECC_CURVES.find(({ oid }) => Buffer.compare(oid, parameters) === 0);
  if (curve === undefined) return Ckr.CURVE_NOT_SUPPORTED;
  if (domain.current === null) return Ckr.IBM_WK_NOT_INITIALIZED;
  const privateKey = drawPrivateKey(curve, domain.random);
  const key = { kind: 'ec', curveBits: curve.bits, bytes: toBytes(privateKey, curve.bytes), attributes: own.attributes } as const;
  const blob = wrapKey(domain, key, EP11_OP_MODES);
  return typeof blob === 'number' ? blob : [blob, encodeSpki(curve, multiplyBase(curve, privateKey))];
};

/** Fields: a number without meaning, mechanism, blob of the private key, data. */
export const signSingle: Ep11Function = ({ domain, fields }) => {
  const [, mechanism, blob, data] = fields as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const hash = hashFor(mechanism, data);
  if (typeof hash === 'number') return hash;
  const key = unwrapKey(domain, blob, 'ec', KeyAttribute.SIGN);
  if (typeof key === 'number') return key;
  const curve = ECC_CURVES.find(({ bits }) => bits === key.curveBits)!;
  return [ecdsaSign(curve, toBigInt(key.bytes), hash)];
};

/** Fields: mechanism, public key, data, signature. */
export const verifySingle: Ep11Function = ({ fields }) => {
  const [mechanism, spki, data, signature] = fields as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const hash = hashFor(mechanism, data);
  if (typeof hash === 'number') return hash;
  const key = decodeSpki(spki);
  if (key === null) return Ckr.KEY_TYPE_INCONSISTENT;
  if (signature.length !== 2 * key.curve.bytes) return Ckr.SIGNATURE_LEN_RANGE;
  return ecdsaVerify(key.curve, key.point, hash, signature) ? [] : Ckr.SIGNATURE_INVALID;
};

function hashFor(mechanism: Uint8Array, data: Uint8Array): Uint8Array | number {
  const id = wordOf(mechanism);
  if (id === ECDSA) return data.length === 0 || data.length > LONGEST_HASH ? Ckr.DATA_LEN_RANGE : data;
  const algorithm = id === null ? undefined : HASHED.get(id);
  return algorithm === undefined ? Ckr.MECHANISM_INVALID : createHash(algorithm).update(data).digest();
}
