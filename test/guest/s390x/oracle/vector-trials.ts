/**
 * Trials that are kept: what once found something, here or while instructions were written, and what random trials rarely meet. Their
 * outcomes, as the oracle has them, are in vectors.json.
 */
import { writeFileSync } from 'node:fs';
import { assemble } from '../../../../src/guest/s390x/assembler/assemble.ts';
import { QemuOracle } from './qemu.ts';
import { CODE, codeOf, DATA, DATA_BYTES, inputOf, outputOf, type Trial } from './record.ts';

export interface Vector {
  /** What it found, or what it is about. */
  readonly found: string;
  /** Base64 of input and of the oracle's output. */
  readonly trial: string;
  readonly outcome: string;
}

interface Kept {
  readonly found: string;
  /** Instructions; register 10 is the address of the window. */
  readonly text: string;
  readonly r?: Readonly<Record<number, bigint>>;
  readonly fpc?: number;
  /** From the beginning of the window on, hexadecimal. */
  readonly data?: string;
}

const at = (offset: number): bigint => BigInt(DATA + offset);

export const KEPT: readonly Kept[] = [
  { found: 'LFPC takes the mask and the flag of quantum exceptions', text: 'lfpc 0(%r10)', data: '04040070' },
  { found: 'LFPC refuses a reserved bit', text: 'lfpc 0(%r10)', data: '02000000' },
  { found: 'LFPC refuses rounding mode 5', text: 'lfpc 0(%r10)', data: '00000005' },
  { found: 'SFPC takes rounding mode 7', text: 'sfpc %r2', r: { 2: 7n } },
  { found: 'SRNMB refuses rounding mode 4', text: 'srnmb 4' },
  { found: 'SRNM leaves rounding modes above 3 behind', text: 'srnm 2', fpc: 7 },
  { found: 'LFAS tells overflow and inexact together', text: 'lfas 0(%r10)', fpc: 0x0038_0000, data: 'f8000000' },
  { found: 'LFAS tells an invalid operation before anything else', text: 'lfas 0(%r10)', fpc: 0x00f8_0000, data: 'f8000001' },
  { found: 'LFAS keeps the flags that are there', text: 'lfas 0(%r10)', fpc: 0x0048_0000, data: '30100002' },
  { found: 'LZER', text: 'lzer %f3\n lzdr %f4' },
  { found: 'MVCL of a pair onto itself', text: 'mvcl %r2,%r2', r: { 2: at(0x40), 3: 0x2000_0010n } },
  { found: 'MVCL onto its own source stops', text: 'mvcl %r2,%r4', r: { 2: at(0x48), 3: 0x40n, 4: at(0x40), 5: 0x40n } },
  { found: 'MVCL fills up', text: 'mvcl %r2,%r4', r: { 2: at(0x80), 3: 0x40n, 4: at(0x10), 5: 0x4000_0004n } },
  { found: 'CLCLE with a shorter second operand', text: 'clcle %r2,%r4,0', r: { 2: at(0x80), 3: 8n, 4: at(0x90), 5: 4n } },
  {
    found: 'MVCLU fills up with a character of two bytes',
    text: '1: mvclu %r2,%r4,0x1ab(%r10)\n brc 1,1b',
    r: { 2: at(0x80), 3: 0x40n, 4: at(0x10), 5: 4n },
  },
  {
    found: 'CLCLU compares with the padding character',
    text: 'clclu %r2,%r4,0x41',
    r: { 2: at(0), 3: 8n, 4: at(0x90), 5: 0n },
    data: '00410041004100420041',
  },
  {
    found: 'CU12 of four bytes: a surrogate pair',
    text: 'cu12 %r2,%r4',
    r: { 2: at(0x40), 3: 32n, 4: at(0), 5: 11n },
    data: 'f0908d88e282acc3a4414243',
  },
  {
    found: 'CU12 without room for the second character',
    text: 'cu12 %r2,%r4',
    r: { 2: at(0x40), 3: 5n, 4: at(0), 5: 11n },
    data: 'f0908d88e282acc3a4414243',
  },
  { found: 'CU12 of a character that is cut off', text: 'cu12 %r2,%r4', r: { 2: at(0x40), 3: 32n, 4: at(0), 5: 2n }, data: 'e282ac' },
  { found: 'CU12 of an overlong form, not well-formed', text: 'cu12 %r2,%r4,1', r: { 2: at(0x40), 3: 32n, 4: at(0), 5: 2n }, data: 'c080' },
  {
    found: 'CU12 of an overlong form, taken as it is',
    text: 'cu12 %r2,%r4',
    r: { 2: at(0x40), 3: 32n, 4: at(0), 5: 3n },
    data: 'e0808041',
  },
  { found: 'CU12 of a byte that begins nothing', text: 'cu12 %r2,%r4', r: { 2: at(0x40), 3: 32n, 4: at(0), 5: 2n }, data: '80f8' },
  {
    found: 'CU14 of a character behind the last plane',
    text: 'cu14 %r2,%r4,1',
    r: { 2: at(0x40), 3: 32n, 4: at(0), 5: 4n },
    data: 'f4908080',
  },
  {
    found: 'CU12 of a character behind the last plane',
    text: 'cu12 %r2,%r4',
    r: { 2: at(0x40), 3: 32n, 4: at(0), 5: 4n },
    data: 'f7bfbfbf',
  },
  { found: 'CU21 of a surrogate pair', text: 'cu21 %r2,%r4', r: { 2: at(0x40), 3: 32n, 4: at(0), 5: 8n }, data: 'd800df4820ac00e4' },
  { found: 'CU21 of half a pair, not well-formed', text: 'cu21 %r2,%r4,1', r: { 2: at(0x40), 3: 32n, 4: at(0), 5: 4n }, data: 'd8000041' },
  { found: 'CU24 of half a pair, taken as it is', text: 'cu24 %r2,%r4', r: { 2: at(0x40), 3: 32n, 4: at(0), 5: 4n }, data: 'd8000041' },
  {
    found: 'CU41 of every length',
    text: 'cu41 %r2,%r4',
    r: { 2: at(0x40), 3: 32n, 4: at(0), 5: 16n },
    data: '00000041000000e4000020ac00010348',
  },
  { found: 'CU41 of a high surrogate', text: 'cu41 %r2,%r4', r: { 2: at(0x40), 3: 32n, 4: at(0), 5: 4n }, data: '0000d800' },
  { found: 'CU42 of a low surrogate', text: 'cu42 %r2,%r4', r: { 2: at(0x40), 3: 32n, 4: at(0), 5: 4n }, data: '0000dc00' },
  { found: 'CU42 behind the last plane', text: 'cu42 %r2,%r4', r: { 2: at(0x40), 3: 32n, 4: at(0), 5: 8n }, data: '0010ffff00110000' },
  { found: 'LCDFR, LNDFR and LPDFR leave the condition code', text: 'lcdfr %f1,%f2\n lndfr %f3,%f4\n lpdfr %f5,%f6' },
  { found: 'TP of a number without sign and with a bad digit', text: 'tp 0(3,%r10)', data: '1a2345' },
  { found: 'TP of a number without sign', text: 'tp 0(3,%r10)', data: '112345' },
  { found: 'DSGR of the most negative number by -1', text: 'dsgr %r2,%r4', r: { 3: 1n << 63n, 4: (1n << 64n) - 1n } },
  { found: 'SLAG that overflows keeps the sign', text: 'slag %r2,%r3,4', r: { 3: 0xc123_4567_89ab_cdefn } },
  {
    found: 'RISBG around the end with zeros',
    text: 'risbg %r2,%r3,60,131,8',
    r: { 2: -1n & 0xffff_ffff_ffff_ffffn, 3: 0x1234_5678_9abc_def0n },
  },
];

/** Of random values, so that whatever an instruction must leave alone is not zero. */
export function trialOfKept({ text, r = {}, fpc = 0, data = '' }: Kept): Trial {
  const { chunks } = assemble([{ name: 'kept', text: `.org ${CODE}\n ${text}\n` }]);
  const bytes = Uint8Array.from({ length: DATA_BYTES }, (_, i) => (i * 37 + 11) & 0xff);
  bytes.set(Buffer.from(data, 'hex'));
  const values = (factor: bigint): bigint[] => Array.from({ length: 16 }, (_, i) => BigInt.asUintN(64, factor * BigInt(i + 1)));
  const general = values(0x1234_5678_9abc_def1n).map((value, i) => r[i] ?? (i === 10 ? at(0) : value));
  return {
    ...{ general, floating: values(0x9876_5432_1fed_cba9n), access: values(0x1357n).map(Number), fpc, cc: 1, programMask: 0 },
    ...{ code: codeOf(chunks.map((chunk) => chunk.bytes)), data: bytes },
  };
}

/** All of them as the oracle has them now. */
export async function vectorsOf(program: string): Promise<Vector[]> {
  const oracle = new QemuOracle(program);
  try {
    const trials = KEPT.map(trialOfKept);
    const outcomes = await oracle.run(trials);
    return KEPT.map(({ found }, i) => ({
      found,
      trial: inputOf(trials[i]!).toString('base64'),
      outcome: outputOf(outcomes[i]!).toString('base64'),
    }));
  } finally {
    oracle.close();
  }
}

export const VECTORS = new URL('vectors.json', import.meta.url);

/** To be run after a change of `KEPT`, where the oracle is installed. */
export async function writeVectors(program: string): Promise<void> {
  writeFileSync(VECTORS, `${JSON.stringify(await vectorsOf(program), null, 2)}\n`);
}
