/**
 * Operand addresses and accesses to storage by instructions: address generation in the three addressing modes, prefixing, low-address
 * protection, addressing exceptions, and the look whether a store hits decoded code. Counterpart: Principles of Operation, chapter 3 and 5
 * (arch/s390/kvm/gaccess.c does the same for operands of intercepted instructions).
 */
import { ProgramInterruption } from '../../../base/program-interruption.ts';
import type { Cpu } from './cpu.ts';
import type { Instruction } from './instruction.ts';
import { addressing, PROTECTION_EXCEPTION, specification } from './program-exception.ts';
import { LINE_SHIFT } from './storage.ts';

const TWO_32 = 0x1_0000_0000;
/** Stands for every address of 2^53 and more, of which a number cannot hold the last bits: outside of the storage too, last 32 bits kept. */
const FAR = 0x10_0000_0000_0000;

/** Base, index (0: none) and displacement in 64-bit mode, when one of the registers does not fit in 32 bits or the sum is negative. */
function wideAddress(cpu: Cpu, base: number, index: number, displacement: number): number {
  let low = displacement;
  let high = 0;
  for (const register of [base, index]) {
    if (register === 0) continue;
    low += cpu.lo[register]! >>> 0;
    high += cpu.hi[register]! >>> 0;
  }
  high = (high + Math.floor(low / TWO_32)) >>> 0;
  const rest = (low | 0) >>> 0;
  return high === 0 ? rest : FAR + rest;
}

/** Address of the first storage operand: D1(B1). */
export function address1(cpu: Cpu, insn: Instruction): number {
  const { b1 } = insn;
  if (b1 === 0) return cpu.mode64 && insn.d1 >= 0 ? insn.d1 : outOfTheWay(cpu, 0, insn.d1);
  const sum = (cpu.lo[b1]! >>> 0) + insn.d1;
  if (!cpu.mode64) return sum & cpu.addressMask;
  return cpu.hi[b1] === 0 && sum >= 0 ? sum : wideAddress(cpu, b1, 0, insn.d1);
}

/** Address of the second storage operand without index: D2(B2). */
export function address2(cpu: Cpu, insn: Instruction): number {
  const { b2 } = insn;
  if (b2 === 0) return cpu.mode64 && insn.d2 >= 0 ? insn.d2 : outOfTheWay(cpu, 0, insn.d2);
  const sum = (cpu.lo[b2]! >>> 0) + insn.d2;
  if (!cpu.mode64) return sum & cpu.addressMask;
  return cpu.hi[b2] === 0 && sum >= 0 ? sum : wideAddress(cpu, b2, 0, insn.d2);
}

/** Address of the second storage operand with index: D2(X2,B2). */
export function addressX(cpu: Cpu, insn: Instruction): number {
  const { x2, b2 } = insn;
  if (x2 === 0) return address2(cpu, insn);
  if (b2 === 0) {
    const sum = (cpu.lo[x2]! >>> 0) + insn.d2;
    if (!cpu.mode64) return sum & cpu.addressMask;
    return cpu.hi[x2] === 0 && sum >= 0 ? sum : wideAddress(cpu, x2, 0, insn.d2);
  }
  const sum = (cpu.lo[b2]! >>> 0) + (cpu.lo[x2]! >>> 0) + insn.d2;
  if (!cpu.mode64) return sum & cpu.addressMask;
  return (cpu.hi[b2]! | cpu.hi[x2]!) === 0 && sum >= 0 ? sum : wideAddress(cpu, b2, x2, insn.d2);
}

/** Address of the fourth storage operand: D4(B4). */
export function address4(cpu: Cpu, insn: Instruction): number {
  return outOfTheWay(cpu, insn.b4, insn.d4);
}

function outOfTheWay(cpu: Cpu, base: number, displacement: number): number {
  if (cpu.mode64) return wideAddress(cpu, base, 0, displacement);
  return (displacement + (base === 0 ? 0 : cpu.lo[base]! >>> 0)) & cpu.addressMask;
}

/** Address in a register, cut to the addressing mode. */
export function registerAddress(cpu: Cpu, register: number): number {
  if (!cpu.mode64) return cpu.lo[register]! & cpu.addressMask;
  const rest = cpu.lo[register]! >>> 0;
  return cpu.hi[register] === 0 ? rest : FAR + rest;
}

/** What a relative operand designates. */
export function relativeAddress(cpu: Cpu, insn: Instruction): number {
  if (!cpu.mode64) return insn.target & cpu.addressMask;
  return insn.target >= 0 ? insn.target : FAR;
}

/** Puts an address back into a register: the whole one in 64-bit mode; otherwise bits 0-31 stay, bit 32 (and 33-39) become zero. */
export function setRegisterAddress(cpu: Cpu, register: number, hi: number, lo: number): void {
  if (cpu.mode64) {
    cpu.hi[register] = hi;
    cpu.lo[register] = lo;
  } else cpu.lo[register] = lo & cpu.addressMask;
}

/** Adds to an address in a register as instructions with long operands do. */
export function advance(cpu: Cpu, register: number, bytes: number): void {
  const sum = (cpu.lo[register]! >>> 0) + bytes;
  setRegisterAddress(cpu, register, cpu.hi[register]! + Math.floor(sum / TWO_32), sum | 0);
}

export function mustBeEven(register: number): void {
  if ((register & 1) !== 0) throw specification(`register ${register} is not even`);
}

export function mustBeAligned(address: number, bytes: number): void {
  if ((address & (bytes - 1)) !== 0) throw specification(`address 0x${address.toString(16)} is not a multiple of ${bytes}`);
}

function wrapped(cpu: Cpu, address: number): number {
  return cpu.mode64 ? address : address & cpu.addressMask;
}

/** Absolute address of one byte for a fetch; addressing exception outside of the storage. */
export function fetchable(cpu: Cpu, address: number): number {
  const real = wrapped(cpu, address);
  if (real >= cpu.storage.size) throw addressing(real);
  return cpu.absolute(real);
}

/** Absolute address of one byte for a store. */
function storable(cpu: Cpu, address: number): number {
  const absolute = fetchable(cpu, address);
  const real = wrapped(cpu, address);
  if (cpu.lowAddressProtection && real < 0x1200 && (real & 0xfff) < 0x200) {
    throw new ProgramInterruption(PROTECTION_EXCEPTION, `low-address protection of address 0x${real.toString(16)}`);
  }
  return absolute;
}

/** All of these bytes may be fetched; throws before anything is done otherwise. */
export function checkFetch(cpu: Cpu, address: number, length: number): void {
  if (cpu.direct) {
    if (address + length > cpu.storage.size) throw addressing(address);
  } else for (let i = 0; i < length; i++) fetchable(cpu, address + i);
}

/** All of these bytes may be stored to; throws before anything is done otherwise. */
export function checkStore(cpu: Cpu, address: number, length: number): void {
  if (cpu.direct) {
    if (address + length > cpu.storage.size) throw addressing(address);
  } else for (let i = 0; i < length; i++) storable(cpu, address + i);
}

function loadSlow(cpu: Cpu, address: number, bytes: number): number {
  let value = 0;
  for (let i = 0; i < bytes; i++) value = (value << 8) | cpu.storage.bytes[fetchable(cpu, address + i)]!;
  return value;
}

function storeSlow(cpu: Cpu, address: number, bytes: number, value: number): void {
  for (let i = 0; i < bytes; i++) storable(cpu, address + i);
  for (let i = 0; i < bytes; i++) {
    const absolute = storable(cpu, address + i);
    cpu.storage.bytes[absolute] = value >>> (8 * (bytes - 1 - i));
    cpu.storage.written(absolute, 1);
  }
}

/** Unsigned byte. */
export function load8(cpu: Cpu, address: number): number {
  const { storage } = cpu;
  return cpu.direct && address < storage.size ? storage.bytes[address]! : loadSlow(cpu, address, 1);
}

/** Signed halfword. */
export function load16(cpu: Cpu, address: number): number {
  const { storage } = cpu;
  return cpu.direct && address + 2 <= storage.size ? storage.view.getInt16(address) : (loadSlow(cpu, address, 2) << 16) >> 16;
}

/** Signed word. A doubleword is two of them: both are loaded before anything is changed. */
export function load32(cpu: Cpu, address: number): number {
  const { storage } = cpu;
  return cpu.direct && address + 4 <= storage.size ? storage.view.getInt32(address) : loadSlow(cpu, address, 4);
}

export function store8(cpu: Cpu, address: number, value: number): void {
  const { storage } = cpu;
  if (!cpu.direct || address >= storage.size) storeSlow(cpu, address, 1, value);
  else {
    storage.bytes[address] = value;
    if (storage.codeLines[address >>> LINE_SHIFT] !== 0) storage.written(address, 1);
  }
}

export function store16(cpu: Cpu, address: number, value: number): void {
  const { storage } = cpu;
  if (!cpu.direct || address + 2 > storage.size) storeSlow(cpu, address, 2, value);
  else {
    storage.view.setInt16(address, value);
    const lines = storage.codeLines;
    if ((lines[address >>> LINE_SHIFT]! | lines[(address + 1) >>> LINE_SHIFT]!) !== 0) storage.written(address, 2);
  }
}

export function store32(cpu: Cpu, address: number, value: number): void {
  const { storage } = cpu;
  if (!cpu.direct || address + 4 > storage.size) storeSlow(cpu, address, 4, value);
  else {
    storage.view.setInt32(address, value);
    const lines = storage.codeLines;
    if ((lines[address >>> LINE_SHIFT]! | lines[(address + 3) >>> LINE_SHIFT]!) !== 0) storage.written(address, 4);
  }
}

/** A doubleword; nothing is stored unless all of it can be. */
export function store64(cpu: Cpu, address: number, hi: number, lo: number): void {
  const { storage } = cpu;
  if (!cpu.direct || address + 8 > storage.size) {
    checkStore(cpu, address, 8);
    storeSlow(cpu, address, 4, hi);
    storeSlow(cpu, address + 4, 4, lo);
  } else {
    storage.view.setInt32(address, hi);
    storage.view.setInt32(address + 4, lo);
    const lines = storage.codeLines;
    if ((lines[address >>> LINE_SHIFT]! | lines[(address + 7) >>> LINE_SHIFT]!) !== 0) storage.written(address, 8);
  }
}
