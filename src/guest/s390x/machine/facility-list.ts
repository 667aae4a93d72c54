/**
 * The facility list of STFL and STFLE: what the instructions of this machine belong to, and the AP facilities as the guest has them
 * (arch/s390/kvm/kvm-s390.c: kvm_s390_available_cpu... model; Principles of Operation, "Facility Indications").
 */
import type { GuestFacilities } from '../../guest-port.ts';

/**
 * N3 instructions 0, z/Architecture 1 and 2, STFLE 7, long displacement 18, extended immediate 21, general-instructions extension 34,
 * STCKF 25, execute extensions 35, high-word, distinct operands, load/store on condition, interlocked access and population count 45,
 * miscellaneous instruction extensions 49.
 */
const BUILT_IN = [0, 1, 2, 7, 18, 21, 25, 34, 35, 45, 49];
const QCI = 12;
const APFT = 15;
const AQIC = 65;

/** Bytes in whole doublewords, facility 0 leftmost. */
export function facilityList({ qci, apft, aqic }: GuestFacilities): Uint8Array {
  const bits = [...BUILT_IN, ...(qci ? [QCI] : []), ...(apft ? [APFT] : []), ...(aqic ? [AQIC] : [])];
  const bytes = new Uint8Array((Math.floor(Math.max(...bits) / 64) + 1) * 8);
  for (const bit of bits) bytes[bit >> 3]! |= 0x80 >> (bit & 7);
  return bytes;
}
