/**
 * Colour for reports: the same functions with and without ANSI sequences, so that no report text asks where it is printed.
 * No kernel counterpart.
 */
export interface Paint {
  bold(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  faint(text: string): string;
}

const same = (text: string): string => text;

export const PLAIN: Paint = { bold: same, good: same, bad: same, faint: same };

const ansi =
  (code: number) =>
  (text: string): string =>
    text === '' ? '' : `\u001b[${code}m${text}\u001b[0m`;

export const COLOUR: Paint = { bold: ansi(1), good: ansi(32), bad: ansi(31), faint: ansi(2) };
