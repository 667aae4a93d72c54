/**
 * The 128-byte block that QCI stores (struct ap_config_info in arch/s390/include/asm/ap.h).
 */
import { ApMask } from '../base/ap-mask.ts';
import type { QciInfo } from './ap-instructions.ts';

const QCI_LENGTH = 128;

/** Bits of the flags word, bytes 0-3 of the block. */
export const QciFlag = {
  /** Special commands. */
  APSC: 0x80000000,
  /** More than 64 adapters and 16 domains. */
  APXA: 0x40000000,
  /** PQAP(QACT) is there. */
  QACT: 0x20000000,
  /** A wrong domain is reported as reply code 0x8A instead of response code 0x42. */
  RC8A: 0x10000000,
  /** Secure Execution binding. */
  APSB: 0x00800000,
} as const;

export const hasQciFlag = (info: QciInfo, flag: number): boolean => (info.flags & flag) !== 0;

export function encodeQci(info: QciInfo): Uint8Array {
  const block = new Uint8Array(QCI_LENGTH);
  new DataView(block.buffer).setUint32(0, info.flags >>> 0);
  block[4] = info.na;
  block[5] = info.nd;
  block.set(info.apm.toBytes(), 16);
  block.set(info.aqm.toBytes(), 48);
  block.set(info.adm.toBytes(), 80);
  return block;
}

export function decodeQci(block: Uint8Array): QciInfo {
  if (block.length !== QCI_LENGTH) throw new RangeError(`expected a QCI block of ${QCI_LENGTH} bytes, got ${block.length}`);
  return {
    flags: new DataView(block.buffer, block.byteOffset, QCI_LENGTH).getUint32(0),
    na: block[4]!,
    nd: block[5]!,
    apm: ApMask.fromBytes(block.subarray(16, 48)),
    aqm: ApMask.fromBytes(block.subarray(48, 80)),
    adm: ApMask.fromBytes(block.subarray(80, 112)),
  };
}
