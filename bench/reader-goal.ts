/**
 * A goal of a mount is one for the reader that is used where nothing else is said; the other one is measured for comparison.
 */
import { READERS, type ReaderKind } from '../src/fuse/device-reader.ts';

export const goalOf = (reader: ReaderKind, atMost: number): { goal?: { atMost: number } } =>
  reader === READERS[0] ? { goal: { atMost } } : {};
