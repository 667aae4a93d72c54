/**
 * The facility list of STFL and STFLE: what the instructions of this machine belong to, and the AP facilities as the guest has them
 * (arch/s390/kvm/kvm-s390.c: kvm_s390_available_cpu... model; Principles of Operation, "Facility Indications").
 */
import type { GuestFacilities, GuestPlatform } from '../../guest-port.ts';

/**
 * N3 instructions 0, z/Architecture 1 and 2, STFLE 7, sense-running status 9, extended translation 2 16, long displacement 18 and 19, extended
 * immediate 21, extended translation 3 22, enhancement of the former 24, STCKF 25, parsing enhancement 26, enhancement of extended
 * translation 3 30, extract CPU time 31, compare-and-swap-and-store 32 and 33, general-instructions extension 34, execute extensions 35,
 * floating-point support enhancement (registers as storage, signs, decimal rounding) 41, high-word, distinct operands, load/store on
 * condition, interlocked access and population count 45, miscellaneous instruction extensions with execution hints and load-and-trap 49,
 * interlocked access 2 52.
 */
const BUILT_IN = [0, 1, 2, 7, 9, 16, 18, 19, 21, 22, 24, 25, 26, 30, 31, 32, 33, 34, 35, 41, 45, 49, 52];
const QCI = 12;
const APFT = 15;
const AQIC = 65;

/** Each of the AP facilities depends on the instructions themselves: without them a CPU model has none (QEMU: dependencies of `ap`). */
export function apFacilities({ cpus, facilities }: Pick<GuestPlatform, 'cpus' | 'facilities'>): GuestFacilities {
  return cpus.every((cpu) => cpu.providesAp?.() === false) ? { qci: false, apft: false, aqic: false } : facilities;
}

/** Bytes in whole doublewords, facility 0 leftmost. */
export function facilityList({ qci, apft, aqic }: GuestFacilities): Uint8Array {
  const bits = [...BUILT_IN, ...(qci ? [QCI] : []), ...(apft ? [APFT] : []), ...(aqic ? [AQIC] : [])];
  const bytes = new Uint8Array((Math.floor(Math.max(...bits) / 64) + 1) * 8);
  for (const bit of bits) bytes[bit >> 3]! |= 0x80 >> (bit & 7);
  return bytes;
}
