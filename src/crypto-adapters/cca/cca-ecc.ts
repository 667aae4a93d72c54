/**
 * ECC with private keys that never leave the card in the clear: `PG` makes a key, `SG` signs a hash, `SV` verifies a signature.
 * The data of these functions is not published (UNVERIFIED): for PG it is the length of the prime, 16 bits; for SG the hash; for SV the hash
 * and the signature, each behind its length, which counts itself.
 */
import { drawPrivateKey, ecdsaSign, ecdsaVerify } from '../ecdsa.ts';
import type { CcaFunction } from './cca-function.ts';
import { Cca } from './cca-reason.ts';
import { curveOf, publicToken, readPublic, unwrapEccKey, wrapEccKey } from './ecc-token.ts';

/** SHA-1 to SHA-512. */
const HASH_LENGTHS: ReadonlySet<number> = new Set([20, 28, 32, 48, 64]);
const ECDSA = 'ECDSA   ';

/** Two tokens: with the private key, and the public one alone. */
export const generateKeyPair: CcaFunction = ({ domain, rules, vud }) => {
  if (rules.length > 1) return Cca.KEYWORD_COUNT;
  if (rules.length === 1 && rules[0] !== 'MASTER  ') return Cca.KEYWORD;
  if (vud.length !== 2) return Cca.DATA_LENGTH;
  const curve = curveOf((vud[0]! << 8) | vud[1]!);
  if (curve === undefined) return Cca.KEY_LENGTH;
  if (domain.apka.current === null) return Cca.MASTER_KEY_NOT_LOADED;
  const token = wrapEccKey(domain.apka, curve, drawPrivateKey(curve, domain.random), domain.random);
  if (!(token instanceof Uint8Array)) return token;
  const open = publicToken(token);
  if (!(open instanceof Uint8Array)) return open;
  return { ...Cca.OK, keys: [token, open].map((bytes) => ({ attributes: 0, token: bytes })) };
};

export const sign: CcaFunction = ({ domain, rules, vud, keys }) => {
  if (rules.length !== 1 || keys.length !== 1) return Cca.KEYWORD_COUNT;
  if (rules[0] !== ECDSA) return Cca.KEYWORD;
  if (!HASH_LENGTHS.has(vud.length)) return Cca.DATA_LENGTH;
  const key = unwrapEccKey(domain.apka, keys[0]!.token);
  if (!('curve' in key)) return key;
  return { ...(key.old ? Cca.OLD_MASTER_KEY : Cca.OK), vud: ecdsaSign(key.curve, key.privateKey, vud) };
};

/** Either kind of token will do: only its public part is looked at. */
export const verify: CcaFunction = ({ rules, vud, keys }) => {
  if (rules.length !== 1 || keys.length !== 1) return Cca.KEYWORD_COUNT;
  if (rules[0] !== ECDSA) return Cca.KEYWORD;
  const hash = counted(vud, 0);
  const signature = hash === null ? null : counted(vud, hash.length + 2);
  if (hash === null || signature === null || !HASH_LENGTHS.has(hash.length)) return Cca.DATA_LENGTH;
  if (hash.length + signature.length + 4 !== vud.length) return Cca.DATA_LENGTH;
  const key = readPublic(keys[0]!.token);
  if (!('curve' in key)) return key;
  return ecdsaVerify(key.curve, key.point, hash, signature) ? Cca.OK : Cca.NOT_VERIFIED;
};

function counted(bytes: Uint8Array, at: number): Uint8Array | null {
  if (at + 2 > bytes.length) return null;
  const length = (bytes[at]! << 8) | bytes[at + 1]!;
  return length < 2 || at + length > bytes.length ? null : bytes.subarray(at + 2, at + length);
}
