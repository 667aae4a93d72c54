/**
 * The TOD clock, the clock comparator and the CPU timer (Principles of Operation, "Timing").
 */
import { address1, address2, checkStore, load32, mustBeAligned, registerAddress, store32, store64 } from '../../cpu/access.ts';
import { difference64 } from '../../cpu/alu.ts';
import type { Cpu } from '../../cpu/cpu.ts';
import type { Execute, Instruction } from '../../cpu/instruction.ts';
import type { Handlers } from '../../cpu/instructions/handlers.ts';
import { timerWords } from '../store-status.ts';
import { todHigh, todLow, usOf, type TodClock } from '../tod-clock.ts';
import type { VirtualCpu } from '../virtual-cpu.ts';
import { privileged } from './privileged.ts';

/** The two words of an aligned doubleword operand. */
function doubleword(c: Cpu, i: Instruction): readonly [number, number] {
  const address = address2(c, i);
  mustBeAligned(address, 8);
  return [load32(c, address), load32(c, address + 4)];
}

/** By a privileged instruction, into an aligned doubleword. */
const storing =
  (words: (c: Cpu) => readonly [number, number]): Execute =>
  (c, i) => {
    privileged(c, i);
    const address = address2(c, i);
    mustBeAligned(address, 8);
    checkStore(c, address, 8);
    const [high, low] = words(c);
    store64(c, address, high, low);
  };

function setWords(c: Cpu, register: number, [high, low]: readonly [number, number]): void {
  c.hi[register] = high;
  c.lo[register] = low;
}

/** Takes a value off a register; the condition code stays. */
function difference(c: Cpu, register: number, high: number, low: number): void {
  const { cc } = c;
  difference64(c, register, high, low);
  c.cc = cc;
}

export function clockInstructions(clock: TodClock, cpuOf: (c: Cpu) => VirtualCpu): Handlers {
  const stck: Execute = (c, i) => {
    const address = address2(c, i);
    checkStore(c, address, 8);
    const now = clock.look();
    store64(c, address, todHigh(now) | 0, todLow(now) | 0);
    c.cc = 0;
  };
  /** 16 bytes: the clock with eight bits more on the left and 40 on the right, which are not all zero, and the programmable field. */
  const stcke: Execute = (c, i) => {
    const address = address2(c, i);
    checkStore(c, address, 16);
    const now = clock.look();
    const [high, low] = [todHigh(now), todLow(now)];
    store32(c, address, high >>> 8);
    store32(c, address + 4, (high << 24) | (low >>> 8));
    store32(c, address + 8, (low << 24) | 1);
    store32(c, address + 12, 0);
    c.cc = 0;
  };
  /** EXTRACT CPU TIME: what is gone of the first operand, the second one, and the one that R3 designates, to GR0, GR1 and R3. */
  const ectg: Execute = (c, i) => {
    const [first, second, third] = [address1(c, i), address2(c, i), registerAddress(c, i.r3)];
    const operands = [first, second, third].map((address) => [load32(c, address), load32(c, address + 4)] as const);
    const [high, low] = timerWords(cpuOf(c).timerDue, clock.now());
    setWords(c, 0, operands[0]!);
    difference(c, 0, high, low);
    setWords(c, 1, operands[1]!);
    setWords(c, i.r3, operands[2]!);
  };
  return {
    ectg,
    stck,
    stckf: stck,
    stcke,
    sck: (c, i) => {
      privileged(c, i);
      clock.set(usOf(...doubleword(c, i)));
      c.cc = 0;
      c.attention = true;
    },
    sckc: (c, i) => {
      privileged(c, i);
      const cpu = cpuOf(c);
      [cpu.comparatorHigh, cpu.comparatorLow] = doubleword(c, i);
      c.attention = true;
    },
    stckc: storing((c) => [cpuOf(c).comparatorHigh, cpuOf(c).comparatorLow]),
    spt: (c, i) => {
      privileged(c, i);
      const [high, low] = doubleword(c, i);
      const units = (BigInt(high) << 32n) | BigInt(low >>> 0);
      const now = clock.now();
      cpuOf(c).setTimer(now + Number(units) / 4096, now);
      c.attention = true;
    },
    stpt: storing((c) => timerWords(cpuOf(c).timerDue, clock.now())),
    // The programmable field is that of nobody who asks for it: it is stored as zeros.
    sckpf: privileged,
  };
}
