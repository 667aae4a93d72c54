/** Vectors of single instructions, after the Principles of Operation: registers, storage and condition code in and out. */
import { describe, expect, it } from 'vitest';
import { instructionNamed } from '../../../../src/guest/s390x/isa/opcodes.ts';
import { GENERAL_INSTRUCTIONS } from '../../../../src/guest/s390x/cpu/instructions/general.ts';
import { CODE, DATA, TestMachine, type Registers, type Start } from './machine.ts';

interface Vector {
  readonly text: string;
  readonly r?: Registers;
  readonly cc?: number;
  readonly data?: string;
  readonly want?: Registers;
  readonly wantCc?: number;
  readonly wantData?: string;
  readonly pgm?: number;
}

const B = BigInt(DATA);
const ALL = 0xffff_ffff_ffff_ffffn;
const DIGITS = 0x0123_4567_89ab_cdefn;
const at = (offset: number): string => `0x${(DATA + offset).toString(16)}`;

const LOADS: readonly Vector[] = [
  { text: 'lgbr %r1,%r2', r: { 2: 0x80n }, want: { 1: 0xffff_ffff_ffff_ff80n } },
  { text: 'llghr %r1,%r2', r: { 1: ALL, 2: DIGITS }, want: { 1: 0xcdefn } },
  { text: 'llgtr %r1,%r2', r: { 2: ALL }, want: { 1: 0x7fff_ffffn } },
  { text: 'lrvgr %r1,%r2', r: { 2: DIGITS }, want: { 1: 0xefcd_ab89_6745_2301n } },
  { text: `lrvh %r1,${at(0)}`, r: { 1: ALL }, data: '1234', want: { 1: 0xffff_ffff_ffff_3412n } },
  { text: `strvg %r1,${at(0)}`, r: { 1: DIGITS }, wantData: 'efcdab8967452301' },
  { text: `ic %r1,${at(0)}`, r: { 1: DIGITS }, data: 'ff', want: { 1: 0x0123_4567_89ab_cdffn } },
  { text: 'iihh %r1,0xaaaa', r: { 1: DIGITS }, want: { 1: 0xaaaa_4567_89ab_cdefn } },
  { text: 'iill %r1,0xaaaa', r: { 1: DIGITS }, want: { 1: 0x0123_4567_89ab_aaaan } },
  { text: 'llihl %r1,0xaaaa', want: { 1: 0xaaaa_0000_0000n } },
  { text: 'lgfi %r1,-2', want: { 1: ALL - 1n } },
  { text: 'llilf %r1,0xfffffffe', r: { 1: ALL }, want: { 1: 0xffff_fffen } },
  { text: `icm %r1,5,${at(0)}`, r: { 1: DIGITS }, data: '80aa', want: { 1: 0x0123_4567_8980_cdaan }, wantCc: 1 },
  { text: `icmh %r1,8,${at(0)}`, r: { 1: DIGITS }, data: '01', want: { 1: DIGITS }, wantCc: 2 },
  { text: `icm %r1,0,${at(0)}`, r: { 1: DIGITS }, cc: 3, want: { 1: DIGITS }, wantCc: 0 },
  { text: `stcm %r1,10,${at(0)}`, r: { 1: DIGITS }, data: 'ffffff', wantData: '89cdff' },
  { text: `clm %r1,6,${at(0)}`, r: { 1: DIGITS }, data: 'abce', wantCc: 1 },
  { text: 'locgrh %r1,%r2', r: { 1: 1n, 2: 2n }, cc: 2, want: { 1: 2n } },
  { text: 'locgrh %r1,%r2', r: { 1: 1n, 2: 2n }, cc: 1, want: { 1: 1n } },
  { text: `locge %r1,0(%r3)`, r: { 1: 1n, 3: ALL }, cc: 1, want: { 1: 1n } },
  { text: `ltg %r1,${at(0)}`, data: '8000000000000000', want: { 1: 1n << 63n }, wantCc: 1 },
  {
    text: `lmg %r14,%r1,${at(0)}`,
    data: '0000000000000001000000000000000200000000000000030000000000000004',
    want: { 14: 1n, 15: 2n, 0: 3n, 1: 4n },
  },
  { text: `stmh %r1,%r2,${at(0)}`, r: { 1: DIGITS, 2: ALL }, wantData: '01234567ffffffff' },
  { text: `lat %r1,${at(0)}`, data: '00000000', pgm: 7 },
  { text: 'larl %r1,.+0x100', want: { 1: BigInt(CODE + 0x100) } },
];

const LOGIC: readonly Vector[] = [
  { text: 'nihh %r1,0x00ff', r: { 1: 0xff00_ffff_ffff_ffffn }, want: { 1: 0xffff_ffff_ffffn }, wantCc: 0 },
  { text: 'nill %r1,0xf0f0', r: { 1: DIGITS }, want: { 1: 0x0123_4567_89ab_c0e0n }, wantCc: 1 },
  { text: 'oihf %r1,0', r: { 1: 0xffff_ffffn }, wantCc: 0 },
  { text: 'xgr %r1,%r1', r: { 1: DIGITS }, want: { 1: 0n }, wantCc: 0 },
  { text: `tm ${at(0)},0x81`, data: '80', wantCc: 1 },
  { text: `tm ${at(0)},0x81`, data: 'ff', wantCc: 3 },
  { text: 'tmll %r1,0x00c0', r: { 1: 0x80n }, wantCc: 2 },
  { text: 'tmll %r1,0x00c0', r: { 1: 0x40n }, wantCc: 1 },
  { text: 'tmhh %r1,0xffff', r: { 1: ALL }, wantCc: 3 },
  { text: 'flogr %r2,%r1', r: { 1: 0x10_0000n }, want: { 2: 43n, 3: 0n }, wantCc: 2 },
  { text: 'flogr %r2,%r1', r: { 1: 0n }, want: { 2: 64n, 3: 0n }, wantCc: 0 },
  { text: 'popcnt %r1,%r2', r: { 2: 0xff00_0301_8000_0007n }, want: { 1: 0x0800_0201_0100_0003n }, wantCc: 1 },
  { text: `ts ${at(0)}`, data: '80', wantData: 'ff', wantCc: 1 },
  { text: `ts ${at(0)}`, data: '7f', wantData: 'ff', wantCc: 0 },
];

const COMPARISONS: readonly Vector[] = [
  { text: 'cgr %r1,%r2', r: { 1: ALL, 2: 1n }, wantCc: 1 },
  { text: 'clgr %r1,%r2', r: { 1: ALL, 2: 1n }, wantCc: 2 },
  { text: 'cgfi %r1,-1', r: { 1: ALL }, wantCc: 0 },
  { text: 'clgfi %r1,0xffffffff', r: { 1: ALL }, wantCc: 2 },
  { text: `chhsi ${at(0)},-2`, data: 'ffff', wantCc: 2 },
  { text: `clfhsi ${at(0)},1`, data: '80000000', wantCc: 2 },
  { text: `cghsi ${at(0)},-1`, data: 'fffffffffffffffe', wantCc: 1 },
  { text: 'chhr %r1,%r2', r: { 1: 1n << 63n, 2: 0n }, wantCc: 1 },
  { text: 'clih %r1,5', r: { 1: 5n << 32n }, wantCc: 0 },
  { text: 'clgrt %r1,%r2,2', r: { 1: ALL, 2: 1n }, pgm: 7 },
  { text: 'cgrt %r1,%r2,2', r: { 1: ALL, 2: 1n } },
];

const FIELDS: readonly Vector[] = [
  { text: `mvc ${at(1)}(7),${at(0)}`, data: 'aa00000000000000', wantData: 'aaaaaaaaaaaaaaaa' },
  { text: `mvcin ${at(4)}(4),${at(3)}`, data: '01020304', wantData: '0102030404030201' },
  { text: `mvn ${at(0)}(2),${at(2)}`, data: '12345678', wantData: '16385678' },
  { text: `mvz ${at(0)}(2),${at(2)}`, data: '12345678', wantData: '52745678' },
  { text: `xc ${at(0)}(4),${at(0)}`, data: '12345678aa', cc: 3, wantData: '00000000aa', wantCc: 0 },
  { text: `oc ${at(0)}(1),${at(1)}`, data: '0010', wantData: '1010', wantCc: 1 },
  { text: `clc ${at(0)}(3),${at(3)}`, data: '010203010204', wantCc: 1 },
  { text: `tr ${at(0)}(2),${at(2)}`, data: '0100aabb', wantData: 'bbaa' },
  {
    text: `trt ${at(0)}(3),${at(3)}`,
    r: { 1: ALL, 2: ALL },
    data: '00010000990000',
    want: { 1: B + 1n, 2: 0xffff_ffff_ffff_ff99n },
    wantCc: 1,
  },
  { text: `pack ${at(0)}(4),${at(4)}(3)`, data: 'fffffffff1f2c3', wantData: '0000123c' },
  { text: `unpk ${at(0)}(7),${at(7)}(4)`, data: '000000000000001234567c', wantData: 'f1f2f3f4f5f6c7' },
  { text: `mvo ${at(0)}(3),${at(3)}(2)`, data: '00000c1234', wantData: '01234c' },
  { text: `cvd %r1,${at(0)}`, r: { 1: 0xffff_ff85n }, wantData: '000000000000123d' },
  { text: `cvb %r1,${at(0)}`, data: '000000000000123d', want: { 1: 0xffff_ff85n } },
  { text: `cvb %r1,${at(0)}`, data: '000000000000a23d', pgm: 7 },
  { text: `cvb %r1,${at(0)}`, data: '000009999999999c', pgm: 9 },
  { text: `cvdg %r1,${at(0)}`, r: { 1: 1n << 63n }, wantData: '0000000000009223372036854775808d' },
  { text: `cvbg %r1,${at(0)}`, data: '0000000000009223372036854775807c', want: { 1: (1n << 63n) - 1n } },
];

const pair = (address: bigint, length: bigint): [bigint, bigint] => [address, length];
const [A, L] = pair(B, 4n);

const LONG: readonly Vector[] = [
  {
    text: 'mvcl %r2,%r4',
    r: { 2: A, 3: 6n, 4: A + 8n, 5: 0x2000_0000n + L },
    data: '0000000000000000c1c2c3c4',
    want: { 2: A + 6n, 3: 0n, 4: A + 12n, 5: 0x2000_0000n },
    wantData: 'c1c2c3c42020',
    wantCc: 2,
  },
  { text: 'mvcl %r2,%r4', r: { 2: A + 1n, 3: 4n, 4: A, 5: 4n }, data: '0102030405', wantData: '0102030405', wantCc: 3 },
  {
    text: 'clcl %r2,%r4',
    r: { 2: A, 3: 3n, 4: A + 4n, 5: 0x4000_0002n },
    data: '0102400001024000',
    want: { 2: A + 3n, 3: 0n, 5: 0x4000_0000n },
    wantCc: 0,
  },
  {
    text: 'clcl %r2,%r4',
    r: { 2: A, 3: 3n, 4: A + 4n, 5: 3n },
    data: '0102030001020400',
    want: { 2: A + 2n, 3: 1n, 4: A + 6n },
    wantCc: 1,
  },
  {
    text: 'mvcle %r2,%r4,0x40',
    r: { 2: A, 3: 3n, 4: A + 4n, 5: 1n },
    data: '00000000c1',
    wantData: 'c14040',
    want: { 3: 0n, 5: 0n },
    wantCc: 2,
  },
  { text: 'mvcle %r2,%r4,0x40', r: { 2: 0x4000n, 3: 0x3000n, 4: A, 5: 0n }, want: { 2: 0x5000n, 3: 0x2000n }, wantCc: 3 },
  { text: 'srst %r2,%r4', r: { 0: 0n, 2: A + 8n, 4: A }, data: '0102030001', want: { 2: A + 3n, 4: A }, wantCc: 1 },
  { text: 'srst %r2,%r4', r: { 0: 9n, 2: A + 4n, 4: A }, data: '0102030001', want: { 2: A + 4n, 4: A }, wantCc: 2 },
  { text: 'srst %r2,%r4', r: { 0: 0x100n, 2: A + 4n, 4: A }, pgm: 6 },
  { text: 'mvst %r2,%r4', r: { 0: 0n, 2: A + 8n, 4: A }, data: 'c1c200', want: { 2: A + 10n, 4: A }, wantCc: 1 },
  { text: 'clst %r2,%r4', r: { 0: 0n, 2: A, 4: A + 4n }, data: 'c1000000c1c20000', want: { 2: A + 1n, 4: A + 5n }, wantCc: 1 },
];

const OTHER: readonly Vector[] = [
  { text: `cs %r1,%r2,${at(0)}`, r: { 1: 5n, 2: 6n }, data: '00000005', wantData: '00000006', wantCc: 0 },
  { text: `cs %r1,%r2,${at(0)}`, r: { 1: 5n, 2: 6n }, data: '00000007', want: { 1: 7n }, wantData: '00000007', wantCc: 1 },
  { text: `csg %r1,%r2,${at(0)}`, r: { 1: DIGITS, 2: ALL }, data: '0123456789abcdef', wantData: 'ffffffffffffffff', wantCc: 0 },
  { text: `laa %r1,%r2,${at(0)}`, r: { 2: 1n }, data: '7fffffff', want: { 1: 0x7fff_ffffn }, wantData: '80000000', wantCc: 3 },
  { text: `laxg %r1,%r2,${at(0)}`, r: { 2: ALL }, data: 'ffffffffffffffff', want: { 1: ALL }, wantData: '0000000000000000', wantCc: 0 },
  { text: `agsi ${at(0)},-1`, data: '0000000000000000', wantData: 'ffffffffffffffff', wantCc: 1 },
  { text: `algsi ${at(0)},-1`, data: '0000000000000001', wantData: '0000000000000000', wantCc: 2 },
  { text: 'aih %r1,-1', r: { 1: 0x1_ffff_ffffn }, want: { 1: 0xffff_ffffn }, wantCc: 0 },
  { text: 'risblg %r1,%r2,0x18,0x9f,0', r: { 1: ALL, 2: DIGITS }, want: { 1: 0xffff_ffff_0000_00efn } },
  { text: 'risbhg %r1,%r2,0,31,32', r: { 1: 5n, 2: DIGITS }, want: { 1: 0x89ab_cdef_0000_0005n } },
  { text: 'ipm %r1', r: { 1: ALL }, cc: 2, want: { 1: 0xffff_ffff_20ff_ffffn } },
  { text: 'spm %r1', r: { 1: 0x3f00_0000n }, wantCc: 3 },
  {
    text: `lpd %r2,${at(0)},${at(4)}`,
    data: '0000000100000002',
    r: { 2: ALL, 3: ALL },
    want: { 2: 0xffff_ffff_0000_0001n, 3: 0xffff_ffff_0000_0002n },
    wantCc: 0,
  },
  {
    text: `csst ${at(16)},${at(20)},%r3`,
    r: { 0: 0x200n, 1: B, 3: 7n },
    data: '00000008000000000000000000000000000000070000000000000000',
    want: { 3: 7n },
    wantCc: 0,
    wantData: '000000080000000000000000000000000000000800000007',
  },
  { text: 'mvcrl 0(%r2),4(%r2)', r: { 0: 1n, 2: B }, data: '00000000c1c2', wantData: 'c1c2' },
  { text: 'cksm %r1,%r2', r: { 1: 1n, 2: B, 3: 6n }, data: 'ffffffff00010000', want: { 1: 0x0001_0001n, 2: B + 6n, 3: 0n }, wantCc: 0 },
  { text: 'pfd 1,0(%r2)', r: { 2: ALL } },
];

const machine = new TestMachine();

describe.each([
  ['loads and stores', LOADS],
  ['logical operations', LOGIC],
  ['comparisons', COMPARISONS],
  ['fields in storage', FIELDS],
  ['long operands', LONG],
  ['other instructions', OTHER],
])('%s', (_group, vectors) => {
  it.each(vectors.map((vector, n) => [n + 1, vector.text, vector] as const))('%i: %s', (_n, text, vector) => {
    machine.storage.write(DATA, new Uint8Array(0x100));
    const start: Start = { cc: vector.cc ?? 0, ...(vector.r && { r: vector.r }), ...(vector.data && { data: vector.data }) };
    const after = machine.one(text, start);
    expect(after.pgm).toBe(vector.pgm ?? null);
    for (const [register, value] of Object.entries(vector.want ?? {}))
      expect([register, after.gprs[Number(register)]]).toEqual([register, value]);
    if (vector.wantCc !== undefined) expect(after.cc).toBe(vector.wantCc);
    if (vector.wantData !== undefined) expect(machine.data(vector.wantData.length / 2)).toBe(vector.wantData);
  });
});

interface Branch {
  readonly text: string;
  readonly r?: Registers;
  readonly cc?: number;
  readonly taken: boolean;
  readonly want?: Registers;
}

const BRANCHES: readonly Branch[] = [
  { text: 'jh .+0x40', cc: 2, taken: true },
  { text: 'jh .+0x40', cc: 1, taken: false },
  { text: 'br %r5', taken: true },
  { text: 'bcr 15,%r0', taken: false },
  { text: 'b 0(%r5)', taken: true },
  { text: 'brct %r1,.+0x40', r: { 1: 0x7_0000_0000n }, taken: true, want: { 1: 0x7_ffff_ffffn } },
  { text: 'brctg %r1,.+0x40', r: { 1: 1n }, taken: false, want: { 1: 0n } },
  { text: 'bctgr %r1,%r0', r: { 1: 1n << 32n }, taken: false, want: { 1: 0xffff_ffffn } },
  { text: 'brcth %r1,.+0x40', r: { 1: 1n << 32n }, taken: false, want: { 1: 0n } },
  { text: 'bxle %r1,%r2,0(%r5)', r: { 1: 1n, 2: 2n, 3: 3n }, taken: true, want: { 1: 3n } },
  { text: 'bxh %r1,%r3,0(%r5)', r: { 1: 1n, 3: 3n }, taken: true, want: { 1: 4n } },
  { text: 'brxhg %r1,%r2,.+0x40', r: { 1: ALL, 2: 1n, 3: 0n }, taken: false, want: { 1: 0n } },
  { text: 'brasl %r14,.+0x40', taken: true, want: { 14: BigInt(CODE + 6) } },
  { text: 'basr %r14,%r5', taken: true, want: { 14: BigInt(CODE + 2) } },
  { text: 'cgrj %r1,%r2,4,.+0x40', r: { 1: ALL, 2: 0n }, taken: true },
  { text: 'clgrj %r1,%r2,4,.+0x40', r: { 1: ALL, 2: 0n }, taken: false },
  { text: 'cgij %r1,-1,8,.+0x40', r: { 1: ALL }, taken: true },
  { text: 'clij %r1,255,8,.+0x40', r: { 1: 0x1_0000_00ffn }, taken: true },
  { text: 'crb %r1,%r2,2,0(%r5)', r: { 1: 1n, 2: 0xffff_ffffn }, taken: true },
  { text: 'clgib %r1,3,6,0(%r5)', r: { 1: 3n }, taken: false },
];

describe('branches', () => {
  it.each(BRANCHES.map((branch, n) => [n + 1, branch.text, branch] as const))('%i: %s', (_n, text, { r, cc, taken, want }) => {
    const length = machine.assemble(text);
    const after = machine.run({ r: { 5: BigInt(CODE + 0x40), ...r }, cc: cc ?? 0 });
    expect(Number(after.ia)).toBe(CODE + (taken ? 0x40 : length));
    for (const [register, value] of Object.entries(want ?? {})) expect(after.gprs[Number(register)]).toBe(value);
  });
});

it('every instruction of the interpreter is one of the table', () => {
  expect(GENERAL_INSTRUCTIONS.length).toBeGreaterThan(450);
  expect(GENERAL_INSTRUCTIONS.filter(({ mnemonic }) => instructionNamed(mnemonic) === undefined)).toEqual([]);
});
