/**
 * Goal: compiled blocks do what single steps do, for random code, in slices of any length, with stores into the code that is being executed,
 * by itself and by others. Method: the same trial on a machine that compiles each block after its first run and on one that takes one
 * instruction at a time; no oracle is needed.
 */
import { describe, expect, test } from 'vitest';
import { Prng } from '../../../../src/base/prng.ts';
import { loadState, saveState, type CpuImage } from '../../../../src/guest/s390x/cpu/cpu-image.ts';
import { Cpu } from '../../../../src/guest/s390x/cpu/cpu.ts';
import { InstructionSet } from '../../../../src/guest/s390x/cpu/instruction-set.ts';
import { Interpreter } from '../../../../src/guest/s390x/cpu/interpreter.ts';
import { Storage } from '../../../../src/guest/s390x/cpu/storage.ts';
import { RandomTrials, tryableRows } from '../oracle/random-code.ts';
import { CODE, CODE_BYTES, DATA, DATA_BYTES, STORAGE_BYTES, type Trial } from '../oracle/record.ts';
import { TestMachine } from './machine.ts';

const TRIALS = 400;
const NQAP = Uint8Array.of(0xb2, 0xad, 0, 0);
const HANDLER = CODE + CODE_BYTES + 16;
const PROGRAM_NEW_PSW = Uint8Array.of(0, 0, 0, 1, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, HANDLER >> 16, (HANDLER >> 8) & 0xff, HANDLER & 0xff);
/** CR0 bit 45: floating-point registers may be used. */
const CONTROL = Array.from({ length: 16 }, (_, i) => (i === 0 ? 0x4_0000n : 0n));
const NOWHERE = 0x1ff_0000n;

interface Result extends CpuImage {
  readonly executed: number;
  readonly stop: string;
  readonly storage: string;
}

/** Runs trials with the code in place: it is written only where it differs, so that what was compiled stays. */
class Runner {
  readonly interpreter: Interpreter;
  private readonly storage = new Storage(STORAGE_BYTES);
  private readonly cpu = new Cpu(0, this.storage);

  constructor(compileAfter: number) {
    this.interpreter = new Interpreter(this.cpu, new InstructionSet().intercept('nqap'), { compileAfter });
    this.storage.write(CODE + CODE_BYTES, NQAP);
    this.storage.write(HANDLER, NQAP);
  }

  /** Up to so many instructions, in slices. */
  run(trial: Trial, { slice, limit }: { slice: number; limit: number }): Result {
    const { storage, cpu, interpreter } = this;
    if (!this.holds(0x1d0, PROGRAM_NEW_PSW)) storage.write(0x1d0, PROGRAM_NEW_PSW);
    if (!this.holds(CODE, trial.code)) storage.write(CODE, trial.code);
    storage.write(DATA, trial.data);
    const { general, floating, access, fpc, cc, programMask } = trial;
    loadState(cpu, {
      gprs: general,
      fprs: floating,
      ars: access,
      crs: CONTROL,
      fpc,
      cc,
      programMask,
      mode: 64,
      ia: BigInt(CODE),
      prefix: 0,
    });
    cpu.problem = false;
    const begun = cpu.executed;
    let stop = 'limit';
    while (stop === 'limit' || stop === 'attention') {
      const left = limit - (cpu.executed - begun);
      stop = 'limit';
      if (left <= 0) break;
      cpu.attention = false;
      stop = interpreter.run(Math.min(slice, left));
    }
    const text = Buffer.concat([storage.read(0x80, 0x200), storage.read(CODE, CODE_BYTES), storage.read(DATA, DATA_BYTES)]).toString('hex');
    return { ...saveState(cpu), executed: cpu.executed - begun, stop, storage: text };
  }

  private holds(address: number, bytes: Uint8Array): boolean {
    return Buffer.compare(this.storage.read(address, bytes.length), bytes) === 0;
  }
}

const have = new Set(new InstructionSet().mnemonics);
const rows = tryableRows(new Set()).filter(({ mnemonic }) => have.has(mnemonic));
const trials = (seed: number): RandomTrials => new RandomTrials(new Prng(seed), rows);

describe('random code', () => {
  test.each([1, 2, 3, 7, 1000])('compiled, in slices of %i, it does what single steps do', (slice) => {
    const [compiled, stepped] = [new Runner(1), new Runner(Infinity)];
    const source = trials(slice);
    for (let n = 0; n < TRIALS; n++) {
      const trial = source.next();
      // The first run compiles the blocks, the second one executes them so. A trial may store where another one looks: both do the same.
      const expected = [1, 1].map((length) => stepped.run(trial, { slice: length, limit: 500 }));
      const results = [1000, slice].map((length) => compiled.run(trial, { slice: length, limit: 500 }));
      expect(results, trial.names.join(' ')).toEqual(expected);
    }
    expect(compiled.interpreter.compilations).toBeGreaterThan(TRIALS);
    expect(stepped.interpreter.compilations).toBe(0);
  });

  test('code that stores into itself, compiled before it does so', () => {
    const [compiled, stepped] = [new Runner(1), new Runner(Infinity)];
    const random = new Prng(9);
    const source = trials(10);
    let changed = 0;
    for (let n = 0; n < 2 * TRIALS; n++) {
      const trial = source.next();
      compiled.run(trial, { slice: 1000, limit: 300 });
      stepped.run(trial, { slice: 1, limit: 300 });
      // The same code with bases that point into it, and a far one for what is not to be hit.
      const general = trial.general.map((value, register) =>
        register >= 10 && register <= 13
          ? random.below(4) === 0
            ? NOWHERE
            : BigInt(CODE - random.below(190) + random.below(CODE_BYTES))
          : value,
      );
      const own = { ...trial, general };
      const expected = stepped.run(own, { slice: 1, limit: 300 });
      expect(compiled.run(own, { slice: 1 + random.below(20), limit: 300 }), trial.names.join(' ')).toEqual(expected);
      const before = Buffer.from(trial.code).toString('hex');
      if (!expected.storage.includes(before)) changed++;
    }
    expect(changed).toBeGreaterThan(TRIALS / 20);
  });
});

describe('a compiled block', () => {
  const machineWith = (text: string): TestMachine => {
    const machine = new TestMachine();
    machine.assemble(text);
    return machine;
  };

  test('ends behind the store that changes the rest of it, in whichever repetition', () => {
    // The store goes elsewhere until round 500, when it makes the AHI behind it add 100.
    const machine = machineWith(`
loop:
  larl %r2,elsewhere
  larl %r9,change+2
  chi %r4,499
  locgre %r2,%r9
  sth %r8,0(%r2)
change:
  ahi %r1,1
  ahi %r4,1
  brct %r5,loop
elsewhere: .short 0`);
    const { gprs } = machine.run({ r: { 5: 1000n, 8: 100n } }, 8 * 1000);
    expect(gprs[1]).toBe(499n + 501n * 100n);
    expect(machine.core.compilations).toBeGreaterThan(0);
  });

  test('counts what it has executed when an instruction in its middle is refused', () => {
    const machine = machineWith('loop: ahi %r1,1\n  l %r2,0(%r3)\n  algr %r3,%r4\n  brct %r5,loop');
    const { pgm, oldIa, gprs } = machine.run({ r: { 3: 0n, 4: 16n, 5: 1_000_000n } }, 1_000_000);
    const rounds = 0x1_0000 / 16;
    expect([pgm, gprs[1], oldIa]).toEqual([5, BigInt(rounds + 1), 0x3008]);
    expect(machine.cpu.executed).toBe(4 * rounds + 2);
    expect(machine.core.compilations).toBe(1);
  });

  test('is forgotten when somebody else stores into it', () => {
    const machine = machineWith('loop: ahi %r1,1\n  brct %r5,loop');
    const count = 2 * 2000;
    expect(machine.run({ r: { 5: 100_000n } }, count).gprs[1]).toBe(2000n);
    machine.storage.write(0x3002, Uint8Array.of(0, 3));
    machine.core.run(count);
    expect(saveState(machine.cpu).gprs[1]).toBe(2000n + 6000n);
  });

  test('leaves nothing behind, however often it is changed', () => {
    // Each round stores into the last of the lines that the block lies in.
    const machine = machineWith(`loop:\n${'  ahi %r1,1\n'.repeat(40)}  sthrl %r6,change+2\nchange:\n  ahi %r1,1\n  brct %r5,loop`);
    const round = 43;
    machine.run({ r: { 5: 10n, 6: 1n } }, round * 10);
    const { entries } = machine.core.code;
    expect(machine.run({ r: { 5: 5000n, 6: 1n } }, round * 5000).gprs[1]).toBe(41n * 5000n);
    expect(machine.core.code.entries).toBe(entries);
  });
});

test('no more than so many instructions are kept decoded, and what is forgotten is executed all the same', () => {
  const most = 1000;
  const storage = new Storage(0x1_0000);
  const cpu = new Cpu(0, storage);
  const core = new Interpreter(cpu, new InstructionSet(), { mostDecoded: most });
  // LR 6,6 all over the storage: far more than is kept.
  storage.bytes.fill(0x18).forEach((_, at, bytes) => (bytes[at] = at % 2 === 0 ? 0x18 : 0x66));
  loadState(cpu, { ia: 0x2000n, mode: 64 });
  expect(core.run(0x6000)).toBe('limit');
  expect(cpu.ia).toBe(0xe000);
  expect(core.code.entries).toBeGreaterThan(0);
  expect(core.code.entries).toBeLessThan(most / 8);
});
