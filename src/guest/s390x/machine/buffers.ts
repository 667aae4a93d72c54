/**
 * Operands of many bytes at logical addresses, for instructions that are served outside of the interpreter's loop
 * (arch/s390/kvm/gaccess.c: read_guest, write_guest).
 */
import { checkFetch, checkStore, fetchable } from '../cpu/access.ts';
import type { Cpu } from '../cpu/cpu.ts';

/** Addressing exception when not all of them are in the storage. */
export function readBuffer(cpu: Cpu, address: number, length: number): Uint8Array {
  checkFetch(cpu, address, length);
  if (cpu.direct) return cpu.storage.read(address, length);
  return Uint8Array.from({ length }, (_, i) => cpu.storage.bytes[fetchable(cpu, address + i)]!);
}

/** The same, and protection exceptions; nothing is stored then. */
export function writeBuffer(cpu: Cpu, address: number, bytes: Uint8Array): void {
  checkStore(cpu, address, bytes.length);
  if (cpu.direct) {
    cpu.storage.write(address, bytes);
    return;
  }
  bytes.forEach((byte, i) => {
    const absolute = fetchable(cpu, address + i);
    cpu.storage.bytes[absolute] = byte;
    cpu.storage.written(absolute, 1);
  });
}
