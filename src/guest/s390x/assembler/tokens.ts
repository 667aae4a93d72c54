/**
 * Words of one line of assembler text. `#` begins a comment. No kernel counterpart: GNU as for s390.
 */
import { AssemblerError, type SourcePlace } from './source-error.ts';

export type Token =
  | { readonly kind: 'name'; readonly text: string; readonly place: SourcePlace }
  | { readonly kind: 'number'; readonly value: bigint; readonly text: string; readonly place: SourcePlace }
  | { readonly kind: 'text'; readonly value: string; readonly text: string; readonly place: SourcePlace }
  /** `%r1`; `file` is the letter. */
  | { readonly kind: 'register'; readonly file: string; readonly number: number; readonly text: string; readonly place: SourcePlace }
  | { readonly kind: 'sign'; readonly text: string; readonly place: SourcePlace };

const SPACE = /[ \t\r]+/y;
const NAME = /[A-Za-z_.$][A-Za-z0-9_.$]*/y;
/** A target such as `1f` or `2b` is a name: local labels are numbers. */
const LOCAL = /\d+[fb](?![A-Za-z0-9_])/y;
const NUMBER = /0[xX][0-9a-fA-F]+|0[bB][01]+|\d+/y;
const REGISTER = /%([rfac])(\d+)/y;
const TEXT = /"((?:[^"\\]|\\.)*)"/y;
const CHARACTER = /'([^'\\]|\\.)'/y;
const SIGN = /<<|>>|[-+*/%&|^~(),:=]/y;
const REGISTERS = 16;

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '0': '\0' };

export function tokensOf(text: string, { file, line }: { readonly file: string; readonly line: number }): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at += match[0].length;
    return match;
  };
  while (at < text.length && text[at] !== '#') {
    const place = { file, line, column: at + 1 };
    if (take(SPACE) !== null) continue;
    tokens.push(nextToken(take, place, text));
  }
  return tokens;
}

function nextToken(take: (pattern: RegExp) => RegExpExecArray | null, place: SourcePlace, line: string): Token {
  const word = take(LOCAL) ?? take(NAME);
  if (word !== null) return { kind: 'name', text: word[0], place };
  const number = take(NUMBER);
  if (number !== null) {
    if (/^0\d/.test(number[0])) throw new AssemblerError(place, `expected a number without a leading zero, got ${number[0]}`);
    return { kind: 'number', value: BigInt(number[0]), text: number[0], place };
  }
  const register = take(REGISTER);
  if (register !== null) return registerToken(register, place);
  const quoted = take(TEXT);
  if (quoted !== null) return { kind: 'text', value: unescaped(quoted[1]!), text: quoted[0], place };
  const character = take(CHARACTER);
  if (character !== null) {
    return { kind: 'number', value: BigInt(unescaped(character[1]!).charCodeAt(0)), text: character[0], place };
  }
  const sign = take(SIGN);
  if (sign !== null) return { kind: 'sign', text: sign[0], place };
  throw new AssemblerError(place, `unexpected ${JSON.stringify(line.slice(place.column - 1))}`);
}

function registerToken(match: RegExpExecArray, place: SourcePlace): Token {
  const number = Number(match[2]);
  if (number >= REGISTERS) throw new AssemblerError(place, `expected a register from 0 to ${REGISTERS - 1}, got ${match[0]}`);
  return { kind: 'register', file: match[1]!, number, text: match[0], place };
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, letter: string) => ESCAPES[letter] ?? letter);
}
