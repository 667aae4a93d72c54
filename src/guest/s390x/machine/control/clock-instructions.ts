/**
 * The TOD clock, the clock comparator and the CPU timer (Principles of Operation, "Timing").
 */
import { address2, checkStore, load32, mustBeAligned, store32, store64 } from '../../cpu/access.ts';
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
  return {
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
      cpuOf(c).timerDue = clock.now() + Number(units) / 4096;
      c.attention = true;
    },
    stpt: storing((c) => timerWords(cpuOf(c).timerDue, clock.now())),
    // The programmable field is that of nobody who asks for it: it is stored as zeros.
    sckpf: privileged,
  };
}
