/**
 * Big-endian byte strings as numbers, the way cards and CCA tokens carry them.
 */
export function toBigInt(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n;
  return BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`);
}

/** Exactly `length` bytes, zeros on the left. RangeError when the value does not fit. */
export function toBytes(value: bigint, length: number): Uint8Array {
  const hex = value.toString(16);
  if (value < 0n || hex.length > length * 2)
    throw new RangeError(`expected a number of at most ${length} bytes, got ${hex.length / 2} bytes`);
  const bytes = new Uint8Array(length);
  bytes.set(Buffer.from(hex.padStart(length * 2, '0'), 'hex'));
  return bytes;
}

/** A view without the leading zero bytes; at least one byte of a non-empty string stays. */
export function stripZeros(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  return start === 0 ? bytes : bytes.subarray(start);
}

export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** `bytes` right-justified in `width` bytes; leading zeros are cut where it is longer. RangeError when other bytes would be lost. */
export function rightJustified(bytes: Uint8Array, width: number): Uint8Array {
  if (bytes.length === width) return bytes;
  if (bytes.length > width) {
    if (!isZero(bytes.subarray(0, bytes.length - width))) throw new RangeError(`expected at most ${width} bytes, got ${bytes.length}`);
    return bytes.subarray(bytes.length - width);
  }
  const field = new Uint8Array(width);
  field.set(bytes, width - bytes.length);
  return field;
}
