/**
 * The registers of a CPU in storage as store-status orders and machine checks leave them (arch/s390/kvm/kvm-s390.c:
 * kvm_s390_store_status_unloaded; the save areas of struct lowcore from 0x1200 on).
 */
import { pswWords } from '../cpu/psw.ts';
import { todHigh, todLow } from './tod-clock.ts';
import type { VirtualCpu } from './virtual-cpu.ts';

/** Offsets in the save area, which begins with the floating-point registers. */
const GPRS = 0x80;
const PSW = 0x100;
const PREFIX = 0x118;
const FPC = 0x11c;
const CPU_TIMER = 0x128;
const COMPARATOR = 0x130;
const ACCESS_REGISTERS = 0x140;
const CONTROL_REGISTERS = 0x180;
export const SAVE_AREA_BYTES = 0x200;

/** At an absolute address; all of the area lies in the storage. `now`: microseconds. */
export function storeStatus(virtual: VirtualCpu, address: number, now: number): void {
  const { cpu, comparatorHigh, comparatorLow } = virtual;
  const area = new DataView(new ArrayBuffer(SAVE_AREA_BYTES));
  for (let i = 0; i < 16; i++) {
    area.setInt32(8 * i, cpu.fprHi[i]!);
    area.setInt32(8 * i + 4, cpu.fprLo[i]!);
    area.setInt32(GPRS + 8 * i, cpu.hi[i]!);
    area.setInt32(GPRS + 8 * i + 4, cpu.lo[i]!);
    area.setInt32(ACCESS_REGISTERS + 4 * i, cpu.ar[i]!);
    area.setInt32(CONTROL_REGISTERS + 8 * i, cpu.crHi[i]!);
    area.setInt32(CONTROL_REGISTERS + 8 * i + 4, cpu.crLo[i]!);
  }
  pswWords(cpu).forEach((word, i) => area.setInt32(PSW + 4 * i, word));
  area.setUint32(PREFIX, cpu.prefix);
  area.setInt32(FPC, cpu.fpc);
  const [high, low] = timerWords(virtual.timerDue, virtual.timerNow(now));
  area.setInt32(CPU_TIMER, high);
  area.setInt32(CPU_TIMER + 4, low);
  // Bits 0-55 of the clock comparator, one byte further on.
  area.setUint32(COMPARATOR, comparatorHigh >>> 8);
  area.setUint32(COMPARATOR + 4, ((comparatorHigh << 24) | (comparatorLow >>> 8)) >>> 0);
  cpu.storage.write(address, new Uint8Array(area.buffer));
}

/** The CPU timer as it is stored: what is left, a signed number of the TOD clock's units. */
export function timerWords(due: number, now: number): readonly [number, number] {
  const left = Math.floor(due - now);
  if (left >= 0) return [todHigh(left) | 0, todLow(left) | 0];
  const units = BigInt(left) * 4096n;
  return [Number(BigInt.asIntN(32, units >> 32n)), Number(BigInt.asIntN(32, units))];
}
