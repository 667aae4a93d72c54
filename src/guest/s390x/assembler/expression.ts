/**
 * Expressions: numbers, symbols, `.` for the address of the line, and the operators of C with their precedence. 64 bits and more: whoever
 * uses a value checks its range. No kernel counterpart.
 */
import { AssemblerError, type SourcePlace } from './source-error.ts';
import type { Token } from './tokens.ts';

/** What symbols mean where an expression stands. */
export interface Scope {
  /** Address of the line. */
  readonly here: bigint;
  lookup(name: string, place: SourcePlace): bigint;
}

export interface Expression {
  readonly place: SourcePlace;
  evaluate(scope: Scope): bigint;
}

/** Tokens of a line, read from left to right. */
export class TokenReader {
  private readonly tokens: readonly Token[];
  private at = 0;
  /** Where the line ends, for complaints about what is missing. */
  private readonly end: SourcePlace;

  constructor(tokens: readonly Token[], end: SourcePlace) {
    this.tokens = tokens;
    this.end = end;
  }

  get peek(): Token | undefined {
    return this.tokens[this.at];
  }

  get next(): Token | undefined {
    return this.tokens[this.at + 1];
  }

  get place(): SourcePlace {
    return this.peek?.place ?? this.end;
  }

  take(): Token | undefined {
    return this.tokens[this.at++];
  }

  /** Takes the sign when it comes next. */
  accept(sign: string): boolean {
    if (!this.sees(sign)) return false;
    this.at++;
    return true;
  }

  sees(sign: string): boolean {
    return this.peek?.kind === 'sign' && this.peek.text === sign;
  }

  expect(sign: string): void {
    if (!this.accept(sign)) throw new AssemblerError(this.place, `expected ${sign}, got ${this.peek?.text ?? 'the end of the line'}`);
  }

  expectEnd(): void {
    if (this.peek !== undefined) throw new AssemblerError(this.place, `expected the end of the line, got ${this.peek.text}`);
  }
}

type Operation = (a: bigint, b: bigint, place: SourcePlace) => bigint;

const divided = (operation: (a: bigint, b: bigint) => bigint): Operation => {
  return (a, b, place) => {
    if (b === 0n) throw new AssemblerError(place, 'division by zero');
    return operation(a, b);
  };
};

/** No address and no field is wider. */
const MOST_BITS = 64n;
const shifted = (operation: (a: bigint, b: bigint) => bigint): Operation => {
  return (a, b, place) => {
    if (b < 0n || b > MOST_BITS) throw new AssemblerError(place, `expected a shift by 0 to ${MOST_BITS} bits, got ${b}`);
    return operation(a, b);
  };
};

/** Weakest first. */
const LEVELS: readonly ReadonlyMap<string, Operation>[] = [
  new Map([['|', (a: bigint, b: bigint) => a | b]]),
  new Map([['^', (a: bigint, b: bigint) => a ^ b]]),
  new Map([['&', (a: bigint, b: bigint) => a & b]]),
  new Map([
    ['<<', shifted((a, b) => a << b)],
    ['>>', shifted((a, b) => a >> b)],
  ]),
  new Map([
    ['+', (a: bigint, b: bigint) => a + b],
    ['-', (a: bigint, b: bigint) => a - b],
  ]),
  new Map([
    ['*', (a: bigint, b: bigint) => a * b],
    ['/', divided((a, b) => a / b)],
    ['%', divided((a, b) => a % b)],
  ]),
];

export function parseExpression(reader: TokenReader, level = 0): Expression {
  const operations = LEVELS[level];
  if (operations === undefined) return parseUnary(reader);
  let left = parseExpression(reader, level + 1);
  for (;;) {
    const sign = reader.peek;
    const operation = sign?.kind === 'sign' ? operations.get(sign.text) : undefined;
    if (sign === undefined || operation === undefined) return left;
    reader.take();
    const [a, b] = [left, parseExpression(reader, level + 1)];
    left = { place: a.place, evaluate: (scope) => operation(a.evaluate(scope), b.evaluate(scope), sign.place) };
  }
}

function parseUnary(reader: TokenReader): Expression {
  const { place } = reader;
  if (reader.accept('-')) {
    const operand = parseUnary(reader);
    return { place, evaluate: (scope) => -operand.evaluate(scope) };
  }
  if (reader.accept('~')) {
    const operand = parseUnary(reader);
    return { place, evaluate: (scope) => ~operand.evaluate(scope) };
  }
  if (reader.accept('+')) return parseUnary(reader);
  return parsePrimary(reader);
}

function parsePrimary(reader: TokenReader): Expression {
  const { place } = reader;
  if (reader.accept('(')) {
    const inside = parseExpression(reader);
    reader.expect(')');
    return inside;
  }
  const token = reader.take();
  if (token?.kind === 'number') return { place, evaluate: () => token.value };
  if (token?.kind === 'name') {
    const { text } = token;
    return { place, evaluate: (scope) => (text === '.' ? scope.here : scope.lookup(text, place)) };
  }
  throw new AssemblerError(place, `expected a value, got ${token?.text ?? 'the end of the line'}`);
}
