/**
 * Directives: data, gaps and symbols. `.byte .short .long .quad` lists; `.ascii .asciz .ebcdic` texts; `.align` to a multiple; `.skip` zeros
 * or a value; `.org` goes to an address; `.equ` names a value. No kernel counterpart.
 */
import { toEbcdic } from '../machine/ebcdic.ts';
import { parseExpression, type Expression, type Scope, type TokenReader } from './expression.ts';
import { AssemblerError, type SourcePlace } from './source-error.ts';

/** A piece of a program: how long it is, and its bytes once all symbols are known. */
export interface Piece {
  readonly place: SourcePlace;
  length(scope: Scope): number;
  bytes(scope: Scope): Uint8Array;
}

export type Directive =
  | { readonly kind: 'piece'; readonly piece: Piece }
  | { readonly kind: 'org'; readonly place: SourcePlace; readonly address: Expression }
  | { readonly kind: 'equ'; readonly place: SourcePlace; readonly name: string; readonly value: Expression };

const WIDTHS: ReadonlyMap<string, number> = new Map([
  ['.byte', 1],
  ['.short', 2],
  ['.long', 4],
  ['.quad', 8],
]);

/** More than any program has: a mistake in an expression, not a gap. */
const MOST_BYTES = 1n << 26n;

/** Null when there is no directive of this name. */
export function parseDirective(name: string, reader: TokenReader, place: SourcePlace): Directive | null {
  const width = WIDTHS.get(name);
  if (width !== undefined) return numbers(reader, width, place);
  switch (name) {
    case '.ascii':
      return texts(reader, place, (text) => Buffer.from(text, 'latin1'));
    case '.asciz':
      return texts(reader, place, (text) => Buffer.from(`${text}\0`, 'latin1'));
    case '.ebcdic':
      return texts(reader, place, (text) => toEbcdic(text, text.length));
    case '.align':
      return gap(ended(reader, parseExpression(reader)), null, { place, length: aligned });
    case '.skip':
      return skip(reader, place);
    case '.org':
      return { kind: 'org', place, address: ended(reader, parseExpression(reader)) };
    case '.equ':
      return equ(reader, place);
    default:
      return null;
  }
}

function ended<T>(reader: TokenReader, value: T): T {
  reader.expectEnd();
  return value;
}

function listOf<T>(reader: TokenReader, parse: () => T): T[] {
  const list = [parse()];
  while (reader.accept(',')) list.push(parse());
  return ended(reader, list);
}

function numbers(reader: TokenReader, width: number, place: SourcePlace): Directive {
  const values = listOf(reader, () => parseExpression(reader));
  const bytes = (scope: Scope): Uint8Array => Buffer.concat(values.map((value) => numberBytes(value, width, scope)));
  return { kind: 'piece', piece: { place, length: () => values.length * width, bytes } };
}

function numberBytes(value: Expression, width: number, scope: Scope): Uint8Array {
  const number = value.evaluate(scope);
  const bits = BigInt(8 * width);
  if (number < -(1n << (bits - 1n)) || number >= 1n << bits)
    throw new AssemblerError(value.place, `expected ${width} bytes, got ${number}`);
  return Buffer.from(
    BigInt.asUintN(8 * width, number)
      .toString(16)
      .padStart(2 * width, '0'),
    'hex',
  );
}

function texts(reader: TokenReader, place: SourcePlace, encode: (text: string) => Uint8Array): Directive {
  const parts = listOf(reader, () => {
    const token = reader.peek;
    if (token?.kind !== 'text') throw new AssemblerError(reader.place, `expected a text in double quotes, got ${token?.text ?? 'nothing'}`);
    reader.take();
    return encode(token.value);
  });
  const bytes = Buffer.concat(parts);
  return { kind: 'piece', piece: { place, length: () => bytes.length, bytes: () => bytes } };
}

function skip(reader: TokenReader, place: SourcePlace): Directive {
  const size = parseExpression(reader);
  const value = reader.accept(',') ? parseExpression(reader) : null;
  return gap(ended(reader, size), value, { place, length: (count) => count });
}

interface Gap {
  readonly place: SourcePlace;
  readonly length: (operand: bigint, here: bigint, place: SourcePlace) => bigint;
}

function gap(operand: Expression, filler: Expression | null, { place, length }: Gap): Directive {
  const size = (scope: Scope): number => {
    const bytes = length(operand.evaluate(scope), scope.here, operand.place);
    if (bytes < 0n || bytes > MOST_BYTES) throw new AssemblerError(operand.place, `expected 0 to ${MOST_BYTES} bytes, got ${bytes}`);
    return Number(bytes);
  };
  const bytes = (scope: Scope): Uint8Array => {
    const value = filler === null ? 0 : numberBytes(filler, 1, scope)[0]!;
    return new Uint8Array(size(scope)).fill(value);
  };
  return { kind: 'piece', piece: { place, length: size, bytes } };
}

function aligned(multiple: bigint, here: bigint, place: SourcePlace): bigint {
  if (multiple < 1n || (multiple & (multiple - 1n)) !== 0n) throw new AssemblerError(place, `expected a power of two, got ${multiple}`);
  return (multiple - (here % multiple)) % multiple;
}

function equ(reader: TokenReader, place: SourcePlace): Directive {
  const token = reader.take();
  if (token?.kind !== 'name') throw new AssemblerError(place, `.equ: expected a name, got ${token?.text ?? 'nothing'}`);
  reader.expect(',');
  return { kind: 'equ', place: token.place, name: token.text, value: ended(reader, parseExpression(reader)) };
}
