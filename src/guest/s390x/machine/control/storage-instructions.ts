/**
 * Storage by its real addresses, its keys, and what may be done with it (Principles of Operation, chapter 10; arch/s390/kvm/priv.c:
 * handle_test_block, handle_tprot).
 */
import { ProgramInterruption } from '../../../../base/program-interruption.ts';
import { address1, address2, fetchable, mustBeAligned, registerAddress } from '../../cpu/access.ts';
import type { Cpu } from '../../cpu/cpu.ts';
import type { Execute, Instruction } from '../../cpu/instruction.ts';
import type { Handlers } from '../../cpu/instructions/handlers.ts';
import { PROTECTION_EXCEPTION, specification } from '../../cpu/program-exception.ts';
import { readBuffer, writeBuffer } from '../buffers.ts';
import { LOWCORE_BYTES } from '../lowcore.ts';
import type { StorageKeys } from '../storage-keys.ts';
import { privileged } from './privileged.ts';

const PAGE_MASK = 0xfff;

/** Absolute address of the page that register R2 designates. */
function pageIn(c: Cpu, register: number): number {
  const address = registerAddress(c, register);
  return fetchable(c, address - (address & PAGE_MASK));
}

/** Low-address protection allows fetches only. */
const isLow = (c: Cpu, real: number): boolean => c.lowAddressProtection && real < 0x1200 && (real & PAGE_MASK) < 0x200;

function load(c: Cpu, i: Instruction, words: 1 | 2): void {
  privileged(c, i);
  const real = registerAddress(c, i.r2);
  mustBeAligned(real, 4 * words);
  const { view } = c.storage;
  const at = fetchable(c, real);
  if (words === 2) c.hi[i.r1] = view.getInt32(at);
  c.lo[i.r1] = view.getInt32(at + 4 * (words - 1));
}

/** Low-address protection does not hold for real addresses. */
function store(c: Cpu, i: Instruction, words: 1 | 2): void {
  privileged(c, i);
  const real = registerAddress(c, i.r2);
  mustBeAligned(real, 4 * words);
  const at = fetchable(c, real);
  const { storage } = c;
  if (words === 2) storage.view.setInt32(at, c.hi[i.r1]!);
  storage.view.setInt32(at + 4 * (words - 1), c.lo[i.r1]!);
  storage.written(at, 4 * words);
}

/** TEST BLOCK: the block is usable, and zero from now on. */
function testBlock(c: Cpu, i: Instruction): void {
  privileged(c, i);
  const at = pageIn(c, i.r2);
  // Low-address protection holds for whole blocks here.
  if (c.lowAddressProtection && registerAddress(c, i.r2) < LOWCORE_BYTES) {
    throw new ProgramInterruption(PROTECTION_EXCEPTION, 'TEST BLOCK of a block that low-address protection protects');
  }
  c.storage.bytes.fill(0, at, at + PAGE_MASK + 1);
  c.storage.written(at, PAGE_MASK + 1);
  c.hi[0] = 0;
  c.lo[0] = 0;
  c.cc = 0;
}

/** MOVE PAGE. Bits 48 to 51 of GR0 are zero, and only one of the operands may have a key of its own. */
function movePage(c: Cpu, i: Instruction): void {
  const gr0 = c.lo[0]!;
  if ((gr0 & 0xf000) !== 0 || (gr0 & 0x0c00) === 0x0c00) throw specification(`MVPG with GR0 ${(gr0 >>> 0).toString(16)}`);
  const page = (register: number): number => registerAddress(c, register) - (registerAddress(c, register) & PAGE_MASK);
  writeBuffer(c, page(i.r1), readBuffer(c, page(i.r2), PAGE_MASK + 1));
  c.cc = 0;
}

export function storageInstructions(keys: StorageKeys): Handlers {
  const iske: Execute = (c, i) => {
    privileged(c, i);
    c.lo[i.r1] = (c.lo[i.r1]! & ~0xff) | keys.get(pageIn(c, i.r2));
  };
  return {
    iske,
    ivsk: (c, i) => {
      c.lo[i.r1] = (c.lo[i.r1]! & ~0xff) | (keys.get(pageIn(c, i.r2)) & 0xf8);
    },
    sske: (c, i) => {
      privileged(c, i);
      keys.set(pageIn(c, i.r2), c.lo[i.r1]!);
    },
    rrbe: (c, i) => {
      privileged(c, i);
      c.cc = keys.resetReference(pageIn(c, i.r2));
    },
    lura: (c, i) => load(c, i, 1),
    lurag: (c, i) => load(c, i, 2),
    stura: (c, i) => store(c, i, 1),
    sturg: (c, i) => store(c, i, 2),
    tb: testBlock,
    mvpg: movePage,
    tprot: (c, i) => {
      privileged(c, i);
      const real = address1(c, i);
      const accessKey = (address2(c, i) >>> 4) & 0xf;
      const protection = keys.protection(fetchable(c, real), accessKey);
      c.cc = protection === 0 && isLow(c, real) ? 1 : protection;
    },
  };
}
