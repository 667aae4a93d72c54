/**
 * Programs in s390x machine code: a sieve on the interpreter against the same loop in JavaScript, what an instruction allocates, and the choice
 * of decision 0010: the sieve's inner loop on registers as pairs of 32-bit numbers against BigInt registers, dispatched the same way.
 * Measured is the processor time of this process, as another process may have the processor meanwhile.
 */
import { assemble } from '../src/guest/s390x/assembler/assemble.ts';
import { loadState, saveState } from '../src/guest/s390x/cpu/cpu-image.ts';
import { Cpu } from '../src/guest/s390x/cpu/cpu.ts';
import { InstructionSet } from '../src/guest/s390x/cpu/instruction-set.ts';
import { Interpreter } from '../src/guest/s390x/cpu/interpreter.ts';
import { Storage } from '../src/guest/s390x/cpu/storage.ts';
import { median, type Figure } from './measure.ts';

const LIMIT = 2_000_000;
const ROUNDS = 9;
const SLICE = 20_000;
const STORAGE_BYTES = 8 << 20;
/** Times slower than JavaScript, at most; instructions per second, at least; bytes of heap per instruction, at most. */
const SLOWER = 40;
const SPEED = 10_000_000;
const ALLOCATED = 0.25;

/** Primes up to GR2 are counted in GR2; ends with a signal to another CPU, which nobody serves. */
const SIEVE = `
        .org 0x1000
        lgr %r8,%r2
        larl %r3,flags
        lgr %r4,%r3
        aghik %r5,%r2,1
clear:  mvi 0(%r4),0
        la %r4,1(%r4)
        brctg %r5,clear
        lghi %r1,2
outer:  lgr %r6,%r1
        msgr %r6,%r1
        cgrjh %r6,%r8,count
        llgc %r7,0(%r1,%r3)
        cgijne %r7,0,next
inner:  la %r4,0(%r6,%r3)
        mvi 0(%r4),1
        agr %r6,%r1
        cgrjnh %r6,%r8,inner
next:   aghi %r1,1
        j outer
count:  lghi %r2,0
        lghi %r1,2
each:   llgc %r7,0(%r1,%r3)
        cgijne %r7,0,composite
        aghi %r2,1
composite: aghi %r1,1
        cgrjnh %r1,%r8,each
        sigp %r0,%r0,0
        .align 16
flags:  .byte 0
`;

class Machine {
  readonly cpu: Cpu;
  readonly core: Interpreter;

  constructor() {
    const storage = new Storage(STORAGE_BYTES);
    for (const { address, bytes } of assemble([{ name: 'sieve', text: SIEVE }]).chunks) storage.write(address, bytes);
    this.cpu = new Cpu(0, storage);
    this.core = new Interpreter(this.cpu, new InstructionSet().intercept('sigp'));
  }

  /** Answers how many instructions it took. */
  sieve(expected: number): number {
    const { cpu, core } = this;
    const begun = cpu.executed;
    const gprs = Array.from({ length: 16 }, (_, n) => (n === 2 ? BigInt(LIMIT) : 0n));
    loadState(cpu, { gprs, ia: 0x1000n });
    let reason = core.run(SLICE);
    while (reason === 'limit') reason = core.run(SLICE);
    const primes = saveState(cpu).gprs[2];
    if (reason !== 'intercept' || primes !== BigInt(expected))
      throw new Error(`the sieve found ${primes} primes (${reason}), not ${expected}`);
    return cpu.executed - begun;
  }

  /** Bytes of heap per instruction of some slices in the middle, which are too few for a collection. */
  allocated(): number {
    const slices = 20;
    loadState(this.cpu, { gprs: Array.from({ length: 16 }, (_, n) => (n === 2 ? BigInt(LIMIT) : 0n)), ia: 0x1000n });
    this.core.run(SLICE);
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    for (let slice = 0; slice < slices; slice++) this.core.run(SLICE);
    return (process.memoryUsage().heapUsed - before) / (slices * SLICE);
  }
}

function sieveInJavaScript(flags: Uint8Array, limit: number): number {
  flags.fill(0);
  for (let i = 2; i * i <= limit; i++) if (flags[i] === 0) for (let j = i * i; j <= limit; j += i) flags[j] = 1;
  let primes = 0;
  for (let i = 2; i <= limit; i++) if (flags[i] === 0) primes++;
  return primes;
}

function milliseconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Registers 1 to 3: address, step, end. One loop of three instructions: store a byte, add, compare and branch. */
interface Step<Registers> {
  readonly execute: (registers: Registers, flags: Uint8Array, step: Step<Registers>) => boolean;
  readonly r1: number;
  readonly r2: number;
}

interface Pairs {
  readonly hi: Int32Array;
  readonly lo: Int32Array;
}

const PAIR_STEPS: readonly Step<Pairs>[] = [
  {
    r1: 1,
    r2: 0,
    execute: ({ hi, lo }, flags, { r1 }) => {
      if (hi[r1] === 0) flags[lo[r1]! >>> 0] = 1;
      return true;
    },
  },
  {
    r1: 1,
    r2: 2,
    execute: ({ hi, lo }, _flags, { r1, r2 }) => {
      const [a, b] = [lo[r1]!, lo[r2]!];
      const sum = (a + b) | 0;
      hi[r1] = hi[r1]! + hi[r2]! + (((a & b) | ((a | b) & ~sum)) >>> 31);
      lo[r1] = sum;
      return true;
    },
  },
  {
    r1: 1,
    r2: 3,
    execute: ({ hi, lo }, _flags, { r1, r2 }) => (hi[r1] === hi[r2] ? lo[r1]! >>> 0 <= lo[r2]! >>> 0 : hi[r1]! < hi[r2]!),
  },
];

const BIG_STEPS: readonly Step<BigInt64Array>[] = [
  {
    r1: 1,
    r2: 0,
    execute: (registers, flags, { r1 }) => {
      flags[Number(registers[r1]!)] = 1;
      return true;
    },
  },
  {
    r1: 1,
    r2: 2,
    execute: (registers, _flags, { r1, r2 }) => {
      registers[r1] = registers[r1]! + registers[r2]!;
      return true;
    },
  },
  { r1: 1, r2: 3, execute: (registers, _flags, { r1, r2 }) => registers[r1]! <= registers[r2]! },
];

function dispatch<Registers>(registers: Registers, flags: Uint8Array, steps: readonly Step<Registers>[]): void {
  for (;;) for (const step of steps) if (!step.execute(registers, flags, step)) return;
}

/** The same loop for both kinds of registers, alternately: how many times BigInt takes longer. */
function bigAgainstPairs(flags: Uint8Array): number {
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const pairs = { hi: new Int32Array(16), lo: new Int32Array(16) };
    const big = new BigInt64Array(16);
    const inPairs = milliseconds(() => {
      for (let step = 2; step < 8; step++) {
        pairs.lo.set([step, step, LIMIT], 1);
        dispatch(pairs, flags, PAIR_STEPS);
      }
    });
    const inBig = milliseconds(() => {
      for (let step = 2; step < 8; step++) {
        big.set([BigInt(step), BigInt(step), BigInt(LIMIT)], 1);
        dispatch(big, flags, BIG_STEPS);
      }
    });
    ratios.push(inBig / inPairs);
  }
  return median(ratios);
}

export function guestCpu(): Figure[] {
  const flags = new Uint8Array(LIMIT + 8);
  const primes = sieveInJavaScript(flags, LIMIT);
  const machine = new Machine();
  machine.sieve(primes);
  const slower: number[] = [];
  const speeds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const direct = milliseconds(() => sieveInJavaScript(flags, LIMIT));
    let instructions = 0;
    const emulated = milliseconds(() => {
      instructions = machine.sieve(primes);
    });
    slower.push(emulated / direct);
    speeds.push((1000 * instructions) / emulated);
  }
  return [
    { name: 'sieve in s390x machine code, times slower than JavaScript', value: median(slower), goal: { atMost: SLOWER } },
    { name: 'instructions per second of a CPU, millions', value: median(speeds) / 1e6, goal: { atLeast: SPEED / 1e6 } },
    { name: 'bytes of heap allocated per instruction', value: machine.allocated(), goal: { atMost: ALLOCATED } },
    { name: 'BigInt registers, times slower than pairs of words', value: bigAgainstPairs(flags), goal: { atLeast: 1 } },
  ];
}
