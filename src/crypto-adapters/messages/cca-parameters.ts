/**
 * The parameter block of a CCA request or reply behind its CPRBX: function code, rules, verb-unique data, keys
 * (the request structures of drivers/s390/crypto/zcrypt_ccamisc.c). Every list starts with its length, which counts itself.
 */
import { ReplyError } from './error-reply.ts';
import { readPair, writeText } from './text.ts';
import { writePair } from './fields.ts';

export const RULE_LENGTH = 8;
/** Length and attributes before the bytes of a key. */
const KEY_HEADER = 4;

export interface CcaKey {
  /** What the entry is for; the kernel asks for a new key in the entry with 0x30. */
  readonly attributes: number;
  /** A token, or nothing. */
  readonly token: Uint8Array;
}

export interface CcaParameters {
  /** Two characters. */
  readonly functionCode: string;
  /** Keywords of eight characters. */
  readonly rules: readonly string[];
  /** Verb-unique data: what the function works on. */
  readonly vud: Uint8Array;
  readonly keys: readonly CcaKey[];
}

/** RangeError when a rule has not eight characters or a list does not fit its 16-bit length. */
export function encodeCcaParameters({ functionCode, rules, vud, keys }: CcaParameters): Uint8Array {
  const keysLength = keys.reduce((sum, { token }) => sum + KEY_HEADER + token.length, 2);
  const vudAt = 4 + rules.length * RULE_LENGTH;
  const keysAt = vudAt + 2 + vud.length;
  if (Math.max(vudAt, keysAt - vudAt, keysLength) > 0xffff)
    throw new RangeError(`expected lists below 64 KiB, got data of ${vud.length} and keys of ${keysLength} bytes`);
  const bytes = new Uint8Array(keysAt + keysLength);
  const view = new DataView(bytes.buffer);
  writePair(bytes, 0, functionCode);
  view.setUint16(2, vudAt - 2);
  for (const [index, rule] of rules.entries()) {
    if (rule.length !== RULE_LENGTH) throw new RangeError(`expected rules of 8 characters, got ${JSON.stringify(rule)}`);
    writeText(bytes, 4 + index * RULE_LENGTH, rule);
  }
  view.setUint16(vudAt, keysAt - vudAt);
  bytes.set(vud, vudAt + 2);
  view.setUint16(keysAt, keysLength);
  let at = keysAt + 2;
  for (const { attributes, token } of keys) {
    view.setUint16(at, KEY_HEADER + token.length);
    view.setUint16(at + 2, attributes);
    bytes.set(token, at + KEY_HEADER);
    at += KEY_HEADER + token.length;
  }
  return bytes;
}

/** The lists, or the code of the error reply. Lists missing at the end are empty; padding of up to three bytes may follow. */
export function decodeCcaParameters(bytes: Uint8Array): CcaParameters | number {
  if (bytes.length < 2) return ReplyError.MESSAGE_LENGTH;
  const rules = readList(bytes, 2);
  if (rules === null || rules.content.length % RULE_LENGTH !== 0) return ReplyError.MESSAGE_LENGTH;
  const vud = readList(bytes, rules.end);
  if (vud === null) return ReplyError.MESSAGE_LENGTH;
  const keyList = readList(bytes, vud.end);
  if (keyList === null || bytes.length - keyList.end > 3) return ReplyError.MESSAGE_LENGTH;
  const keys = readKeys(keyList.content);
  if (keys === null) return ReplyError.MESSAGE_LENGTH;
  return { functionCode: readPair(bytes, 0), rules: readRules(rules.content), vud: vud.content, keys };
}

/** A list that starts at `at`: its content and where it ends. null when its length makes no sense. */
function readList(bytes: Uint8Array, at: number): { readonly content: Uint8Array; readonly end: number } | null {
  if (at === bytes.length) return { content: bytes.subarray(at), end: at };
  if (at + 2 > bytes.length) return null;
  const length = (bytes[at]! << 8) | bytes[at + 1]!;
  if (length < 2 || at + length > bytes.length) return null;
  return { content: bytes.subarray(at + 2, at + length), end: at + length };
}

function readRules(content: Uint8Array): string[] {
  const rules: string[] = [];
  for (let at = 0; at < content.length; at += RULE_LENGTH) rules.push(String.fromCharCode(...content.subarray(at, at + RULE_LENGTH)));
  return rules;
}

function readKeys(content: Uint8Array): CcaKey[] | null {
  const keys: CcaKey[] = [];
  let at = 0;
  while (at < content.length) {
    if (at + KEY_HEADER > content.length) return null;
    const length = (content[at]! << 8) | content[at + 1]!;
    if (length < KEY_HEADER || at + length > content.length) return null;
    keys.push({ attributes: (content[at + 2]! << 8) | content[at + 3]!, token: content.subarray(at + KEY_HEADER, at + length) });
    at += length;
  }
  return keys;
}
