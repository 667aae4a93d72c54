/**
 * Random trials for interpreter and oracle: a few instructions of the table, registers and storage made so that most of them do something and
 * do not end in an exception. Registers 10 to 13 point into the window of storage and 14 and 15 into the code; operands that are written avoid them.
 */
import type { Prng } from '../../../../src/base/prng.ts';
import { encode, fieldsOf, type FieldName, type Fields } from '../../../../src/guest/s390x/isa/decode.ts';
import { instructionNamed, INSTRUCTIONS } from '../../../../src/guest/s390x/isa/opcodes.ts';
import type { InstructionRow, Operand } from '../../../../src/guest/s390x/isa/rows.ts';
import { CODE, CODE_BYTES, codeOf, DATA, DATA_BYTES, type Trial } from './record.ts';

/**
 * Not tried: what depends on the clock or on the machine, calls for the operating system, changes the addressing mode, cannot be seen in a
 * user program, opens the mask of fixed-point overflow (SPM), or has tables that reach beyond the window (TRTT, TRTO).
 */
const LEFT_OUT = new Set(
  `svc mc spm trtt trto stck stcke stckf ptff ecag ectg stfle sam24 sam31 bsm bassm cmpsc plo pfpo csst bic
  lxr lzxr ppa tbegin tbeginc tabort tend etnd ntstg ipm.m`.split(/\s+/),
);
const GROUPS = new Set(['general', 'fp-transfer']);
/** Of other groups. */
const OTHERS = new Set(['lpdfr', 'lndfr', 'lcdfr', 'tp']);

/**
 * Not in qemu-user 7.2, or with defects there, each looked up in the Principles of Operation: STMH stores the wrong halves; UNPK, PKA, PKU and
 * the like take the last byte of the source for missing; TR
 * changes the condition code.
 */
const NOT_IN_ORACLE = new Set(`cvb cvby cvbg cvdg cuse trtre trte cpya lmd mvcrl stmh unpk pka pku unpka unpku tr`.split(/\s+/));

/** The first operand is an even-odd pair of general registers, or must be an even register. */
const EVEN_FIRST = new Set(
  `mr dr m d mvcl clcl mvcle clcle srdl sldl srda slda dsgr dsgfr dsg dsgf mlgr dlgr mlr dlr mlg dlg ml dl mfy lpq stpq cds cdsy cdsg
  flogr lpd lpdg mgrk mg cksm tre troo trot trto trtt trte trtre cu12 cu14 cu21 cu24 cu41 cu42 cuse mvclu clclu`.split(/\s+/),
);
const EVEN_THIRD = new Set(`cds cdsy cdsg mvcle clcle lpd lpdg mvclu clclu`.split(/\s+/));
const EVEN_SECOND = new Set(`mvcl clcl cksm cu12 cu14 cu21 cu24 cu41 cu42 cuse`.split(/\s+/));
/** Operands in storage that registers 2 to 5 describe; only tried as the first instruction, with those registers made ready. */
const BY_REGISTERS = new Set(
  `mvcl clcl mvcle clcle mvst clst srst srstu cksm tre troo trot trto trtt trte trtre cu12 cu14 cu21 cu24 cu41 cu42 cuse mvclu clclu`.split(
    /\s+/,
  ),
);
/** The address is a number, not a place in storage. */
const ADDRESS_ONLY = new Set(
  `la lay lae laey srl sll sra sla srdl sldl srda slda srag slag srlg sllg rllg rll srak slak srlk sllk pfd srnm srnmb srnmt mvcle clcle mvclu clclu`.split(
    /\s+/,
  ),
);
/** Branches to an address in storage or a register: always to an instruction of the trial. */
const BRANCH_TO_ADDRESS = new Set(`bc bct bctg bal bas bxh bxle bxhg bxleg crb cgrb clrb clgrb cib cgib clib clgib`.split(/\s+/));
const BRANCH_TO_REGISTER = new Set(`bcr bctr bctgr basr balr`.split(/\s+/));
const BRANCH_RELATIVE = new Set(
  `brc brcl bras brasl brct brctg brcth brxh brxle brxhg brxlg crj cgrj clrj clgrj cij cgij clij clgij`.split(/\s+/),
);
/** The address of code is loaded: into no register that is a base, as what lies around the code differs. */
const LINKS = new Set(`bal bas balr basr bras brasl larl`.split(' '));
/** Relative operands that are fetched or stored, with their width. */
const RELATIVE_WIDTH = new Map<string, number>(
  Object.entries({
    llhrl: 2, lghrl: 2, lhrl: 2, llghrl: 2, sthrl: 2, cghrl: 2, chrl: 2, clghrl: 2, clhrl: 2,
    lgfrl: 4, lrl: 4, llgfrl: 4, strl: 4, cgfrl: 4, crl: 4, clgfrl: 4, clrl: 4,
    lgrl: 8, stgrl: 8, cgrl: 8, clgrl: 8,
  }), // prettier-ignore
);
/** Addresses have to be multiples of this, or the instruction is illegal. */
const ALIGNMENT = new Map<string, number>(
  [
    [4, 'cs csy lam lamy stam stamy lan lao lax laa laal lpd'],
    [8, 'cds cdsy csg lang laog laxg laag laalg lpdg'],
    [16, 'cdsg lpq stpq'],
  ].flatMap(([width, names]) =>
    String(names)
      .split(' ')
      .map((name) => [name, Number(width)] as const),
  ),
);
const MULTIPLE = new Set(`lm lmg lmh lmy stm stmg stmh stmy lam lamy stam stamy`.split(' '));
const ROTATE_INSERT = new Set(`risbg risbgn rnsbg rosbg rxsbg risbhg risblg`.split(' '));
const DIVIDE = new Set(`d dr dl dlr dlg dlgr`.split(' '));
/** Valid bits of the floating-point control register, with a rounding mode that every machine knows. */
const FPC_BITS = 0xfcfc_ff73n;
/** Not AGR: with another second byte it is EPSW. */
const EXECUTED = `mvc xc nc oc clc mvi oi tm ar lr ahi lhi pack mvo mvn mvz stg lg st clm icm`.split(/\s+/);

/** BRC with condition code 3. */
const AGAIN = instructionNamed('brc')!;
const END = CODE + CODE_BYTES;
/** The target of an EXECUTE lies behind what other operands reach. */
const TARGET = DATA_BYTES - 32;
const FOUND_AT = 0x2f0;
const BASES = [10, 11, 12, 13] as const;
const CODE_BASE = 14;
const END_BASE = 15;

/** Rows that trials are made of, without those that `without` names. */
export function tryableRows(without: ReadonlySet<string>): InstructionRow[] {
  return INSTRUCTIONS.filter(
    ({ mnemonic, group }) =>
      (GROUPS.has(group) || OTHERS.has(mnemonic)) && !LEFT_OUT.has(mnemonic) && !NOT_IN_ORACLE.has(mnemonic) && !without.has(mnemonic),
  );
}

/** A value whose arithmetic is at an edge more often than not. */
function interesting(random: Prng): bigint {
  const word = (): bigint => BigInt(random.below(0x1_0000)) | (BigInt(random.below(0x1_0000)) << 16n);
  const edge = [0n, 1n, 0xffffn, 0x7fffn, 0x8000n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n];
  switch (random.below(6)) {
    case 0:
      return edge[random.below(edge.length)]!;
    case 1:
      return BigInt.asUintN(64, edge[random.below(edge.length)]! + BigInt(random.below(5)) - 2n);
    case 2:
      return BigInt(random.below(300));
    case 3:
      return word();
    case 4:
      return BigInt.asUintN(64, -BigInt(random.below(100_000)));
    default:
      return word() | (word() << 32n);
  }
}

export class RandomTrials {
  private readonly random: Prng;
  private readonly rows: readonly InstructionRow[];

  constructor(random: Prng, rows: readonly InstructionRow[]) {
    this.random = random;
    this.rows = rows;
  }

  /** A trial of one to six instructions, and their mnemonics. */
  next(): Trial & { readonly names: readonly string[] } {
    const { random } = this;
    const rows: InstructionRow[] = [];
    for (let bytes = 0, count = 1 + random.below(6); rows.length < count;) {
      const row = this.rows[random.below(this.rows.length)]!;
      if (BY_REGISTERS.has(row.mnemonic) && rows.length > 0) break;
      bytes += row.format.length;
      if (bytes > CODE_BYTES) break;
      rows.push(row);
    }
    const data = this.data();
    // What a machine may leave unfinished goes on where it stopped.
    if (BY_REGISTERS.has(rows[0]!.mnemonic)) rows.splice(1, rows.length, AGAIN);
    const places = rows.map((_, i) => rows.slice(0, i).reduce((sum, { format }) => sum + format.length, 0));
    const code = rows.map((row, i) =>
      encode(
        row,
        this.fields(row, {
          at: places[i]!,
          later: [...places.slice(i + 1), CODE_BYTES],
          data,
          again: row === AGAIN && i === 1 && BY_REGISTERS.has(rows[0]!.mnemonic),
        }),
      ),
    );
    const registers = this.registers(rows[0]!);
    this.prepare(registers.general, rows[0]!, code[0]!);
    // What is searched for is found inside of the window.
    data[FOUND_AT] = Number(registers.general[0]! & 0xffn);
    return { ...registers, code: codeOf(code), data, names: rows.map(({ mnemonic }) => mnemonic) };
  }

  private registers({ mnemonic }: InstructionRow) {
    const { random } = this;
    const general = Array.from({ length: 16 }, () => interesting(random));
    general[10] = BigInt(DATA + 0x100 + 16 * random.below(4));
    general[11] = BigInt(DATA + 0x200);
    general[12] = BigInt(DATA + 0x140 + random.below(64));
    general[13] = BigInt(DATA + 0x180 + 8 * random.below(8));
    general[CODE_BASE] = BigInt(CODE);
    general[END_BASE] = BigInt(END);
    if (BY_REGISTERS.has(mnemonic)) this.describe(general, mnemonic);
    const floating = Array.from({ length: 16 }, () => interesting(random));
    const access = Array.from({ length: 16 }, () => Number(interesting(random) & 0xffff_ffffn));
    // Without the mask of fixed-point overflow: qemu-user does not interrupt for it.
    return { general, floating, access, fpc: Number(interesting(random) & FPC_BITS), cc: random.below(4), programMask: random.below(8) };
  }

  /** The first instruction finds values that do not end it: a small dividend, a valid control word. */
  private prepare(general: bigint[], { mnemonic }: InstructionRow, code: Uint8Array): void {
    const first = code[mnemonic.length > 2 && code.length === 4 ? 3 : 1]! >> 4;
    if (DIVIDE.has(mnemonic) && first < 10 && this.random.below(3) !== 0) general[first] = BigInt(this.random.below(4));
    if ((mnemonic === 'sfpc' || mnemonic === 'sfasr') && first < 10) general[first]! &= FPC_BITS;
  }

  /** Addresses in 2 and 4, lengths in 3 and 5, a character in 0, a table in 1. */
  private describe(general: bigint[], mnemonic: string): void {
    const { random } = this;
    general[0] = BigInt(random.below(256));
    general[1] = BigInt(DATA + 8 * random.below(8));
    general[2] = BigInt(DATA + 0x100 + random.below(0x80));
    general[4] = BigInt(DATA + 0x200 + random.below(0x80));
    general[3] = BigInt(random.below(100)) | (BigInt(random.below(256)) << 24n);
    general[5] = BigInt(random.below(100)) | (BigInt(random.below(256)) << 24n);
    // Only MVCL and CLCL have the padding there; the others take all 64 bits as a length.
    if (mnemonic !== 'mvcl' && mnemonic !== 'clcl') {
      general[3] &= 0xffn;
      general[5] &= 0xffn;
    }
    // qemu-user 7.2 translates at least one character.
    if (/^tr[ot][ot]$/.test(mnemonic) && general[3] === 0n) general[3] = 1n;
    // qemu-user 7.2 takes odd lengths of characters of two bytes.
    if (mnemonic === 'mvclu') {
      general[3] &= 0xfen;
      general[5] &= 0xfen;
    }
  }

  private data(): Uint8Array {
    const { random } = this;
    const bytes = new Uint8Array(DATA_BYTES);
    const style = random.below(4);
    for (let i = 0; i < DATA_BYTES; i++) {
      bytes[i] =
        style === 0
          ? random.below(256)
          : style === 1
            ? [0, 0xff, 0x7f, 0x80][random.below(4)]!
            : style === 2
              ? random.below(3)
              : decimalDigit(random);
    }
    return bytes;
  }

  private fields(row: InstructionRow, place: { at: number; later: readonly number[]; data: Uint8Array; again?: boolean }): Fields {
    const fields: Partial<Record<FieldName, number>> = {};
    for (const { name, place: bits, signed } of fieldsOf(row)) {
      const value = this.random.below(2 ** Math.min(bits.width, 31)) + (bits.width === 32 ? this.random.below(2) * 2 ** 31 : 0);
      fields[name] = signed && value >= 2 ** (bits.width - 1) ? value - 2 ** bits.width : value;
    }
    for (const operand of row.operands) this.chooseOperand(fields, operand, row);
    this.evenRegisters(fields, row.mnemonic);
    this.aim(fields, row, place);
    return fields;
  }

  private chooseOperand(fields: Partial<Record<FieldName, number>>, operand: Operand, { mnemonic }: InstructionRow): void {
    const { random } = this;
    if (operand.kind === 'register' && operand.file === 'r') {
      const any = random.below(20) === 0 && !LINKS.has(mnemonic);
      fields[operand.name as FieldName] = random.below(any ? CODE_BASE : CODE_BASE - BASES.length);
      return;
    }
    if (operand.kind !== 'storage') return;
    if (ADDRESS_ONLY.has(mnemonic) && random.below(3) !== 0) return;
    fields[operand.base as FieldName] = BASES[random.below(BASES.length)]!;
    const wide = Math.abs(fields[operand.displacement as FieldName] ?? 0) > 0xfff;
    fields[operand.displacement as FieldName] =
      random.below(3) === 0 ? 8 * random.below(16) : wide ? random.below(190) - 64 : random.below(190);
    if (operand.index !== null) fields[operand.index as FieldName] = 0;
    const alignment = ALIGNMENT.get(mnemonic);
    if (alignment === undefined || random.below(20) === 0) return;
    fields[operand.base as FieldName] = random.below(2) === 0 ? 10 : 11;
    fields[operand.displacement as FieldName] = alignment * random.below(Math.floor(190 / alignment));
  }

  private evenRegisters(fields: Partial<Record<FieldName, number>>, mnemonic: string): void {
    const { random } = this;
    if (BY_REGISTERS.has(mnemonic)) {
      if (mnemonic.startsWith('srst')) {
        // From the second operand to the address in the first one.
        Object.assign(fields, { r1: 4, r2: 2 });
        return;
      }
      fields.r1 = 2;
      // An address that one of the described registers takes part in would change in the middle.
      fields.b2 = 0;
      if (fields.r2 !== undefined) fields.r2 = 4;
      if (fields.r3 !== undefined) fields.r3 = 4;
      return;
    }
    if (MULTIPLE.has(mnemonic) && fields.r1! > fields.r3! && random.below(20) !== 0) [fields.r1, fields.r3] = [fields.r3!, fields.r1!];
    if (ROTATE_INSERT.has(mnemonic)) this.rotateInsert(fields, mnemonic);
    if (mnemonic.startsWith('unpk') && mnemonic !== 'unpk')
      fields.l1 = random.below(mnemonic === 'unpka' ? 32 : 64) | (mnemonic === 'unpku' ? 1 : 0);
    if (mnemonic.startsWith('pk')) fields.l2 = random.below(mnemonic === 'pka' ? 32 : 64) | (mnemonic === 'pku' ? 1 : 0);
    // CDSG: qemu-user 7.2 takes odd registers.
    if (random.below(30) === 0 && mnemonic !== 'cdsg') return;
    const even = (value: number | undefined): number => (value ?? 0) & 0xe;
    if (EVEN_FIRST.has(mnemonic) && fields.r1 !== undefined) fields.r1 = even(fields.r1);
    if (EVEN_SECOND.has(mnemonic) && fields.r2 !== undefined) fields.r2 = even(fields.r2);
    if (EVEN_THIRD.has(mnemonic) && fields.r3 !== undefined) fields.r3 = even(fields.r3);
  }

  /** The T bit of the three that test is left out: qemu-user 7.2 ends there. */
  private rotateInsert(fields: Partial<Record<FieldName, number>>, mnemonic: string): void {
    const first = mnemonic.startsWith('ri') ? 0xbf : 0x3f;
    Object.assign(fields, { i3: fields.i3! & first, i4: fields.i4! & 0xbf, i5: fields.i5! & 0x3f });
  }

  /** Branches go forward to an instruction of the trial, relative operands and targets of EXECUTE lie in the window. */
  private aim(
    fields: Partial<Record<FieldName, number>>,
    { mnemonic, operands }: InstructionRow,
    { at, later, data, again }: { at: number; later: readonly number[]; data: Uint8Array; again?: boolean },
  ): void {
    const { random } = this;
    const goal = later[random.below(later.length)]!;
    const relative = operands.find(({ kind }) => kind === 'relative');
    const storage = operands.find((operand) => operand.kind === 'storage');
    if (BRANCH_TO_REGISTER.has(mnemonic)) fields.r2 = random.below(2) === 0 ? 0 : END_BASE;
    if (BRANCH_TO_ADDRESS.has(mnemonic) && storage?.kind === 'storage') {
      fields[storage.base as FieldName] = CODE_BASE;
      fields[storage.displacement as FieldName] = goal;
    }
    if (relative?.kind === 'relative') {
      const name = relative.name as FieldName;
      if (BRANCH_RELATIVE.has(mnemonic)) fields[name] = (goal - at) / 2;
      if (again) Object.assign(fields, { m1: 1, i2: -at / 2 });
      // qemu-user 7.2 cuts sums with large offsets to 32 bits.
      if (mnemonic === 'larl') fields[name] = random.below(0x2000_0000);
      const width = RELATIVE_WIDTH.get(mnemonic);
      if (width !== undefined) fields[name] = (DATA + 0x100 + width * random.below(40) - CODE - at) / 2;
    }
    if (mnemonic === 'ex' || mnemonic === 'exrl') {
      data.set(this.target(), TARGET);
      if (mnemonic === 'exrl') fields.i2 = (DATA + TARGET - CODE - at) / 2;
      else Object.assign(fields, { b2: 11, x2: 0, d2: TARGET - 0x200 });
    }
  }

  private target(): Uint8Array {
    const row = instructionNamed(EXECUTED[this.random.below(EXECUTED.length)]!)!;
    return encode(row, this.fields(row, { at: 0, later: [CODE_BYTES], data: new Uint8Array(DATA_BYTES) }));
  }
}

/** Mostly packed decimal digits, with signs between them. */
const decimalDigit = (random: Prng): number => (random.below(10) << 4) | (random.below(3) === 0 ? 0xa + random.below(6) : random.below(10));
