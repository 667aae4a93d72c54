/**
 * EBCDIC as consoles and STSI use it: code page 1047, its printable part (arch/s390/kernel/ebcdic.c has such tables).
 */

/** By the first code of a run, its characters. */
const RUNS: readonly (readonly [number, string])[] = [
  [0x40, ' '],
  [0x4a, '¢.<(+|&'],
  [0x5a, '!$*);^-/'],
  [0x6a, '¦,%_>?'],
  [0x79, '`:#@\'="'],
  [0x81, 'abcdefghi'],
  [0x91, 'jklmnopqr'],
  [0xa1, '~stuvwxyz'],
  [0xad, '['],
  [0xbd, ']'],
  [0xc0, '{ABCDEFGHI'],
  [0xd0, '}JKLMNOPQR'],
  [0xe0, '\\'],
  [0xe2, 'STUVWXYZ'],
  [0xf0, '0123456789'],
];

const TEXT: string[] = new Array<string>(256).fill('.');
const CODE = new Map<string, number>();
for (const [first, characters] of RUNS) {
  characters.split('').forEach((character, i) => {
    TEXT[first + i] = character;
    CODE.set(character, first + i);
  });
}
// A new line, a line feed.
TEXT[0x15] = TEXT[0x25] = '\n';

/** Codes without a character become a full stop. */
export const fromEbcdic = (bytes: Uint8Array): string => Array.from(bytes, (code) => TEXT[code]).join('');

/** Padded with blanks to `length`, or cut; a character that EBCDIC has not becomes a blank. */
export function toEbcdic(text: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length).fill(0x40);
  text
    .slice(0, length)
    .split('')
    .forEach((character, i) => {
      bytes[i] = CODE.get(character) ?? 0x40;
    });
  return bytes;
}
