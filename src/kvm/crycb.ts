/**
 * Crypto control block: the AP masks that the machine applies to a guest's instructions (struct kvm_s390_crypto_cb).
 * Format 2 has 256-bit masks in APCB1; formats 0 and 1 have 64 adapters and 16 domains in APCB0.
 */
import { ApMask } from '../base/ap-mask.ts';

/** Value of the format bits of the CRYCB designation. */
export const CRYCB_FORMAT0 = 0;
export const CRYCB_FORMAT1 = 1;
export const CRYCB_FORMAT2 = 3;
export type CrycbFormat = typeof CRYCB_FORMAT0 | typeof CRYCB_FORMAT1 | typeof CRYCB_FORMAT2;

export interface Apcb {
  readonly apm: ApMask;
  readonly aqm: ApMask;
  readonly adm: ApMask;
}

export const EMPTY_APCB: Apcb = { apm: ApMask.EMPTY, aqm: ApMask.EMPTY, adm: ApMask.EMPTY };

const SMALL_APM = ApMask.upTo(63);
const SMALL_AQM = ApMask.upTo(15);

/** What a CRYCB of this format can hold of the masks. */
export function storedIn(format: CrycbFormat, masks: Apcb): Apcb {
  if (format === CRYCB_FORMAT2) return masks;
  return { apm: masks.apm.and(SMALL_APM), aqm: masks.aqm.and(SMALL_AQM), adm: masks.adm.and(SMALL_AQM) };
}

export const sameApcb = (a: Apcb, b: Apcb): boolean => a.apm.equals(b.apm) && a.aqm.equals(b.aqm) && a.adm.equals(b.adm);

/** The block as the machine reads it, 256 bytes: APCB0 at 0x00, APCB1 at 0x80; key wrapping masks stay zero. */
export function crycbBytes(format: CrycbFormat, masks: Apcb): Uint8Array {
  const block = new Uint8Array(0x100);
  const stored = storedIn(format, masks);
  if (format === CRYCB_FORMAT2) {
    block.set(stored.apm.toBytes(), 0x80);
    block.set(stored.aqm.toBytes(), 0xa0);
    block.set(stored.adm.toBytes(), 0xc0);
    return block;
  }
  block.set(stored.apm.toBytes().subarray(0, 8), 0x00);
  block.set(stored.aqm.toBytes().subarray(0, 2), 0x08);
  block.set(stored.adm.toBytes().subarray(0, 2), 0x10);
  return block;
}
