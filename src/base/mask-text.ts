/**
 * The text syntax of apmask, aqmask and of the masks of a zcrypt node: absolute hex or relative `+`/`-` terms; ap_config of an mdev has
 * three of the former (ap_parse_mask_str, ap_hex2bitmap and modify_bitmap in drivers/s390/crypto/ap_bus.c).
 */
import { ApMask } from './ap-mask.ts';
import { EINVAL, type Errno } from './errno.ts';

/** The mask that storing `text` over `current` makes, or -EINVAL. The first character decides: `+` or `-` is relative. */
export function parseMaskText(text: string, current: ApMask): ApMask | Errno {
  return /^[+-]/.test(text) ? parseRelative(text, current) : parseHexMask(text);
}

const ABSOLUTE = /^(?:0?x)?([0-9a-fA-F]{0,64})\n?$/;

/**
 * Up to 64 hex digits that fill the mask from the left; -EINVAL for more of them or for anything else. Short input is padded with zeros on
 * the right, so nothing at all, a bare newline and `0x` are the empty mask; a leading `x` alone is skipped, too (ap_hex2bitmap).
 */
export function parseHexMask(text: string): ApMask | Errno {
  // `$` without the m flag matches at the very end only, so nothing may follow the one newline.
  const digits = ABSOLUTE.exec(text)?.[1];
  return digits === undefined ? EINVAL : ApMask.fromBytes(Buffer.from(digits.padEnd(64, '0'), 'hex'));
}

/** One term with the separators after it. What follows must be another sign or the end, so `+08` fails at its 8 and a blank anywhere. */
const TERM = new RegExp(/([+-])(NUM)(?:-(NUM))?[,\n]*/.source.replaceAll('NUM', '0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*'), 'y');

function parseRelative(text: string, current: ApMask): ApMask | Errno {
  let mask = current;
  TERM.lastIndex = 0;
  while (TERM.lastIndex < text.length) {
    const match = TERM.exec(text);
    if (match === null) return EINVAL;
    const [, sign, from, to = from] = match;
    const first = numberOf(from!);
    const last = numberOf(to!);
    if (last > 255 || first > last) return EINVAL;
    for (let bit = first; bit <= last; bit++) mask = sign === '+' ? mask.with(bit) : mask.without(bit);
  }
  return mask;
}

/** Base auto: 0x, a leading 0 is octal, decimal otherwise. */
function numberOf(digits: string): number {
  if (/^0[xX]/.test(digits)) return Number.parseInt(digits.slice(2), 16);
  return Number.parseInt(digits, digits.startsWith('0') ? 8 : 10);
}
