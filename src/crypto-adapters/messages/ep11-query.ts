/**
 * What EP11 cards tell about themselves and their domains: requests with function 38 (get_xcp_info), and the structures that come back
 * (ep11_get_card_info and ep11_get_domain_info in drivers/s390/crypto/zcrypt_ep11misc.c).
 */
import { EP11_CPRB_LENGTH, readEp11Cprb, writeEp11Cprb } from './ep11-cprb.ts';
import { decodeEp11Payload, encodeEp11Payload, word, wordOf } from './ep11-payload.ts';
import { writeText } from './text.ts';

export const GET_XCP_INFO = 38;
export const Ep11Query = { MODULE: 1, DOMAIN: 3 } as const;

const MODULE_LENGTH = 196;
const DOMAIN_LENGTH = 80;
/** Sequence header, function, domain, return value, and the header of the data, in a reply. */
const REPLY_OVERHEAD = 26;
const SERIAL = { at: 108, length: 16 } as const;
const OP_MODE_AT = 140;
const PATTERN_LENGTH = 32;
const DomainFlag = { CURRENT_VALID: 0x02, NEW_PRESENT: 0x04, NEW_COMMITTED: 0x08, NOT_IMPRINT: 0x10 } as const;

export interface Ep11ModuleInfo {
  readonly apiOrdinal: number;
  /** Major version times 256 plus minor version. */
  readonly firmware: number;
  /** 16 characters. */
  readonly serial: string;
  /** Bits 0 to 8 have names, see `op_modes`. */
  readonly opModes: bigint;
}

export interface Ep11DomainInfo {
  readonly domain: number;
  readonly current: { readonly state: 'invalid' } | { readonly state: 'valid'; readonly pattern: Uint8Array };
  readonly new: { readonly state: 'empty' } | { readonly state: 'uncommitted' | 'committed'; readonly pattern: Uint8Array };
  readonly opModes: bigint;
}

/** CPRB and payload, and the room for the response. The driver puts the domain in. */
export function encodeEp11Query(type: (typeof Ep11Query)[keyof typeof Ep11Query]): { request: Uint8Array; responseLength: number } {
  const payload = encodeEp11Payload({ functionId: GET_XCP_INFO, api: 1, domain: 0, fields: [word(type), word(0)] });
  const length = type === Ep11Query.MODULE ? MODULE_LENGTH : DOMAIN_LENGTH;
  return { request: encodeEp11Block(payload), responseLength: EP11_CPRB_LENGTH + REPLY_OVERHEAD + length };
}

/** A CPRB for the payload, with the return code that the kernel puts into requests. */
export function encodeEp11Block(payload: Uint8Array, flags = 0): Uint8Array {
  const bytes = new Uint8Array(EP11_CPRB_LENGTH + payload.length);
  writeEp11Cprb(bytes, 0, { flags, returnCode: 0xffffffff, payloadLength: payload.length });
  bytes.set(payload, EP11_CPRB_LENGTH);
  return bytes;
}

/** Data of a response: what follows the return value. null when the card refused, or it is none. */
function ep11ResponseFields(response: Uint8Array): readonly Uint8Array[] | null {
  const cprb = readEp11Cprb(response, 0);
  if (cprb === null || cprb.returnCode !== 0) return null;
  const payload = decodeEp11Payload(response.subarray(EP11_CPRB_LENGTH));
  return payload === null || wordOf(payload.fields[0]) !== 0 ? null : payload.fields.slice(1);
}

export function encodeModuleInfo({ apiOrdinal, firmware, serial, opModes }: Ep11ModuleInfo, domains: number): Uint8Array {
  const bytes = new Uint8Array(MODULE_LENGTH);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, apiOrdinal);
  view.setUint16(8, firmware);
  writeText(bytes, SERIAL.at, serial.padEnd(SERIAL.length).slice(0, SERIAL.length));
  view.setBigUint64(OP_MODE_AT, opModes);
  view.setUint32(OP_MODE_AT + 16, domains);
  return bytes;
}

/** null when the response is a refusal or too short. */
export function parseModuleInfo(response: Uint8Array): Ep11ModuleInfo | null {
  const data = ep11ResponseFields(response)?.[0];
  if (data === undefined || data.length !== MODULE_LENGTH) return null;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const serial = String.fromCharCode(...data.subarray(SERIAL.at, SERIAL.at + SERIAL.length));
  return { apiOrdinal: view.getUint32(0), firmware: view.getUint16(8), serial, opModes: view.getBigUint64(OP_MODE_AT) };
}

export function encodeDomainInfo(info: Ep11DomainInfo): Uint8Array {
  const bytes = new Uint8Array(DOMAIN_LENGTH);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, info.domain);
  let flags: number = DomainFlag.NOT_IMPRINT;
  if (info.current.state === 'valid') {
    flags |= DomainFlag.CURRENT_VALID;
    bytes.set(info.current.pattern, 4);
  }
  if (info.new.state !== 'empty') {
    flags |= info.new.state === 'committed' ? DomainFlag.NEW_PRESENT | DomainFlag.NEW_COMMITTED : DomainFlag.NEW_PRESENT;
    bytes.set(info.new.pattern, 4 + PATTERN_LENGTH);
  }
  view.setUint32(4 + 2 * PATTERN_LENGTH, flags);
  view.setBigUint64(8 + 2 * PATTERN_LENGTH, info.opModes);
  return bytes;
}

/** null when the response is a refusal or too short. A domain in imprint mode has no keys, whatever else it says. */
export function parseDomainInfo(response: Uint8Array): Ep11DomainInfo | null {
  const data = ep11ResponseFields(response)?.[0];
  if (data === undefined || data.length !== DOMAIN_LENGTH) return null;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const flags = view.getUint32(4 + 2 * PATTERN_LENGTH);
  const keyed = (flags & DomainFlag.NOT_IMPRINT) !== 0;
  const valid = keyed && (flags & DomainFlag.CURRENT_VALID) !== 0;
  const committed = (flags & DomainFlag.NEW_COMMITTED) !== 0;
  const present = keyed && (committed || (flags & DomainFlag.NEW_PRESENT) !== 0);
  return {
    domain: view.getUint32(0),
    current: valid ? { state: 'valid', pattern: new Uint8Array(data.subarray(4, 4 + PATTERN_LENGTH)) } : { state: 'invalid' },
    new: present
      ? {
          state: committed ? 'committed' : 'uncommitted',
          pattern: new Uint8Array(data.subarray(4 + PATTERN_LENGTH, 4 + 2 * PATTERN_LENGTH)),
        }
      : { state: 'empty' },
    opModes: view.getBigUint64(8 + 2 * PATTERN_LENGTH),
  };
}
