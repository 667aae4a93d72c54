/**
 * The facility query `FQ` of CCA with the keywords STATICSA and STATICSB: serial number and the states of the master keys
 * (cca_query_crypto_facility and cca_get_info in drivers/s390/crypto/zcrypt_ccamisc.c). Elements that the kernel does not read are blank.
 */
import { CPRBX_LENGTH, readCprbx, writeCprbx } from './cprbx.ts';
import { decodeCcaParameters, encodeCcaParameters, RULE_LENGTH, type CcaParameters } from './cca-parameters.ts';

export type FacilityKeyword = 'STATICSA' | 'STATICSB';
export type MasterKeyName = 'aes' | 'apka' | 'asym';

/** Digits as the card tells them: new 1 empty, 2 partial, 3 full; current and old 1 invalid, 2 valid. Patterns of absent keys are zero. */
export interface MasterKeyStatus {
  readonly state: string;
  /** Verification pattern: 8 bytes, of the ASYM key 16. */
  readonly pattern: Uint8Array;
}

export interface MasterKeyStatuses {
  readonly new: MasterKeyStatus;
  readonly current: MasterKeyStatus;
  readonly old: MasterKeyStatus;
}

/** What a CCA queue tells about its card and its domain. */
export interface CcaInfo extends Readonly<Record<MasterKeyName, MasterKeyStatuses>> {
  /** 8 characters. */
  readonly serial: string;
}

const SERIAL_LENGTH = 8;
/** Room for the reply, and what the kernel sends as variable data. */
const VARIABLE_DATA = 4096;

interface Place {
  readonly element: number;
  readonly at: number;
}

type Places = Readonly<Record<keyof MasterKeyStatuses, Place>>;

/** Element of the rule array with the state, offset of the pattern in the variable data. */
const PLACES: Readonly<Record<MasterKeyName, Places>> = {
  asym: { new: { element: 4, at: 104 }, current: { element: 5, at: 84 }, old: { element: 6, at: 64 } },
  aes: { new: { element: 7, at: 196 }, current: { element: 8, at: 184 }, old: { element: 9, at: 172 } },
  apka: { new: { element: 10, at: 232 }, current: { element: 11, at: 220 }, old: { element: 12, at: 208 } },
};
const KEY_AGES = ['new', 'current', 'old'] as const;
/** What is in the reply to a keyword, how many elements and bytes. The other keyword's elements are there, too, where they fit. */
const SHAPES = {
  STATICSA: { keys: ['asym', 'aes'], elements: 10, bytes: 204 },
  STATICSB: { keys: ['apka'], elements: 13, bytes: 240 },
} as const;
/** Length and tag before each pattern. */
const PATTERN_HEADER = 4;
const FULL_NEW = '3';
const VALID = '2';

export const patternLength = (name: MasterKeyName): number => (name === 'asym' ? 16 : 8);

/** Control block of a request: CPRBX and parameters, as ZSECSENDCPRB takes it. */
export function encodeFacilityQuery(domain: number, keyword: FacilityKeyword): { control: Uint8Array; replyControlLength: number } {
  const parameters = encodeCcaParameters({ functionCode: 'FQ', rules: [keyword], vud: new Uint8Array(VARIABLE_DATA), keys: [] });
  const control = new Uint8Array(CPRBX_LENGTH + parameters.length);
  writeCprbx(control, 0, { domain, requestParameters: parameters.length, replyMessage: control.length });
  control.set(parameters, CPRBX_LENGTH);
  return { control, replyControlLength: control.length };
}

/** The card's side: rules and variable data of the reply. */
export function facilityReply(keyword: FacilityKeyword, info: CcaInfo): Pick<CcaParameters, 'rules' | 'vud'> {
  const { elements, bytes } = SHAPES[keyword];
  const rules = Array.from({ length: elements }, () => ' '.repeat(RULE_LENGTH));
  rules[0] = info.serial.padEnd(SERIAL_LENGTH).slice(0, SERIAL_LENGTH);
  const vud = new Uint8Array(bytes);
  const view = new DataView(vud.buffer);
  for (const name of ['asym', 'aes', 'apka'] as const) {
    for (const age of KEY_AGES) {
      const { element, at } = PLACES[name][age];
      if (element >= elements) continue;
      const { state, pattern } = info[name][age];
      rules[element] = state.padEnd(RULE_LENGTH);
      view.setUint16(at - PATTERN_HEADER, PATTERN_HEADER + pattern.length);
      vud.set(pattern, at);
    }
  }
  return { rules, vud };
}

/** What a control block that came back says; fields that are not told are absent. null when the card refused or the reply is too short. */
export function parseFacilityReply(keyword: FacilityKeyword, control: Uint8Array): Partial<CcaInfo> | null {
  const cprbx = readCprbx(control, 0);
  if (cprbx === null || cprbx.returnCode !== 0) return null;
  const parameters = decodeCcaParameters(control.subarray(CPRBX_LENGTH));
  if (typeof parameters === 'number') return null;
  const { keys, elements, bytes } = SHAPES[keyword];
  const { rules, vud } = parameters;
  if (rules.length < elements || vud.length < bytes) return null;
  const info: Partial<Record<MasterKeyName, MasterKeyStatuses>> & { serial?: string } = {};
  for (const name of keys) info[name] = parseKeys(name, rules, vud);
  if (keyword === 'STATICSA') info.serial = rules[0]!;
  return info;
}

function parseKeys(name: MasterKeyName, rules: readonly string[], vud: Uint8Array): MasterKeyStatuses {
  const status = (age: keyof MasterKeyStatuses): MasterKeyStatus => {
    const { element, at } = PLACES[name][age];
    const state = rules[element]!.charAt(0);
    const told = state === (age === 'new' ? FULL_NEW : VALID);
    const length = patternLength(name);
    return { state, pattern: told ? new Uint8Array(vud.subarray(at, at + length)) : new Uint8Array(length) };
  };
  return { new: status('new'), current: status('current'), old: status('old') };
}
