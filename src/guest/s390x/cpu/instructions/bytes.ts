/**
 * Runs of bytes in storage for instructions with operands in storage: moved, filled, and compared in one go where they lie in plain storage, a
 * byte at a time otherwise. No kernel counterpart.
 */
import { checkFetch, checkStore, load8, store8 } from '../access.ts';
import type { Cpu } from '../cpu.ts';

/** Below it a loop is faster than a call of the engine's copying. */
const SHORT = 24;

/** Two operands of the same length; their end does not wrap and no byte of them needs a closer look. */
function plain(c: Cpu, first: number, second: number, length: number): boolean {
  return c.direct && first + length <= c.storage.size && second + length <= c.storage.size;
}

/** From left to right, byte by byte as far as anybody can tell: a destination one byte behind its source is filled with one value. */
export function move(c: Cpu, to: number, from: number, length: number): void {
  if (!plain(c, to, from, length)) {
    checkFetch(c, from, length);
    checkStore(c, to, length);
    for (let n = 0; n < length; n++) store8(c, to + n, load8(c, from + n));
    return;
  }
  const { bytes } = c.storage;
  if (length < SHORT || (to > from && to < from + length)) for (let n = 0; n < length; n++) bytes[to + n] = bytes[from + n]!;
  else bytes.copyWithin(to, from, from + length);
  c.storage.written(to, length);
}

export function fill(c: Cpu, to: number, value: number, length: number): void {
  checkStore(c, to, length);
  if (!c.direct) {
    for (let n = 0; n < length; n++) store8(c, to + n, value);
    return;
  }
  c.storage.bytes.fill(value, to, to + length);
  c.storage.written(to, length);
}

/** Number of the first byte that differs; `length` when none does. */
export function firstDifference(c: Cpu, first: number, second: number, length: number): number {
  if (plain(c, first, second, length)) {
    const { bytes } = c.storage;
    for (let n = 0; n < length; n++) if (bytes[first + n] !== bytes[second + n]) return n;
    return length;
  }
  for (let n = 0; n < length; n++) if (load8(c, first + n) !== load8(c, second + n)) return n;
  return length;
}
