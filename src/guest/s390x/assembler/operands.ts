/**
 * Operands of an instruction: text as GNU as takes it, bound to the fields of a row of the table, with every range checked. No kernel
 * counterpart.
 */
import type { FieldName, Fields, RowField } from '../isa/decode.ts';
import { fieldsOf } from '../isa/decode.ts';
import type { InstructionRow, Operand } from '../isa/rows.ts';
import { parseExpression, type Expression, type Scope, type TokenReader } from './expression.ts';
import { AssemblerError, type SourcePlace } from './source-error.ts';
import type { Token } from './tokens.ts';

type RegisterToken = Token & { kind: 'register' };
/** What stands in parentheses behind a displacement. */
type Inside = RegisterToken | Expression;

export type OperandText =
  | RegisterToken
  | { readonly kind: 'value'; readonly place: SourcePlace; readonly value: Expression; readonly inside: readonly Inside[] | null };

const ZERO: Pick<Expression, 'evaluate'> = { evaluate: () => 0n };

export function parseOperands(reader: TokenReader): OperandText[] {
  if (reader.peek === undefined) return [];
  const operands = [parseOperand(reader)];
  while (reader.accept(',')) operands.push(parseOperand(reader));
  reader.expectEnd();
  return operands;
}

function parseOperand(reader: TokenReader): OperandText {
  const { place, peek } = reader;
  if (peek?.kind === 'register') {
    reader.take();
    return peek;
  }
  // `(%r1)` has no displacement; any other parenthesis begins an expression.
  const bare = reader.sees('(') && reader.next?.kind === 'register';
  const value = bare ? { place, ...ZERO } : parseExpression(reader);
  if (!reader.accept('(')) return { kind: 'value', place, value, inside: null };
  const inside = [parseInside(reader)];
  while (reader.accept(',')) inside.push(parseInside(reader));
  reader.expect(')');
  return { kind: 'value', place, value, inside };
}

function parseInside(reader: TokenReader): Inside {
  const { peek } = reader;
  if (peek?.kind !== 'register') return parseExpression(reader);
  reader.take();
  return peek;
}

const isRegister = (part: Inside | undefined): part is RegisterToken => part !== undefined && 'kind' in part;

/** Binds operands to a row; the fields come out when symbols are known. */
export class InstructionOperands {
  private readonly row: InstructionRow;
  private readonly place: SourcePlace;
  private readonly given: readonly OperandText[];
  /** Value of the first mask or of the third: what an extended mnemonic stands for. */
  private readonly fixed: Fields;

  constructor(
    row: InstructionRow,
    given: { readonly place: SourcePlace; readonly operands: readonly OperandText[]; readonly fixed: Fields },
  ) {
    this.row = row;
    this.place = given.place;
    this.given = given.operands;
    this.fixed = given.fixed;
  }

  fields(scope: Scope): Fields {
    const wanted = this.wanted();
    const fields: Partial<Record<FieldName, number>> = { ...this.fixed };
    wanted.forEach((operand, i) => {
      const text = this.given[i];
      if (text !== undefined) Object.assign(fields, this.bind(operand, text, scope));
    });
    return fields;
  }

  /** Complains about their number, which does not depend on symbols. */
  wanted(): readonly Operand[] {
    const wanted = this.row.operands.filter((operand) => operand.kind === 'storage' || this.fixed[operand.name as FieldName] === undefined);
    const needed = wanted.filter((operand) => operand.kind === 'storage' || !operand.optional).length;
    const { length } = this.given;
    if (length < needed || length > wanted.length) {
      const count = needed === wanted.length ? `${needed}` : `${needed} to ${wanted.length}`;
      throw new AssemblerError(this.place, `${this.row.mnemonic}: expected ${count} operands, got ${length}`);
    }
    return wanted;
  }

  private bind(operand: Operand, text: OperandText, scope: Scope): Fields {
    if (operand.kind === 'register') return { [operand.name]: registerOf(operand.file, text, scope) };
    if (text.kind === 'register') throw new AssemblerError(text.place, `expected a value, got ${text.text}`);
    if (operand.kind === 'storage') return this.bindStorage(operand, text, scope);
    if (text.inside !== null) throw new AssemblerError(text.place, 'expected a value, got a storage operand');
    const value = text.value.evaluate(scope);
    const number = operand.kind === 'relative' ? halfwords(value - scope.here, text.place) : value;
    return { [operand.name]: this.checked(operand.name, number, text.place) };
  }

  private bindStorage(operand: Operand & { kind: 'storage' }, text: OperandText & { kind: 'value' }, scope: Scope): Fields {
    const { displacement, base, index, length, lengthRegister } = operand;
    const inside = text.inside ?? [];
    const fields: Partial<Record<string, number>> = {
      [displacement]: this.checked(displacement, text.value.evaluate(scope), text.place),
    };
    const special = index ?? length ?? (lengthRegister === null ? null : `r${lengthRegister}`);
    const most = special === null ? 1 : 2;
    if (inside.length > most) throw new AssemblerError(text.place, `expected at most ${most} parts in parentheses, got ${inside.length}`);
    // The only part of an indexed operand is its base, of all others the length.
    const first = inside.length === 2 || (special !== null && index === null) ? inside[0] : undefined;
    const last = inside.length === 2 ? inside[1] : first === undefined ? inside[0] : undefined;
    if (special !== null && first !== undefined) fields[special] = this.special(operand, first, scope);
    if (length !== null && first === undefined) throw new AssemblerError(text.place, 'expected a length in parentheses');
    fields[base] = last === undefined ? 0 : this.baseRegister(last, scope);
    return fields;
  }

  private special({ length }: Operand & { kind: 'storage' }, part: Inside, scope: Scope): number {
    if (length === null) return this.baseRegister(part, scope);
    if (isRegister(part)) throw new AssemblerError(part.place, `expected a length, got ${part.text}`);
    return this.checked(length, part.evaluate(scope) - 1n, part.place, 1n);
  }

  private baseRegister(part: Inside, scope: Scope): number {
    if (isRegister(part) && part.file !== 'r') throw new AssemblerError(part.place, `expected a general register, got ${part.text}`);
    return isRegister(part) ? part.number : registerNumber(part.evaluate(scope), part.place);
  }

  /** `offset`: what has been taken away from the value as written. */
  private checked(name: string, value: bigint, place: SourcePlace, offset = 0n): number {
    const field = fieldsOf(this.row).find((candidate) => candidate.name === name)!;
    const [least, most] = limits(field);
    if (value < least || value > most) {
      throw new AssemblerError(place, `${this.row.mnemonic}: expected ${least + offset} to ${most + offset}, got ${value + offset}`);
    }
    return Number(value);
  }
}

function limits({ place: { width }, signed }: RowField): readonly [bigint, bigint] {
  const bits = BigInt(width);
  return signed ? [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n] : [0n, (1n << bits) - 1n];
}

function halfwords(distance: bigint, place: SourcePlace): bigint {
  // Addresses wrap: a target before address 0 is one at the end of the address space.
  const near = BigInt.asIntN(64, distance);
  if (near % 2n !== 0n) throw new AssemblerError(place, 'expected a target at an even address');
  return near / 2n;
}

function registerOf(file: string, text: OperandText, scope: Scope): number {
  if (text.kind !== 'register') {
    if (text.inside !== null) throw new AssemblerError(text.place, `expected a register %${file}0 to %${file}15, got a storage operand`);
    return registerNumber(text.value.evaluate(scope), text.place);
  }
  if (text.file !== file) throw new AssemblerError(text.place, `expected a register %${file}0 to %${file}15, got ${text.text}`);
  return text.number;
}

function registerNumber(value: bigint, place: SourcePlace): number {
  if (value < 0n || value > 15n) throw new AssemblerError(place, `expected a register from 0 to 15, got ${value}`);
  return Number(value);
}
