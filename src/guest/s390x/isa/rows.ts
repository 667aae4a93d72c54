/**
 * A row of the table of instructions, and how rows are written down: format, operands as an assembler takes them, `mnemonic opcode` pairs.
 * No kernel counterpart.
 */
import { formatNamed, type FieldKey, type Format, type FormatName } from './formats.ts';

export type InstructionGroup =
  | 'general'
  | 'control'
  | 'io'
  | 'ap'
  | 'crypto'
  | 'transaction'
  | 'decimal'
  /** Floating-point registers as storage, and the control register: no arithmetic. */
  | 'fp-transfer'
  | 'floating-point'
  | 'specialized'
  /** Known by name only: no operands. */
  | 'vector';

/** General, floating-point, access, control. */
export type RegisterFile = 'r' | 'f' | 'a' | 'c';

export type Operand =
  | { readonly kind: 'register'; readonly file: RegisterFile; readonly key: FieldKey; readonly name: string; readonly optional: boolean }
  | { readonly kind: 'mask' | 'unsigned' | 'signed'; readonly key: FieldKey; readonly name: string; readonly optional: boolean }
  /** Halfwords from the instruction, signed. */
  | { readonly kind: 'relative'; readonly key: FieldKey; readonly name: string; readonly optional: false }
  | {
      readonly kind: 'storage';
      readonly displacement: FieldKey;
      readonly base: FieldKey;
      readonly index: FieldKey | null;
      /** Encoded as one less. */
      readonly length: FieldKey | null;
      /** The length is in this register. */
      readonly lengthRegister: FieldKey | null;
    };

export interface InstructionRow {
  readonly mnemonic: string;
  /** As many bits as the format has opcode: `0x58`, `0xb2ad`, `0xa74`, `0xe304`. */
  readonly opcode: number;
  readonly format: Format;
  readonly operands: readonly Operand[];
  readonly group: InstructionGroup;
}

/** What a group of instructions is called, and who may execute it, is up to the file that lists it. */
export type RowsOf = (format: FormatName, operands: string, list: string) => InstructionRow[];

/** `operands` as in `r1,d2(x2,b2)`; letters: r f a c registers, m mask, u and i immediates (unsigned, signed), j relative; `?` optional. */
export function rowsOf(group: InstructionGroup): RowsOf {
  return (formatName, operandText, list) => {
    const format = formatNamed(formatName);
    const operands = operandsOf(operandText);
    return list
      .trim()
      .split(/\s*,\s*/)
      .map((pair) => {
        const [mnemonic, opcode] = pair.split(' ') as [string, string];
        return { mnemonic, opcode: parseInt(opcode, 16), format, operands, group };
      });
  };
}

const FIELD_LETTER: Readonly<Record<string, string>> = { r: 'r', f: 'r', a: 'r', c: 'r', m: 'm', u: 'i', i: 'i', j: 'i' };

function operandsOf(text: string): Operand[] {
  return (text.match(/[a-z]\d\([^)]*\)|[a-z]\d\??/g) ?? []).map((word) => (word.includes('(') ? storageOperand(word) : plainOperand(word)));
}

function plainOperand(word: string): Operand {
  const letter = word[0]!;
  const key = word[1] as FieldKey;
  const optional = word.endsWith('?');
  const name = `${FIELD_LETTER[letter]}${key}`;
  if (letter === 'j') return { kind: 'relative', key, name, optional: false };
  if (letter === 'm' || letter === 'u' || letter === 'i') {
    return { kind: letter === 'm' ? 'mask' : letter === 'u' ? 'unsigned' : 'signed', key, name, optional };
  }
  return { kind: 'register', file: letter as RegisterFile, key, name, optional };
}

function storageOperand(word: string): Operand {
  const [displacement, inside] = word.slice(0, -1).split('(') as [FieldKey, string];
  const parts = inside.split(',');
  const base = parts.at(-1) as FieldKey;
  const first = parts.length > 1 ? parts[0]! : '';
  return {
    kind: 'storage',
    displacement,
    base,
    index: first.startsWith('x') ? (first as FieldKey) : null,
    length: first.startsWith('l') ? (first as FieldKey) : null,
    lengthRegister: first.startsWith('r') ? (first[1] as FieldKey) : null,
  };
}
