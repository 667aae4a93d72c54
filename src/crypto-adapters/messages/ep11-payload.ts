/**
 * The payload behind an EP11 CPRB: an ASN.1 sequence (0x30) of octet strings (0x04), the first of which are function and domain, 32 bits each;
 * in replies a PKCS #11 return value follows (the payload structures of drivers/s390/crypto/zcrypt_ep11misc.c).
 */
const SEQUENCE = 0x30;
const OCTETS = 0x04;
const ONE_BYTE = 0x81;
const TWO_BYTES = 0x82;
const WORD = 4;

export interface Ep11Payload {
  /** Function id, lower half of the function word. */
  readonly functionId: number;
  /** API ordinal that the sender needs, upper half. */
  readonly api: number;
  readonly domain: number;
  /** What follows. */
  readonly fields: readonly Uint8Array[];
}

export function word(value: number): Uint8Array {
  const bytes = new Uint8Array(WORD);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** null when it is not a field of 32 bits. */
export function wordOf(field: Uint8Array | undefined): number | null {
  if (field === undefined || field.length !== WORD) return null;
  return new DataView(field.buffer, field.byteOffset, WORD).getUint32(0);
}

/**
 * The sequence always has the length form of two bytes: the kernel reads replies through structures that say so. Fields are as short as
 * they can be, except in `longFields`, where everything that is not a word has it, too.
 */
export function encodeEp11Payload({ functionId, api, domain, fields }: Ep11Payload, longFields = false): Uint8Array {
  const parts = [word(api * 0x10000 + functionId), word(domain), ...fields].map((field) => octets(field, longFields));
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > 0xffff) throw new RangeError(`expected a payload below 64 KiB, got ${length} bytes`);
  const bytes = new Uint8Array(4 + length);
  bytes.set([SEQUENCE, TWO_BYTES, length >> 8, length & 0xff]);
  let at = 4;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function octets(value: Uint8Array, long: boolean): Uint8Array {
  const size = value.length;
  const twoBytes = size > 0xff || (long && size !== WORD);
  const header = twoBytes ? [OCTETS, TWO_BYTES, size >> 8, size & 0xff] : size > 0x7f ? [OCTETS, ONE_BYTE, size] : [OCTETS, size];
  const bytes = new Uint8Array(header.length + size);
  bytes.set(header);
  bytes.set(value, header.length);
  return bytes;
}

/** null when the bytes are not such a sequence from the first to the last; up to three bytes of padding may follow. */
export function decodeEp11Payload(bytes: Uint8Array): Ep11Payload | null {
  const sequence = readElement(bytes, 0, SEQUENCE);
  if (sequence === null || bytes.length - sequence.end > 3) return null;
  const all: Uint8Array[] = [];
  let at = 0;
  while (at < sequence.content.length) {
    const field = readElement(sequence.content, at, OCTETS);
    if (field === null) return null;
    all.push(field.content);
    at = field.end;
  }
  const [first, second, ...fields] = all;
  const [func, domain] = [wordOf(first), wordOf(second)];
  if (func === null || domain === null) return null;
  return { functionId: func & 0xffff, api: func >>> 16, domain, fields };
}

function readElement(bytes: Uint8Array, at: number, tag: number): { readonly content: Uint8Array; readonly end: number } | null {
  if (at + 2 > bytes.length || bytes[at] !== tag) return null;
  const form = bytes[at + 1]!;
  const extra = form === ONE_BYTE ? 1 : form === TWO_BYTES ? 2 : 0;
  if (at + 2 + extra > bytes.length || (extra === 0 && form > 0x7f)) return null;
  const length = extra === 0 ? form : extra === 1 ? bytes[at + 2]! : (bytes[at + 2]! << 8) | bytes[at + 3]!;
  const start = at + 2 + extra;
  return start + length > bytes.length ? null : { content: bytes.subarray(start, start + length), end: start + length };
}
