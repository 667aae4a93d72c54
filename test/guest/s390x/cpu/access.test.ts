/** Operand addresses and accesses: addressing modes, prefixing, low-address protection, boundaries, and ends of the storage. */
import { describe, expect, it } from 'vitest';
import { CODE, DATA, SIZE, TestMachine } from './machine.ts';

const machine = new TestMachine();
const TOP = 0xffff_ffff_ffff_fff8n;

describe('addressing modes', () => {
  it('64 bits: base, index and displacement wrap at 2^64', () => {
    expect(machine.one('lg %r1,8(%r2,%r3)', { r: { 2: TOP, 3: BigInt(DATA) }, data: '1122334455667788' }).gprs[1]).toBe(
      0x1122_3344_5566_7788n,
    );
    expect(machine.one('lg %r1,-8(%r2)', { r: { 2: BigInt(DATA + 8) } }).gprs[1]).toBe(0x1122_3344_5566_7788n);
    expect(machine.one('lg %r1,-8(%r2)', { r: { 2: 0n } })).toMatchObject({ pgm: 5 });
    expect(machine.one('lay %r1,-8(%r2)', { r: { 2: 3n } }).gprs[1]).toBe(BigInt.asUintN(64, -5n));
  });

  it('31 bits: what stands above is cut, and registers keep their left half', () => {
    const start = { mode: 31, r: { 1: 0xaaaa_aaaa_0000_0000n, 2: 0x5555_5555_8000_0000n + BigInt(DATA) } } as const;
    expect(machine.one('l %r1,0(%r2)', start).gprs[1]).toBe(0xaaaa_aaaa_1122_3344n);
    expect(machine.one('la %r1,4(%r2)', start).gprs[1]).toBe(0xaaaa_aaaa_0000_0000n + BigInt(DATA + 4));
    expect(machine.one('basr %r1,%r0', start).gprs[1]).toBe(0xaaaa_aaaa_8000_0000n + BigInt(CODE + 2));
  });

  it('24 bits: likewise, and BALR tells condition code and program mask', () => {
    const start = { mode: 24, cc: 2, programMask: 5, r: { 2: 0xff00_0000n + BigInt(DATA) } } as const;
    expect(machine.one('l %r1,0(%r2)', start).gprs[1]).toBe(0x1122_3344n);
    expect(machine.one('balr %r1,%r0', start).gprs[1]).toBe(0x6500_0000n + BigInt(CODE + 2));
    expect(machine.one('basr %r1,%r0', start).gprs[1]).toBe(BigInt(CODE + 2));
  });

  it('24 bits: an operand that reaches over 16 MiB goes on at zero', () => {
    const big = new TestMachine(0x110_0000);
    big.storage.write(0xff_fffe, Uint8Array.of(1, 2, 0x77, 0x77));
    big.storage.write(0, Uint8Array.of(3, 4));
    expect(big.one('l %r1,0(%r2)', { mode: 24, r: { 2: 0xff_fffen } }).gprs[1]).toBe(0x0102_0304n);
    expect(big.one('l %r1,0(%r2)', { mode: 64, r: { 2: 0xff_fffen } }).gprs[1]).toBe(0x0102_7777n);
  });

  it('change by SAM and BSM, and are told by TAM', () => {
    expect(machine.one('sam31').mode).toBe(31);
    expect(machine.one('sam24', { mode: 64 }).mode).toBe(24);
    expect(machine.one('tam', { mode: 31 }).cc).toBe(1);
    expect(machine.one('tam', { mode: 64 }).cc).toBe(3);
    expect(machine.one('bsm %r1,%r2', { r: { 1: 0n, 2: 0x8000_0000n + BigInt(DATA) } })).toMatchObject({ mode: 31, ia: BigInt(DATA) });
    expect(machine.one('bsm %r1,%r2', { mode: 31, r: { 2: BigInt(DATA + 1) } })).toMatchObject({ mode: 64, ia: BigInt(DATA) });
  });
});

describe('prefixing', () => {
  const swapped = { prefix: 0x8000 } as const;

  it('lets the prefix area and the first 8 KiB change places for loads, stores and moves', () => {
    machine.storage.write(0x8100, Buffer.from('a1a2a3a4', 'hex'));
    machine.storage.write(0x100, Buffer.from('b1b2b3b4', 'hex'));
    expect(machine.one('l %r1,0x100', swapped).gprs[1]).toBe(0xa1a2_a3a4n);
    expect(machine.one('l %r1,0x100(%r2)', { ...swapped, r: { 2: 0x8000n } }).gprs[1]).toBe(0xb1b2_b3b4n);
    machine.one('st %r1,0x104', { ...swapped, r: { 1: 0x0102_0304n } });
    expect(machine.data(4, 0x8104)).toBe('01020304');
    machine.one('mvc 0x800(4),0x100', swapped);
    expect(machine.data(4, 0x8000 + DATA)).toBe('a1a2a3a4');
  });

  it('goes on elsewhere in the middle of an operand', () => {
    machine.storage.write(0x9ffe, Uint8Array.of(1, 2));
    machine.storage.write(0x2000, Uint8Array.of(3, 4));
    expect(machine.one('l %r1,0(%r2)', { ...swapped, r: { 2: 0x1ffen } }).gprs[1]).toBe(0x0102_0304n);
  });

  it('takes program interruptions through the prefix area', () => {
    const psw = machine.storage.read(0x1d0, 16);
    machine.storage.write(0x81d0, psw);
    expect(machine.one('.long 0', swapped)).toMatchObject({ pgm: 1, oldIa: CODE + 2 });
    expect(machine.storage.view.getUint16(0x808e)).toBe(1);
  });
});

describe('low-address protection', () => {
  const protecting = { crs: [0x1004_0000n, ...Array.from({ length: 15 }, () => 0n)] };

  it('refuses stores to the first 512 bytes of the first two pages and lets loads and others pass', () => {
    expect(machine.one('st %r1,0x1fc', protecting)).toMatchObject({ pgm: 4, ilc: 4 });
    expect(machine.one('mvi 0x11f(%r2),1', { ...protecting, r: { 2: 0x1000n } }).pgm).toBe(4);
    expect(machine.one('st %r1,0x200', protecting).pgm).toBeNull();
    expect(machine.one('l %r1,0x1fc', protecting).pgm).toBeNull();
    expect(machine.one('stg %r1,0xffc(%r0)', protecting).pgm).toBe(4);
  });
});

describe('the end of the storage', () => {
  const end = BigInt(SIZE);

  it.each([
    ['l %r1,0(%r2)', 4n],
    ['lg %r1,0(%r2)', 8n],
    ['lmg %r3,%r5,0(%r2)', 24n],
    ['stmg %r3,%r5,0(%r2)', 24n],
    ['stg %r1,0(%r2)', 8n],
    ['mvc 0(8,%r2),0x300', 8n],
    ['xc 0(8,%r2),0(%r2)', 8n],
    ['ni 0(%r2),0', 1n],
    ['std %f1,0(%r2)', 8n],
  ])('%s is done at the last place and refused one byte behind it', (text, length) => {
    expect(machine.one(text, { r: { 2: end - length } }).pgm).toBeNull();
    const before = machine.data(32, SIZE - 32);
    const refused = machine.one(text, { r: { 1: 77n, 2: end - length + 1n, 3: 1n, 4: 2n, 5: 3n } });
    expect(refused).toMatchObject({ pgm: 5 });
    expect(refused.gprs.slice(1, 6)).toEqual([77n, end - length + 1n, 1n, 2n, 3n]);
    expect(machine.data(32, SIZE - 32)).toBe(before);
  });

  it('is not reached by what lies far above it', () => {
    for (const far of [1n << 32n, 1n << 53n, (1n << 63n) + BigInt(DATA), BigInt(SIZE) + (1n << 60n)]) {
      expect(machine.one('stg %r1,0(%r2)', { r: { 2: far } })).toMatchObject({ pgm: 5 });
    }
  });
});

describe('boundaries', () => {
  it.each([
    'cs %r4,%r6,0(%r2)',
    'csg %r4,%r6,0(%r2)',
    'cds %r4,%r6,0(%r2)',
    'cdsg %r4,%r6,0(%r2)',
    'laag %r4,%r6,0(%r2)',
    'stpq %r4,0(%r2)',
    'lam %a1,%a2,0(%r2)',
  ])('%s needs its own', (text) => {
    expect(machine.one(text, { r: { 2: BigInt(DATA + 2) } })).toMatchObject({ pgm: 6 });
    expect(machine.one(text, { r: { 2: BigInt(DATA) } }).pgm).toBeNull();
  });

  it('need not be kept by loads and stores', () => {
    machine.storage.write(DATA, Buffer.from('00112233445566778899', 'hex'));
    expect(machine.one('lg %r1,1(%r2)', { r: { 2: BigInt(DATA) } }).gprs[1]).toBe(0x1122_3344_5566_7788n);
  });
});

describe('floating-point registers', () => {
  it('are registers 0, 2, 4 and 6 without CR0 bit 45', () => {
    const without = { crs: Array.from({ length: 16 }, () => 0n) };
    expect(machine.one('ld %f6,0x300', without).pgm).toBeNull();
    expect(machine.one('ldgr %f1,%r1', without)).toMatchObject({ pgm: 7 });
    expect(machine.storage.bytes[0x93]).toBe(1);
    expect(machine.one('stfpc 0x300', without)).toMatchObject({ pgm: 7 });
    expect(machine.storage.bytes[0x93]).toBe(2);
  });

  it('keep their right half when a short operand is loaded', () => {
    const fprs = Array.from({ length: 16 }, () => 0x1111_2222_3333_4444n);
    expect(machine.one('lzer %f3', { fprs }).fprs[3]).toBe(0x3333_4444n);
    expect(machine.one('lzdr %f3', { fprs }).fprs[3]).toBe(0n);
    expect(machine.one('le %f3,0x800', { fprs, data: 'aabbccdd' }).fprs[3]).toBe(0xaabb_ccdd_3333_4444n);
    expect(machine.one('lgdr %r1,%f3', { fprs }).gprs[1]).toBe(fprs[3]);
  });
});
