/**
 * Layouts of s390x instructions (z/Architecture Principles of Operation, chapter 5, "Instruction Formats"): where the opcode and each
 * operand lie. Bits are numbered from the left of the first byte. Formats that differ only in what an operand means share an entry here:
 * a row of the table says what it means.
 */

/** Which bits are the opcode: the first byte; the first two; the first and bits 12-15; the first and the last of six bytes. */
export type OpcodePlace = 'byte' | 'halfword' | 'nibble' | 'ends';

/** A field of an instruction: operands 1 to 5 (register, mask or immediate), or a part of a storage operand. */
export type FieldKey = '1' | '2' | '3' | '4' | '5' | 'x2' | 'b1' | 'd1' | 'b2' | 'd2' | 'b3' | 'd3' | 'b4' | 'd4' | 'l1' | 'l2';

export interface FieldPlace {
  readonly bit: number;
  /** Width in bits; 20: a long displacement, 12 low bits first, then 8 high ones. */
  readonly width: number;
}

export interface Format {
  readonly name: string;
  /** In bytes. */
  readonly length: 2 | 4 | 6;
  readonly opcode: OpcodePlace;
  readonly fields: ReadonlyMap<FieldKey, FieldPlace>;
}

/** Fields as `KEY@BIT+WIDTH`; the opcode is as long as the layout begins. */
const LAYOUTS = {
  E: [2, 'halfword', ''],
  I: [2, 'byte', '1@8+8'],
  RR: [2, 'byte', '1@8+4 2@12+4'],
  RRE: [4, 'halfword', '1@24+4 2@28+4'],
  RRF: [4, 'halfword', '3@16+4 4@20+4 1@24+4 2@28+4'],
  RRD: [4, 'halfword', '1@16+4 3@24+4 2@28+4'],
  S: [4, 'halfword', 'b2@16+4 d2@20+12'],
  'S-byte': [4, 'byte', 'b2@16+4 d2@20+12'],
  RX: [4, 'byte', '1@8+4 x2@12+4 b2@16+4 d2@20+12'],
  RS: [4, 'byte', '1@8+4 3@12+4 b2@16+4 d2@20+12'],
  RSI: [4, 'byte', '1@8+4 3@12+4 2@16+16'],
  RI: [4, 'nibble', '1@8+4 2@16+16'],
  SI: [4, 'byte', '2@8+8 b1@16+4 d1@20+12'],
  RXY: [6, 'ends', '1@8+4 x2@12+4 b2@16+4 d2@20+20'],
  RSY: [6, 'ends', '1@8+4 3@12+4 b2@16+4 d2@20+20'],
  SIY: [6, 'ends', '2@8+8 b1@16+4 d1@20+20'],
  RXE: [6, 'ends', '1@8+4 x2@12+4 b2@16+4 d2@20+12'],
  RXF: [6, 'ends', '3@8+4 x2@12+4 b2@16+4 d2@20+12 1@32+4'],
  'RSL-a': [6, 'ends', 'l1@8+4 b1@16+4 d1@20+12'],
  'RSL-b': [6, 'ends', 'l2@8+8 b2@16+4 d2@20+12 1@32+4 3@36+4'],
  RIL: [6, 'nibble', '1@8+4 2@16+32'],
  'RIE-a': [6, 'ends', '1@8+4 2@16+16 3@32+4'],
  'RIE-b': [6, 'ends', '1@8+4 2@12+4 4@16+16 3@32+4'],
  'RIE-c': [6, 'ends', '1@8+4 3@12+4 4@16+16 2@32+8'],
  'RIE-d': [6, 'ends', '1@8+4 3@12+4 2@16+16'],
  'RIE-f': [6, 'ends', '1@8+4 2@12+4 3@16+8 4@24+8 5@32+8'],
  RIS: [6, 'ends', '1@8+4 3@12+4 b4@16+4 d4@20+12 2@32+8'],
  RRS: [6, 'ends', '1@8+4 2@12+4 b4@16+4 d4@20+12 3@32+4'],
  SIL: [6, 'halfword', 'b1@16+4 d1@20+12 2@32+16'],
  SSE: [6, 'halfword', 'b1@16+4 d1@20+12 b2@32+4 d2@36+12'],
  'SS-a': [6, 'byte', 'l1@8+8 b1@16+4 d1@20+12 b2@32+4 d2@36+12'],
  'SS-b': [6, 'byte', 'l1@8+4 l2@12+4 b1@16+4 d1@20+12 b2@32+4 d2@36+12'],
  'SS-c': [6, 'byte', 'l1@8+4 3@12+4 b1@16+4 d1@20+12 b2@32+4 d2@36+12'],
  'SS-d': [6, 'byte', '1@8+4 3@12+4 b1@16+4 d1@20+12 b2@32+4 d2@36+12'],
  'SS-e': [6, 'byte', '1@8+4 3@12+4 b2@16+4 d2@20+12 b4@32+4 d4@36+12'],
  'SS-f': [6, 'byte', 'l2@8+8 b1@16+4 d1@20+12 b2@32+4 d2@36+12'],
  SSF: [6, 'nibble', '3@8+4 b1@16+4 d1@20+12 b2@32+4 d2@36+12'],
  MII: [6, 'byte', '1@8+4 2@12+12 3@24+24'],
  SMI: [6, 'byte', '1@8+4 b3@16+4 d3@20+12 2@32+16'],
  /** Vector instructions, which are known by name only. */
  V: [6, 'ends', ''],
} as const satisfies Record<string, readonly [2 | 4 | 6, OpcodePlace, string]>;

export type FormatName = keyof typeof LAYOUTS;

const formats = new Map<FormatName, Format>(
  (Object.keys(LAYOUTS) as FormatName[]).map((name) => {
    const [length, opcode, fields] = LAYOUTS[name];
    return [name, { name, length, opcode, fields: places(fields) }];
  }),
);

export function formatNamed(name: FormatName): Format {
  return formats.get(name)!;
}

function places(text: string): ReadonlyMap<FieldKey, FieldPlace> {
  const words = text.split(' ').filter((word) => word !== '');
  return new Map(
    words.map((word) => {
      const [key, bit, width] = word.split(/[@+]/) as [FieldKey, string, string];
      return [key, { bit: Number(bit), width: Number(width) }];
    }),
  );
}

/** Length of the instruction that begins with this byte. */
export function instructionLength(firstByte: number): 2 | 4 | 6 {
  return firstByte < 0x40 ? 2 : firstByte < 0xc0 ? 4 : 6;
}
