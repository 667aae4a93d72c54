/**
 * Numbers of adapters and domains as other programs write them, refused with their place. No kernel counterpart; base 0 is read as the kernel
 * and strtoul read it: decimal, 0x, octal after a leading 0.
 */
import { parseUnsigned } from '../../base/kernel-text.ts';
import type { FieldPath, Place } from '../place.ts';
import { quoted, refusal } from './foreign-text.ts';

const LAST_ID = 255;

export interface IdText {
  /** `an adapter number`. */
  readonly what: string;
  readonly place: Place;
  readonly path: FieldPath;
}

/** Any base, by the prefix. */
export function idOf(text: string, at: IdText): number {
  return checked(parseUnsigned(text.trim()), text, at);
}

/** Hex without a prefix, as names of devices have it. */
export function hexIdOf(text: string, at: IdText): number {
  return checked(/^[0-9a-fA-F]{1,4}$/.test(text) ? Number.parseInt(text, 16) : -1, text, at);
}

export function numberId(value: number, at: IdText): number {
  return checked(Number.isInteger(value) ? value : -1, String(value), at);
}

function checked(value: number, text: string, { what, place, path }: IdText): number {
  if (value >= 0 && value <= LAST_ID) return value;
  throw refusal(place, path, { expected: `${what} from 0 to ${LAST_ID}`, got: quoted(text) });
}

export const ADAPTER = 'an adapter number';
export const DOMAIN = 'a domain number';

/** In order, for lists that come from several places. */
export const ascending = (ids: Iterable<number>): number[] => [...ids].toSorted((a, b) => a - b);
