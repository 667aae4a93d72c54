/**
 * Control registers, the prefix register, and what a CPU knows of itself (Principles of Operation, chapter 10; arch/s390/kvm/priv.c:
 * kvm_s390_handle_lctl and its neighbours, handle_set_prefix, handle_store_cpu_address).
 */
import { ADDRESSING_EXCEPTION, ProgramInterruption } from '../../../../base/program-interruption.ts';
import { address2, checkFetch, checkStore, load32, mustBeAligned, store16, store32, store64 } from '../../cpu/access.ts';
import type { Cpu } from '../../cpu/cpu.ts';
import type { Instruction } from '../../cpu/instruction.ts';
import type { Handlers } from '../../cpu/instructions/handlers.ts';
import { LOWCORE_BYTES } from '../lowcore.ts';
import { privileged } from './privileged.ts';

/** Version code of a virtual CPU, and the machine's type with the bit that says that the format of the number is the newer one. */
const CPU_ID = [0xff00_0001, 0x2827_8000] as const;

const countOf = ({ r1, r3 }: Instruction): number => ((r3 - r1) & 0xf) + 1;

function load(c: Cpu, i: Instruction, size: 4 | 8): void {
  privileged(c, i);
  const address = address2(c, i);
  mustBeAligned(address, size);
  const count = countOf(i);
  checkFetch(c, address, count * size);
  // All of them first: CR0 decides about what may be loaded.
  const words = Array.from({ length: (count * size) / 4 }, (_, n) => load32(c, address + 4 * n));
  for (let n = 0; n < count; n++) {
    const register = (i.r1 + n) & 0xf;
    if (size === 8) c.setControl(register, words[2 * n]!, words[2 * n + 1]!);
    else c.setControl(register, c.crHi[register]!, words[n]!);
  }
  c.attention = true;
}

function store(c: Cpu, i: Instruction, size: 4 | 8): void {
  privileged(c, i);
  const address = address2(c, i);
  mustBeAligned(address, size);
  const count = countOf(i);
  checkStore(c, address, count * size);
  for (let n = 0; n < count; n++) {
    const register = (i.r1 + n) & 0xf;
    if (size === 8) store64(c, address + 8 * n, c.crHi[register]!, c.crLo[register]!);
    else store32(c, address + 4 * n, c.crLo[register]!);
  }
}

function setPrefix(c: Cpu, i: Instruction): void {
  privileged(c, i);
  const address = address2(c, i);
  mustBeAligned(address, 4);
  const prefix = (load32(c, address) & 0x7fff_e000) >>> 0;
  if (!c.storage.contains(prefix, LOWCORE_BYTES)) {
    throw new ProgramInterruption(ADDRESSING_EXCEPTION, `a prefix area at 0x${prefix.toString(16)}`);
  }
  c.setPrefix(prefix);
}

function storeWord(c: Cpu, i: Instruction, word: number): void {
  privileged(c, i);
  const address = address2(c, i);
  mustBeAligned(address, 4);
  store32(c, address, word);
}

/** Numbers of address spaces are in the last halves of CR4 and CR3, their instances in the left words. */
const extract =
  (cr: number, half: 'word' | 'high') =>
  (c: Cpu, i: Instruction): void => {
    if (half === 'word') c.lo[i.r1] = c.crLo[cr]! & 0xffff;
    else c.lo[i.r1] = c.crHi[cr]!;
  };

export const REGISTER_INSTRUCTIONS: Handlers = {
  lctl: (c, i) => load(c, i, 4),
  lctlg: (c, i) => load(c, i, 8),
  stctl: (c, i) => store(c, i, 4),
  stctg: (c, i) => store(c, i, 8),
  spx: setPrefix,
  stpx: (c, i) => storeWord(c, i, c.prefix),
  stap: (c, i) => {
    privileged(c, i);
    const address = address2(c, i);
    mustBeAligned(address, 2);
    store16(c, address, c.id);
  },
  stidp: (c, i) => {
    privileged(c, i);
    const address = address2(c, i);
    mustBeAligned(address, 8);
    store64(c, address, CPU_ID[0], CPU_ID[1]);
  },
  epar: extract(4, 'word'),
  esar: extract(3, 'word'),
  epair: extract(4, 'high'),
  esair: extract(3, 'high'),
  ssar: (c, i) => c.setControl(3, c.crHi[3]!, (c.crLo[3]! & ~0xffff) | (c.lo[i.r1]! & 0xffff)),
  esea: (c, i) => {
    privileged(c, i);
    c.lo[i.r1] = c.crLo[8]!;
  },
  // No address is translated, so that there is nothing to be forgotten.
  ptlb: privileged,
  palb: privileged,
};
