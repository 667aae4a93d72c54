/**
 * Goal: each control instruction: what it reads and stores, its condition code, and that it is refused in problem state before anything else.
 * Method: instructions executed one by one on a CPU without a program.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Cpu } from '../../../../../src/guest/s390x/cpu/cpu.ts';
import { InstructionSet } from '../../../../../src/guest/s390x/cpu/instruction-set.ts';
import type { Handlers } from '../../../../../src/guest/s390x/cpu/instructions/handlers.ts';
import { clockInstructions } from '../../../../../src/guest/s390x/machine/control/clock-instructions.ts';
import { PSW_INSTRUCTIONS } from '../../../../../src/guest/s390x/machine/control/psw-instructions.ts';
import { REGISTER_INSTRUCTIONS } from '../../../../../src/guest/s390x/machine/control/register-instructions.ts';
import { storageInstructions } from '../../../../../src/guest/s390x/machine/control/storage-instructions.ts';
import { SUBCHANNEL_INSTRUCTIONS } from '../../../../../src/guest/s390x/machine/control/subchannel-instructions.ts';
import { systemInstructions } from '../../../../../src/guest/s390x/machine/control/system-instructions.ts';
import { fromEbcdic } from '../../../../../src/guest/s390x/machine/ebcdic.ts';
import { apFacilities, facilityList } from '../../../../../src/guest/s390x/machine/facility-list.ts';
import { register64, setRegister64 } from '../../../../../src/guest/s390x/machine/registers.ts';
import { Sclp } from '../../../../../src/guest/s390x/machine/sclp.ts';
import { StorageKeys } from '../../../../../src/guest/s390x/machine/storage-keys.ts';
import { TodClock } from '../../../../../src/guest/s390x/machine/tod-clock.ts';
import { VirtualCpu } from '../../../../../src/guest/s390x/machine/virtual-cpu.ts';
import { MEBIBYTE, executor, makeCpu, type Fields } from '../by-hand.ts';

/** Mnemonics that come with a facility: those that cannot be there otherwise. */
const MEMBERS: Readonly<Record<number, string>> = {
  0: 'cvd icm mvcl',
  7: 'stfle',
  16: 'troo trot trto trtt pka pku unpka unpku mvclu clclu tp',
  18: 'ly sty lay cdsy mviy lmy stmy lamy icmy',
  21: 'lgfi llilf iihf flogr lbr llcr ltg afi clgfi',
  22: 'cu14 cu24 cu41 cu42 srstu trtr',
  25: 'stckf',
  26: 'trte trtre',
  31: 'ectg',
  32: 'csst',
  34: 'asi agsi alsi algsi crb cgrj cib clgij crt clfit laey ltgf mhy mfy msfi msgfi mvhi mvghi pfd pfdrl risbg rosbg chrl ecag exrl strl',
  35: 'exrl',
  41: 'ldgr lgdr cpsdr lcdfr lndfr lpdfr srnmt',
  45: 'aih ahhhr brcth lfh risbhg stfh ark agrk xgrk srlk locr locg stocg laa laal lan lao lax lpd lpdg popcnt',
  49: 'clt clgt risbgn niai bpp bprp lat lgat lfhat llgfat llgtat ppa',
};

const FACILITIES = { qci: true, apft: true, aqic: true };

let cpu: Cpu;
let virtual: VirtualCpu;
let run: { ms: number };
let all: Handlers;
let served: number[];
let execute: (mnemonic: string, fields?: Fields) => number | null;

beforeEach(() => {
  cpu = makeCpu();
  run = { ms: 0 };
  served = [];
  const rt = { now: () => run.ms, touch: () => undefined };
  virtual = new VirtualCpu(cpu, { id: 0 } as never, { name: 'guest', rt });
  const sclp = new Sclp({ storage: cpu.storage, cpus: 1, print: () => undefined });
  const system = { name: 'guest1', cpus: 2, facilities: facilityList(FACILITIES), sclp, serviceDone: (at: number) => served.push(at) };
  all = {
    ...PSW_INSTRUCTIONS,
    ...REGISTER_INSTRUCTIONS,
    ...clockInstructions(new TodClock('guest', rt), () => virtual),
    ...storageInstructions(new StorageKeys(MEBIBYTE)),
    ...systemInstructions(system),
    ...SUBCHANNEL_INSTRUCTIONS,
  };
  execute = executor(all, cpu);
});

const at = (address: number): Fields => ({ b2: 0, d2: address });
const word = (address: number): number => cpu.storage.view.getUint32(address);
const quad = (address: number): bigint => cpu.storage.view.getBigUint64(address);

test('in problem state all but a few are privileged operations, whatever their operands', () => {
  cpu.problem = true;
  const allowed = [
    'epsw',
    'svc',
    'sac',
    'sacf',
    'iac',
    'stck',
    'stckf',
    'stcke',
    'stfle',
    'ectg',
    'mvpg',
    'ivsk',
    'epar',
    'esar',
    'epair',
    'esair',
    'ssar',
  ];
  const refused = Object.keys(all).filter((mnemonic) => !allowed.includes(mnemonic));
  expect(refused.filter((mnemonic) => execute(mnemonic, { d2: 3, r1: 1, r2: 2 }) !== 2)).toEqual([]);
  expect(refused.length).toBeGreaterThan(30);
});

describe('the PSW', () => {
  test('EPSW stores its first words, the second one unless R2 is 0', () => {
    Object.assign(cpu, { systemMask: 3, key: 5, cc: 2, programMask: 9, machineCheckMask: true });
    setRegister64(cpu, 4, -1n);
    setRegister64(cpu, 0, 77n);
    expect(execute('epsw', { r1: 4, r2: 5 })).toBeNull();
    expect([register64(cpu, 4), register64(cpu, 5)]).toEqual([0xffffffff_03542901n, 0x80000000n]);
    execute('epsw', { r1: 6, r2: 0 });
    expect(register64(cpu, 0)).toBe(77n);
  });

  test('SSM, STOSM and STNSM change the system mask and ask for attention; reserved bits are refused', () => {
    cpu.storage.bytes[0x800] = 0x03;
    cpu.storage.bytes[0x801] = 0x80;
    expect([execute('ssm', at(0x800)), cpu.systemMask, cpu.attention]).toEqual([null, 3, true]);
    expect([execute('stnsm', { d1: 0x802, i2: 0xfe }), cpu.systemMask, cpu.storage.bytes[0x802]]).toEqual([null, 2, 3]);
    expect([execute('stosm', { d1: 0x803, i2: 0x05 }), cpu.systemMask, cpu.storage.bytes[0x803]]).toEqual([null, 7, 2]);
    expect([execute('ssm', at(0x801)), cpu.systemMask]).toEqual([6, 7]);
  });

  test('LPSW expands a short PSW, LPSWE loads a long one; both on a doubleword', () => {
    cpu.storage.view.setBigUint64(0x800, 0x010a_2000_8000_1234n);
    expect(execute('lpsw', at(0x800))).toBeNull();
    expect([cpu.mode, cpu.wait, cpu.ia, cpu.cc, cpu.systemMask]).toEqual([31, true, 0x1234, 2, 1]);
    cpu.wait = false;
    cpu.storage.view.setBigUint64(0x810, 0x1_8000_0000n);
    cpu.storage.view.setBigUint64(0x818, 0x1_2345_6788n);
    expect(execute('lpswe', at(0x810))).toBeNull();
    expect([cpu.mode, cpu.ia, cpu.systemMask]).toEqual([64, 0x1_2345_6788, 0]);
    expect([execute('lpsw', at(0x818)), execute('lpsw', at(0x804)), execute('lpswe', at(0x804)), execute('lpswe', at(0x81818))]).toEqual([
      6,
      6,
      6,
      null,
    ]);
  });

  test('SPKA and IPK', () => {
    expect([execute('spka', at(0x70)), cpu.key, execute('ipk'), cpu.lo[2]]).toEqual([null, 7, null, 0x70]);
  });

  test('SAC and IAC number the address spaces in another way than the PSW does', () => {
    for (const [code, asc] of [
      [0, 0],
      [1, 2],
      [2, 1],
      [3, 3],
    ] as const) {
      expect([execute('sac', at(code << 8)), cpu.asc, execute('iac', { r1: 1 }), cpu.cc]).toEqual([null, asc, null, code]);
    }
    expect(execute('sac', at(0x400))).toBe(6);
  });
});

describe('control registers and prefix', () => {
  test('LCTLG and STCTG go round from 15 to 0, LCTL leaves the left halves', () => {
    [0x11n, 0x22n, 0x33n].forEach((value, i) => cpu.storage.view.setBigUint64(0x800 + 8 * i, value | 0x7_0000_0000n));
    expect(execute('lctlg', { r1: 14, r3: 0, d2: 0x800 })).toBeNull();
    expect([cpu.crLo[14], cpu.crLo[15], cpu.crLo[0], cpu.crHi[0], cpu.attention]).toEqual([0x11, 0x22, 0x33, 7, true]);
    cpu.storage.view.setUint32(0x900, 0x99);
    execute('lctl', { r1: 0, r3: 0, d2: 0x900 });
    expect([cpu.crHi[0], cpu.crLo[0]]).toEqual([7, 0x99]);
    execute('stctg', { r1: 14, r3: 0, d2: 0xa00 });
    expect([quad(0xa00), quad(0xa08), quad(0xa10)]).toEqual([0x7_0000_0011n, 0x7_0000_0022n, 0x7_0000_0099n]);
    execute('stctl', { r1: 14, r3: 15, d2: 0xb00 });
    expect(quad(0xb00)).toBe(0x11_0000_0022n);
  });

  test('alignment, and storage that ends within the operand: nothing is loaded', () => {
    expect([execute('lctlg', { r1: 0, r3: 1, d2: 0x804 }), execute('lctl', { r1: 0, r3: 1, d2: 0x802 })]).toEqual([6, 6]);
    cpu.crLo[1] = 5;
    setRegister64(cpu, 9, BigInt(MEBIBYTE - 8));
    expect([execute('lctlg', { r1: 1, r3: 2, b2: 9 }), cpu.crLo[1]]).toEqual([5, 5]);
  });

  test('SPX takes a prefix inside of the storage, STPX tells it', () => {
    cpu.storage.view.setUint32(0x800, 0x8000_5fff);
    expect([execute('spx', at(0x800)), cpu.prefix]).toEqual([null, 0x4000]);
    expect([execute('stpx', at(0x900)), cpu.storage.view.getUint32(0x4900)]).toEqual([null, 0x4000]);
    cpu.storage.view.setUint32(0x4800, MEBIBYTE);
    expect([execute('spx', at(0x800)), cpu.prefix]).toEqual([5, 0x4000]);
    expect(execute('spx', at(0x802))).toBe(6);
  });

  test('STAP and STIDP', () => {
    expect([execute('stap', at(0x800)), execute('stap', at(0x801))]).toEqual([null, 6]);
    expect([execute('stidp', at(0x808)), quad(0x808) >> 56n, execute('stidp', at(0x80c))]).toEqual([null, 0xffn, 6]);
  });
});

describe('timing', () => {
  test('STCK advances by itself and with the run; STCKE is the same clock one byte later', () => {
    execute('stck', at(0x800));
    execute('stckf', at(0x808));
    run.ms = 10;
    execute('stck', at(0x811));
    expect([quad(0x808) > quad(0x800), quad(0x811) - quad(0x800) >= 9000n << 12n, cpu.cc]).toEqual([true, true, 0]);
    execute('stcke', at(0x900));
    const extended = quad(0x901);
    expect([cpu.storage.bytes[0x900], extended > quad(0x811), extended - quad(0x811) < 1000n << 12n]).toEqual([0, true, true]);
    expect(quad(0x908) & 0xffff_ffff_ffffffn).not.toBe(0n);
  });

  test('SCK sets it, SCKC and SPT are told as they were set', () => {
    cpu.storage.view.setBigUint64(0x800, 0x0011_2233_4455_6000n);
    expect([execute('sck', at(0x800)), execute('stck', at(0x808))]).toEqual([null, null]);
    expect(quad(0x808) - quad(0x800)).toBeLessThan(100n << 12n);
    execute('sckc', at(0x800));
    execute('stckc', at(0x810));
    expect(quad(0x810)).toBe(quad(0x800));
    cpu.storage.view.setBigUint64(0x818, 5000n << 12n);
    execute('spt', at(0x818));
    run.ms += 2;
    execute('stpt', at(0x820));
    // The look at the clock above has taken a little.
    expect(Number(quad(0x820) >> 12n)).toBeCloseTo(3000, -2);
    run.ms += 10;
    execute('stpt', at(0x820));
    expect(Number(BigInt.asIntN(64, quad(0x820)) >> 12n)).toBeCloseTo(-7000, -2);
    expect(['sck', 'sckc', 'stckc', 'spt', 'stpt'].map((mnemonic) => execute(mnemonic, at(0x804)))).toEqual([6, 6, 6, 6, 6]);
  });
});

test.each(Object.keys(SUBCHANNEL_INSTRUCTIONS))('%s finds no subchannel, whichever it is', (mnemonic) => {
  for (const identification of [0x0001_0000, 0x0001_ffff, 0x0007_0001]) {
    cpu.lo[1] = identification;
    expect([execute(mnemonic, at(0x800)), cpu.cc]).toEqual([null, 3]);
  }
  for (const identification of [0, 0x0009_0000, 0x0003_0000 ^ 0x8000_0000]) {
    cpu.lo[1] = identification;
    expect(execute(mnemonic, at(0x800))).toBe(0x15);
  }
});

test('ECTG takes the CPU timer off the first operand, and loads two more', () => {
  cpu.storage.view.setBigUint64(0x800, 1n << 40n);
  setRegister64(cpu, 2, 0x800n);
  expect(execute('spt', at(0x800))).toBeNull();
  cpu.storage.view.setBigUint64(0x808, 7n);
  cpu.storage.view.setBigUint64(0x900, 9n);
  setRegister64(cpu, 3, 0x900n);
  run.ms += 2;
  cpu.cc = 2;
  expect([execute('ectg', { b1: 2, b2: 2, d2: 8, r3: 3 }), cpu.cc]).toEqual([null, 2]);
  expect([register64(cpu, 0), register64(cpu, 1), register64(cpu, 3)]).toEqual([2000n << 12n, 7n, 9n]);
});

describe('storage', () => {
  test('keys are set, told and reset', () => {
    setRegister64(cpu, 2, 0x5123n);
    cpu.lo[1] = 0x37;
    execute('sske', { r1: 1, r2: 2 });
    cpu.lo[3] = 0x1122_3344;
    execute('iske', { r1: 3, r2: 2 });
    expect(cpu.lo[3]).toBe(0x1122_3336);
    expect([execute('rrbe', { r2: 2 }), cpu.cc]).toEqual([null, 3]);
    expect([execute('rrbe', { r2: 2 }), cpu.cc]).toEqual([null, 1]);
    setRegister64(cpu, 2, BigInt(MEBIBYTE));
    expect([execute('sske', { r1: 1, r2: 2 }), execute('iske', { r1: 1, r2: 2 }), execute('rrbe', { r2: 2 })]).toEqual([5, 5, 5]);
  });

  test('TPROT answers by key and low-address protection, and is an addressing exception behind the end', () => {
    const probe = (address: bigint, key = 0): readonly [number | null, number] => {
      setRegister64(cpu, 5, address);
      return [execute('tprot', { b1: 5, d2: key }), cpu.cc];
    };
    expect(probe(BigInt(MEBIBYTE - 1))).toEqual([null, 0]);
    expect(probe(BigInt(MEBIBYTE))[0]).toBe(5);
    expect(probe(1n << 63n)[0]).toBe(5);
    setRegister64(cpu, 2, 0x6000n);
    cpu.lo[1] = 0x40;
    execute('sske', { r1: 1, r2: 2 });
    expect([probe(0x6000n, 0x40)[1], probe(0x6000n, 0x30)[1], probe(0x6000n, 0)[1]]).toEqual([0, 1, 0]);
    cpu.lo[1] = 0x48;
    execute('sske', { r1: 1, r2: 2 });
    expect(probe(0x6000n, 0x30)[1]).toBe(2);
    cpu.setControl(0, 0, 0x1000_0000);
    expect([probe(0x1ffn)[1], probe(0x200n)[1], probe(0x1000n)[1], probe(0x1200n)[1]]).toEqual([1, 0, 1, 0]);
  });

  test('LURA, STURA and their long forms use real addresses; TB clears a block', () => {
    setRegister64(cpu, 2, 0x7008n);
    setRegister64(cpu, 1, 0x1122_3344_5566_7788n);
    cpu.setControl(0, 0, 0x1000_0000);
    expect([execute('sturg', { r1: 1, r2: 2 }), quad(0x7008)]).toEqual([null, 0x1122_3344_5566_7788n]);
    expect([execute('lura', { r1: 3, r2: 2 }), cpu.lo[3]]).toEqual([null, 0x1122_3344]);
    expect([execute('lurag', { r1: 4, r2: 2 }), register64(cpu, 4)]).toEqual([null, 0x1122_3344_5566_7788n]);
    expect([execute('stura', { r1: 3, r2: 2 }), word(0x7008)]).toEqual([null, 0x1122_3344]);
    setRegister64(cpu, 2, 0x7004n);
    expect([execute('lurag', { r1: 4, r2: 2 }), execute('sturg', { r1: 4, r2: 2 })]).toEqual([6, 6]);
    expect([execute('tb', { r2: 2 }), quad(0x7008), cpu.cc]).toEqual([null, 0n, 0]);
    setRegister64(cpu, 2, 0x1fffn);
    expect(execute('tb', { r2: 2 })).toBe(4);
    cpu.setControl(0, 0, 0);
    expect(execute('tb', { r2: 2 })).toBeNull();
  });

  test('MVPG moves a page, and refuses reserved bits', () => {
    cpu.storage.bytes.fill(0x5a, 0x8000, 0x9000);
    setRegister64(cpu, 2, 0x9abcn);
    setRegister64(cpu, 3, 0x8123n);
    cpu.cc = 3;
    expect([execute('mvpg', { r1: 2, r2: 3 }), cpu.cc, quad(0x9000), quad(0x9ff8), quad(0xa000)]).toEqual([
      ...[null, 0, 0x5a5a5a5a_5a5a5a5an, 0x5a5a5a5a_5a5a5a5an, 0n],
    ]);
    for (const bits of [0x8000, 0x1000, 0x0c00]) {
      cpu.lo[0] = bits;
      expect(execute('mvpg', { r1: 2, r2: 3 })).toBe(6);
    }
    cpu.lo[0] = 0;
    setRegister64(cpu, 3, BigInt(MEBIBYTE));
    expect(execute('mvpg', { r1: 2, r2: 3 })).toBe(5);
  });
});

describe('facilities and system information', () => {
  test.each(Object.entries(MEMBERS))('facility %s: its instructions are there', (facility, members) => {
    const list = facilityList(FACILITIES);
    expect(list[Number(facility) >> 3]! & (0x80 >> (Number(facility) & 7))).not.toBe(0);
    const provided = new Set([...new InstructionSet().mnemonics, ...Object.keys(all)]);
    expect(members.split(' ').filter((mnemonic) => !provided.has(mnemonic))).toEqual([]);
  });

  test('a guest without AP instructions has none of their facilities', () => {
    const cpus = (...provided: boolean[]) => provided.map((ap) => ({ providesAp: () => ap })) as never;
    expect(apFacilities({ cpus: cpus(true, false), facilities: FACILITIES })).toEqual(FACILITIES);
    expect(apFacilities({ cpus: cpus(false, false), facilities: FACILITIES })).toEqual({ qci: false, apft: false, aqic: false });
  });

  test('STFL and STFLE tell the AP facilities as the guest has them', () => {
    expect(execute('stfl')).toBeNull();
    expect(word(0xc8) & 0x0109_0000).toBe(0x0109_0000);
    setRegister64(cpu, 0, 0xff00n);
    expect([execute('stfle', at(0x800)), cpu.cc, cpu.lo[0], word(0x800)]).toEqual([null, 3, 0xff01, word(0xc8)]);
    cpu.storage.bytes.fill(0xaa, 0x800, 0x820);
    cpu.lo[0] = 7;
    expect([execute('stfle', at(0x800)), cpu.cc, cpu.lo[0], quad(0x808), cpu.storage.bytes[0x810]]).toEqual([null, 0, 1, 1n << 62n, 0xaa]);
    expect(execute('stfle', at(0x804))).toBe(6);
    const without = facilityList({ qci: false, apft: false, aqic: false });
    expect([without.length, without[1]! & 0x09]).toEqual([8, 0]);
  });

  test('STSI: the level, the blocks, and what is not there', () => {
    const stsi = (gr0: number, gr1: number, address = 0x2000): readonly [number | null, number] => {
      cpu.lo[0] = gr0;
      cpu.lo[1] = gr1;
      setRegister64(cpu, 9, BigInt(address));
      return [execute('stsi', { b2: 9 }), cpu.cc];
    };
    expect([stsi(0, 0, 0x2001), cpu.lo[0]! >>> 28]).toEqual([[null, 0], 3]);
    expect(stsi(0x3000_0002, 2)).toEqual([null, 0]);
    expect(fromEbcdic(cpu.storage.read(0x2000 + 56, 4))).toBe('KVM/');
    expect([cpu.storage.bytes[0x201f], cpu.storage.view.getUint16(0x2000 + 36), fromEbcdic(cpu.storage.read(0x202c, 8))]).toEqual([
      1,
      2,
      'GUEST1  ',
    ]);
    expect(stsi(0x1000_0001, 1)).toEqual([null, 0]);
    expect(fromEbcdic(cpu.storage.read(0x2020, 3))).toBe('IBM');
    expect([stsi(0x1000_0001, 3)[1], stsi(0x3000_0001, 1)[1], stsi(0x4000_0000 | 0, 0)[1]]).toEqual([3, 3, 3]);
    expect([stsi(0x1000_0101, 1)[0], stsi(0x1000_0001, 0x10001)[0], stsi(0x1000_0001, 1, 0x2008)[0]]).toEqual([6, 6, 6]);
    expect(stsi(0x1000_0001, 1, MEBIBYTE)[0]).toBe(5);
  });

  test('SERVC: where an SCCB may lie', () => {
    const servc = (address: number): number | null => {
      cpu.lo[2] = address;
      cpu.lo[3] = 0x0002_0001;
      return execute('servc', { r1: 3, r2: 2 });
    };
    cpu.storage.view.setUint16(0x5000, 4096);
    expect([servc(0x5000), cpu.cc, served, cpu.storage.view.getUint16(0x5006)]).toEqual([null, 0, [0x5000], 0x0010]);
    expect([servc(0x5004), servc(0x1000), servc(0x8000_5000 | 0), servc(MEBIBYTE), served.length]).toEqual([6, 6, 6, 5, 1]);
    cpu.setPrefix(0x8000);
    expect(servc(0x9000)).toBe(6);
    cpu.hi[2] = 1;
    expect(servc(0x5000)).toBe(6);
    cpu.setMode(31);
    expect(servc(0x5000)).toBeNull();
  });
});
