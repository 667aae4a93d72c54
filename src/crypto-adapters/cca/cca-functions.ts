/**
 * The functions of a CCA coprocessor that are emulated, by their codes; RSA is done elsewhere, because it needs no key of the card.
 */
import { createHash } from 'node:crypto';
import { facilityReply, type FacilityKeyword } from '../messages/cca-facility.ts';
import { RNG_RULE } from '../messages/rng.ts';
import { decipher, encipher, generateKey, importClearKey } from './cca-aes.ts';
import { generateKeyPair, sign, verify } from './cca-ecc.ts';
import type { CcaFunction } from './cca-function.ts';
import { Cca } from './cca-reason.ts';

const HASHES: ReadonlyMap<string, string> = new Map([
  ['SHA-1   ', 'sha1'],
  ['SHA-224 ', 'sha224'],
  ['SHA-256 ', 'sha256'],
  ['SHA-384 ', 'sha384'],
  ['SHA-512 ', 'sha512'],
]);

const query: CcaFunction = ({ firmware, domain, rules }) => {
  if (rules.length !== 1) return Cca.KEYWORD_COUNT;
  const keyword = rules[0]!;
  if (!isFacility(keyword)) return Cca.KEYWORD;
  const { aes, apka, asym } = domain;
  const info = { serial: firmware.serial, aes: aes.statuses, apka: apka.statuses, asym: asym.statuses };
  return { ...Cca.OK, ...facilityReply(keyword, info) };
};

const isFacility = (keyword: string): keyword is FacilityKeyword => keyword === 'STATICSA' || keyword === 'STATICSB';

/** As many bytes as are asked for and fit the reply. */
const random: CcaFunction = ({ domain, rules, room }) => {
  if (rules.length !== 1) return Cca.KEYWORD_COUNT;
  if (rules[0] !== RNG_RULE) return Cca.KEYWORD;
  return { ...Cca.OK, data: domain.random.bytes(room) };
};

/** Rules: the algorithm, and perhaps `ONLY`: a text in several parts needs a state between them, which is not emulated. */
const oneWayHash: CcaFunction = ({ rules, vud }) => {
  if (rules.length < 1 || rules.length > 2) return Cca.KEYWORD_COUNT;
  const algorithm = HASHES.get(rules[0]!);
  if (algorithm === undefined) return Cca.KEYWORD;
  if (rules.length === 2 && rules[1] !== 'ONLY    ') return Cca.KEYWORD_COMBINATION;
  return { ...Cca.OK, vud: new Uint8Array(createHash(algorithm).update(vud).digest()) };
};

export const CCA_FUNCTIONS: ReadonlyMap<string, CcaFunction> = new Map([
  ['FQ', query],
  ['RL', random],
  ['OH', oneWayHash],
  ['KG', generateKey],
  ['CM', importClearKey],
  ['SE', encipher],
  ['SD', decipher],
  ['PG', generateKeyPair],
  ['SG', sign],
  ['SV', verify],
]);
