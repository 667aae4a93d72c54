/**
 * The service processor as SERVC reaches it: what storage and CPUs there are, and the console (arch/s390/include/asm/sclp.h,
 * drivers/s390/char/sclp_early.c; hw/s390x/sclp.c in QEMU for lengths and response codes).
 */
import { specification } from '../cpu/program-exception.ts';
import type { Storage } from '../cpu/storage.ts';
import { EventResponse, TAKEN_EVENTS, writeEvents, type SclpConsole } from './sclp-events.ts';

export const SclpResponse = {
  READ: 0x0010,
  NORMAL: 0x0020,
  BOUNDARY_VIOLATION: 0x0100,
  INSUFFICIENT_LENGTH: 0x0300,
  INVALID_COMMAND: 0x01f0,
  NO_EVENTS: 0x60f0,
  INCONSISTENT_LENGTHS: 0x72f0,
  INVALID_MASK_LENGTH: 0x74f0,
} as const;

const READ_INFO = 0x0002_0001;
const READ_INFO_FORCED = 0x0012_0001;
const READ_CPU_INFO = 0x0001_0001;
const READ_EVENT_DATA = 0x0077_0005;
const WRITE_EVENT_DATA = 0x0076_0005;
const WRITE_EVENT_MASK = 0x0078_0005;

const PAGE = 4096;
const HEADER = 8;
const MIB = 0x100000;
/** An increment is so large that there are not more than these. */
const MAX_INCREMENTS = 1023;
const INFO_HEADER = 128;
const CPU_INFO_HEADER = 24;
const CPU_ENTRY = 16;
/** Facilities: READ CPU INFO. */
const HAS_CPU_INFO = 0x0800_0000;
const MAX_MASK_BYTES = 1021;

export interface SclpParts {
  readonly storage: Storage;
  readonly cpus: number;
  readonly print: (text: string) => void;
}

export class Sclp {
  private readonly parts: SclpParts;
  /** Of all CPUs; used in slices, which announce that they work on storage. */
  private readonly screen: SclpConsole;

  constructor(parts: SclpParts) {
    this.parts = parts;
    this.screen = { print: parts.print, ascii: false };
  }

  /**
   * One service call with the SCCB at this absolute address, a doubleword inside of the storage; the response is in the SCCB when it comes
   * back. Specification exception for an SCCB that is too short for its header.
   */
  call(command: number, address: number): void {
    const { storage } = this.parts;
    const length = storage.view.getUint16(address);
    if (length < HEADER) throw specification(`an SCCB of ${length} bytes`);
    const fits = storage.contains(address, length) && (address % PAGE) + length <= PAGE;
    const sccb = storage.bytes.subarray(address, address + (fits ? length : HEADER));
    const response = fits ? this.execute(command, sccb) : SclpResponse.BOUNDARY_VIOLATION;
    sccb[6] = response >> 8;
    sccb[7] = response & 0xff;
    storage.written(address, sccb.length);
  }

  private execute(command: number, sccb: Uint8Array): number {
    switch (command) {
      case READ_INFO:
      case READ_INFO_FORCED:
        return this.readInfo(sccb);
      case READ_CPU_INFO:
        return this.readCpuInfo(sccb);
      case READ_EVENT_DATA:
        return SclpResponse.NO_EVENTS;
      case WRITE_EVENT_DATA:
        return sccb.length < HEADER + 1 ? EventResponse.SYNTAX : writeEvents(sccb, this.screen);
      case WRITE_EVENT_MASK:
        return writeEventMask(sccb);
      default:
        return SclpResponse.INVALID_COMMAND;
    }
  }

  private readInfo(sccb: Uint8Array): number {
    const { storage, cpus } = this.parts;
    if (sccb.length < INFO_HEADER + cpus * CPU_ENTRY) return SclpResponse.INSUFFICIENT_LENGTH;
    sccb.fill(0, HEADER);
    const view = new DataView(sccb.buffer, sccb.byteOffset, sccb.byteLength);
    let increment = MIB;
    while (storage.size / increment > MAX_INCREMENTS) increment *= 2;
    view.setUint16(8, Math.floor(storage.size / increment));
    sccb[10] = increment / MIB;
    view.setUint16(16, cpus);
    view.setUint16(18, INFO_HEADER);
    view.setUint32(48, HAS_CPU_INFO);
    view.setUint16(120, cpus - 1);
    this.cpuEntries(sccb.subarray(INFO_HEADER));
    return SclpResponse.READ;
  }

  private readCpuInfo(sccb: Uint8Array): number {
    const { cpus } = this.parts;
    if (sccb.length < CPU_INFO_HEADER + cpus * CPU_ENTRY) return SclpResponse.INSUFFICIENT_LENGTH;
    sccb.fill(0, HEADER);
    const view = new DataView(sccb.buffer, sccb.byteOffset, sccb.byteLength);
    view.setUint16(8, cpus);
    view.setUint16(10, CPU_INFO_HEADER);
    // No CPU is on standby: the list of those ends where it begins.
    view.setUint16(14, CPU_INFO_HEADER + cpus * CPU_ENTRY);
    this.cpuEntries(sccb.subarray(CPU_INFO_HEADER));
    return SclpResponse.READ;
  }

  /** Of each only its address: type 0 is a general CPU. */
  private cpuEntries(area: Uint8Array): void {
    for (let cpu = 0; cpu < this.parts.cpus; cpu++) area[cpu * CPU_ENTRY] = cpu;
  }
}

/** Which events the service processor takes and sends: it sends none. */
function writeEventMask(sccb: Uint8Array): number {
  if (sccb.length < HEADER + 4) return SclpResponse.INCONSISTENT_LENGTHS;
  const length = (sccb[10]! << 8) | sccb[11]!;
  if (length === 0 || length > MAX_MASK_BYTES) return SclpResponse.INVALID_MASK_LENGTH;
  if (sccb.length < HEADER + 4 + 4 * length) return SclpResponse.INCONSISTENT_LENGTHS;
  const receive = sccb.subarray(12 + 2 * length, 12 + 3 * length);
  for (let i = 0; i < length; i++) receive[i] = i < 4 ? (TAKEN_EVENTS >>> (24 - 8 * i)) & 0xff : 0;
  sccb.fill(0, 12 + 3 * length, 12 + 4 * length);
  return SclpResponse.NORMAL;
}
