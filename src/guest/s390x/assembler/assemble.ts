/**
 * A small assembler for s390x in the syntax of GNU as: labels, directives, and every instruction of the table by its own or its extended
 * mnemonic. Two passes: addresses first, then bytes. No kernel counterpart.
 */
import { encode, type Fields } from '../isa/decode.ts';
import { extendedMnemonic } from '../isa/extended.ts';
import { instructionNamed } from '../isa/opcodes.ts';
import type { InstructionRow } from '../isa/rows.ts';
import { parseDirective, type Directive, type Piece } from './directives.ts';
import { TokenReader, type Scope } from './expression.ts';
import { InstructionOperands, parseOperands } from './operands.ts';
import { AssemblerError, type SourcePlace } from './source-error.ts';
import { Symbols } from './symbols.ts';
import { tokensOf, type Token } from './tokens.ts';

export interface Source {
  /** For complaints. */
  readonly name: string;
  readonly text: string;
}

/** Bytes that follow each other in storage. */
export interface Chunk {
  readonly address: number;
  readonly bytes: Uint8Array;
}

export interface Assembled {
  /** By address; none is empty, and they do not overlap. */
  readonly chunks: readonly Chunk[];
  /** Labels in the order of the source. */
  readonly symbols: ReadonlyMap<string, number>;
}

interface Placed {
  readonly piece: Piece;
  readonly scope: Scope;
  readonly address: bigint;
  readonly length: number;
}

/** Addresses of s390x are 64 bits wide; no program of this assembler is loaded so high. */
const HIGHEST = 1n << 40n;

/** Assembles the sources one behind the other, from `origin` on. Throws AssemblerError with file, line and column. */
export function assemble(sources: readonly Source[], origin = 0): Assembled {
  const layout = new Layout(BigInt(origin));
  for (const { name, text } of sources) {
    text.split('\n').forEach((line, i) => {
      const from = { file: name, line: i + 1 };
      layout.line(tokensOf(line, from), { ...from, column: line.length + 1 });
    });
  }
  const symbols = new Map(layout.symbols.labels.map(({ name, address }) => [name, Number(address)]));
  return { chunks: chunksOf(layout.placed), symbols };
}

/** First pass: where everything is. */
class Layout {
  readonly symbols = new Symbols();
  readonly placed: Placed[] = [];
  private here: bigint;
  private lines = 0;

  constructor(origin: bigint) {
    this.here = origin;
  }

  line(tokens: readonly Token[], end: SourcePlace): void {
    this.lines += 1;
    const reader = new TokenReader(tokens, end);
    while (reader.next?.kind === 'sign' && reader.next.text === ':') this.label(reader);
    const word = reader.take();
    if (word === undefined) return;
    if (word.kind !== 'name') throw new AssemblerError(word.place, `expected an instruction or a directive, got ${word.text}`);
    const directive = word.text.startsWith('.') ? parseDirective(word.text, reader, word.place) : null;
    if (directive === null) this.add(instructionPiece(word.text, reader, word.place));
    else this.directive(directive);
  }

  private label(reader: TokenReader): void {
    const token = reader.take()!;
    if (token.kind !== 'name' && !(token.kind === 'number' && /^\d+$/.test(token.text))) {
      throw new AssemblerError(token.place, `expected a label, got ${token.text}`);
    }
    reader.expect(':');
    this.symbols.defineLabel(token.text, this.here, { place: token.place, line: this.lines });
  }

  private directive(directive: Directive): void {
    if (directive.kind === 'piece') this.add(directive.piece);
    else if (directive.kind === 'equ') {
      this.symbols.defineValue(directive.name, directive.value, { place: directive.place, here: this.here });
    } else {
      const address = directive.address.evaluate(this.scope);
      if (address < 0n || address >= HIGHEST) throw new AssemblerError(directive.address.place, `expected an address, got ${address}`);
      this.here = address;
    }
  }

  private add(piece: Piece): void {
    const { scope, here } = this;
    const length = piece.length(scope);
    this.placed.push({ piece, scope, address: here, length });
    this.here += BigInt(length);
  }

  private get scope(): Scope {
    return this.symbols.scope(this.here, this.lines);
  }
}

function instructionPiece(mnemonic: string, reader: TokenReader, place: SourcePlace): Piece {
  const { row, fixed } = instructionOf(mnemonic, place);
  const operands = new InstructionOperands(row, { place, operands: parseOperands(reader), fixed });
  operands.wanted();
  const { length } = row.format;
  return {
    place,
    length: ({ here }) => {
      if (here % 2n !== 0n) throw new AssemblerError(place, `${mnemonic}: expected an even address, got 0x${here.toString(16)}`);
      return length;
    },
    bytes: (scope) => encode(row, operands.fields(scope)),
  };
}

function instructionOf(mnemonic: string, place: SourcePlace): { readonly row: InstructionRow; readonly fixed: Fields } {
  const row = instructionNamed(mnemonic);
  if (row !== undefined) {
    if (row.group === 'vector') throw new AssemblerError(place, `${mnemonic}: vector instructions are not supported`);
    return { row, fixed: {} };
  }
  const extended = extendedMnemonic(mnemonic);
  if (extended === undefined) throw new AssemblerError(place, `unknown instruction ${mnemonic}`);
  const masks = extended.row.operands.flatMap((operand) => (operand.kind === 'mask' ? [operand.name] : []));
  const [mask] = masks;
  const fixed = mask === undefined || extended.mask === null ? {} : { [mask]: extended.mask };
  return { row: extended.row, fixed };
}

/** Second pass. */
function chunksOf(placed: readonly Placed[]): Chunk[] {
  const pieces = placed
    .filter(({ length }) => length > 0)
    .map(({ piece, scope, address }) => ({ address, bytes: piece.bytes(scope), place: piece.place }));
  pieces.sort((a, b) => Number(a.address - b.address));
  const runs: { address: bigint; end: bigint; parts: Uint8Array[] }[] = [];
  for (const { address, bytes, place } of pieces) {
    const last = runs.at(-1);
    const end = address + BigInt(bytes.length);
    if (last !== undefined && address < last.end) {
      throw new AssemblerError(place, `overlaps what is at 0x${address.toString(16)} already`);
    }
    if (last?.end === address) {
      last.parts.push(bytes);
      last.end = end;
    } else {
      runs.push({ address, end, parts: [bytes] });
    }
  }
  return runs.map(({ address, parts }) => ({ address: Number(address), bytes: new Uint8Array(Buffer.concat(parts)) }));
}
