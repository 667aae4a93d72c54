/**
 * Attributes of a key to be made, as EP11 sends them: counts, boolean attributes as mask and bits, numbers by type, byte strings by type and
 * length (the attribute fields of ep11_genaeskey and ep11_unwrapkey; that of byte strings is UNVERIFIED).
 */
const FORMAT = 0x10;
const HEADER = 12;

export const Cka = { KEY_TYPE: 0x100, VALUE_LEN: 0x161, EC_PARAMS: 0x180 } as const;

export interface KeyTemplate {
  /** Boolean attributes that are wanted. */
  readonly attributes: number;
  readonly numbers: ReadonlyMap<number, number>;
  readonly strings: ReadonlyMap<number, Uint8Array>;
}

export function encodeKeyTemplate({ attributes, numbers, strings }: KeyTemplate): Uint8Array {
  let length = HEADER + numbers.size * 8;
  for (const value of strings.values()) length += 8 + value.length;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  bytes[0] = FORMAT;
  bytes[1] = numbers.size;
  view.setUint16(2, strings.size);
  view.setUint32(4, attributes);
  view.setUint32(8, attributes);
  let at = HEADER;
  for (const [type, value] of numbers) {
    view.setUint32(at, type);
    view.setUint32(at + 4, value);
    at += 8;
  }
  for (const [type, value] of strings) {
    view.setUint32(at, type);
    view.setUint32(at + 4, value.length);
    bytes.set(value, at + 8);
    at += 8 + value.length;
  }
  return bytes;
}

/** null when counts and lengths do not fit the bytes. */
export function decodeKeyTemplate(bytes: Uint8Array): KeyTemplate | null {
  if (bytes.length < HEADER || bytes[0] !== FORMAT) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const numbers = new Map<number, number>();
  const strings = new Map<number, Uint8Array>();
  let at = HEADER;
  for (let i = 0; i < bytes[1]!; i++) {
    if (at + 8 > bytes.length) return null;
    numbers.set(view.getUint32(at), view.getUint32(at + 4));
    at += 8;
  }
  for (let i = 0; i < view.getUint16(2); i++) {
    if (at + 8 > bytes.length) return null;
    const end = at + 8 + view.getUint32(at + 4);
    if (end > bytes.length) return null;
    strings.set(view.getUint32(at), bytes.subarray(at + 8, end));
    at = end;
  }
  return at === bytes.length ? { attributes: (view.getUint32(4) & view.getUint32(8)) >>> 0, numbers, strings } : null;
}
