/**
 * The functions of an EP11 coprocessor that are emulated, by their ids.
 */
import { createHash } from 'node:crypto';
import { encodeDomainInfo, encodeModuleInfo, Ep11Query, GET_XCP_INFO } from '../messages/ep11-query.ts';
import { wordOf } from '../messages/ep11-payload.ts';
import { Ckr } from './ckr.ts';
import { decryptSingle, encryptSingle, generateKey, unwrapAesKey } from './ep11-aes.ts';
import { generateKeyPair, signSingle, verifySingle } from './ep11-ecc.ts';
import { ofFields, type Ep11Function } from './ep11-function.ts';

/** Domains that a card has. */
const DOMAINS = 256;

const DIGESTS: ReadonlyMap<number, string> = new Map([
  [0x220, 'sha1'],
  [0x250, 'sha256'],
  [0x255, 'sha224'],
  [0x260, 'sha384'],
  [0x270, 'sha512'],
]);

/** Fields: what is asked, and a subtype that nobody uses. */
const query: Ep11Function = ({ firmware, domain, fields }) => {
  switch (wordOf(fields[0])) {
    case Ep11Query.MODULE:
      return [encodeModuleInfo(firmware.ep11Module, DOMAINS)];
    case Ep11Query.DOMAIN:
      return [encodeDomainInfo(domain.info)];
    default:
      return Ckr.ARGUMENTS_BAD;
  }
};

/** Field: how many bytes. */
const generateRandom: Ep11Function = ({ domain, fields, room }) => {
  const length = wordOf(fields[0]);
  if (length === null) return Ckr.ARGUMENTS_BAD;
  return length > room ? Ckr.DATA_LEN_RANGE : [domain.random.bytes(length)];
};

/** Fields: a number without meaning, mechanism, data. */
const digestSingle: Ep11Function = ({ fields }) => {
  const id = wordOf(fields[1]);
  const algorithm = id === null ? undefined : DIGESTS.get(id);
  return algorithm === undefined ? Ckr.MECHANISM_INVALID : [new Uint8Array(createHash(algorithm).update(fields[2]!).digest())];
};

export const Ep11FunctionId = {
  GENERATE_RANDOM: 4,
  DIGEST_SINGLE: 10,
  ENCRYPT_SINGLE: 19,
  DECRYPT_SINGLE: 20,
  GENERATE_KEY: 21,
  GENERATE_KEY_PAIR: 22,
  SIGN_SINGLE: 31,
  VERIFY_SINGLE: 32,
  UNWRAP_KEY: 34,
} as const;

export const EP11_FUNCTIONS: ReadonlyMap<number, Ep11Function> = new Map([
  [Ep11FunctionId.GENERATE_RANDOM, ofFields(1, generateRandom)],
  [Ep11FunctionId.DIGEST_SINGLE, ofFields(3, digestSingle)],
  [Ep11FunctionId.ENCRYPT_SINGLE, ofFields(4, encryptSingle)],
  [Ep11FunctionId.DECRYPT_SINGLE, ofFields(4, decryptSingle)],
  [Ep11FunctionId.GENERATE_KEY, ofFields(5, generateKey)],
  [Ep11FunctionId.GENERATE_KEY_PAIR, ofFields(6, generateKeyPair)],
  [Ep11FunctionId.SIGN_SINGLE, ofFields(4, signSingle)],
  [Ep11FunctionId.VERIFY_SINGLE, ofFields(4, verifySingle)],
  [Ep11FunctionId.UNWRAP_KEY, ofFields(6, unwrapAesKey)],
  [GET_XCP_INFO, ofFields(2, query)],
]);
