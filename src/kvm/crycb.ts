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
/** Set in the designation of a block that has room for 256 adapters and domains. */
const APXA_BIT = 0x02;

export interface Apcb {
  readonly apm: ApMask;
  readonly aqm: ApMask;
  readonly adm: ApMask;
}

export const EMPTY_APCB: Apcb = { apm: ApMask.EMPTY, aqm: ApMask.EMPTY, adm: ApMask.EMPTY };

const SMALL_APM = ApMask.upTo(63);
const SMALL_AQM = ApMask.upTo(15);

/** Bytes of the key wrapping masks. */
export const DEA_MASK_LENGTH = 24;
export const AES_MASK_LENGTH = 32;

export interface WrappingKeyMasks {
  /** 24 bytes. */
  readonly dea: Uint8Array;
  /** 32 bytes. */
  readonly aes: Uint8Array;
}

/**
 * Which format a VM is given (kvm_s390_set_crycb_format). `msa3`: facility 76 of the guest's CPU model; `apxa`: of the host, as its QCI
 * says. Without facility 76 it is format 0 whatever the host has.
 */
export function formatFor({ msa3, apxa }: { readonly msa3: boolean; readonly apxa: boolean }): CrycbFormat {
  if (!msa3) return CRYCB_FORMAT0;
  return apxa ? CRYCB_FORMAT2 : CRYCB_FORMAT1;
}

export const hasApxa = (format: CrycbFormat): boolean => (format & APXA_BIT) !== 0;

/** What a CRYCB of this format can hold of the masks. */
export function storedIn(format: CrycbFormat, masks: Apcb): Apcb {
  if (format === CRYCB_FORMAT2) return masks;
  return { apm: masks.apm.and(SMALL_APM), aqm: masks.aqm.and(SMALL_AQM), adm: masks.adm.and(SMALL_AQM) };
}

export const sameApcb = (a: Apcb, b: Apcb): boolean => a.apm.equals(b.apm) && a.aqm.equals(b.aqm) && a.adm.equals(b.adm);

/** What both allow. */
export const bothApcbs = (a: Apcb, b: Apcb): Apcb => ({ apm: a.apm.and(b.apm), aqm: a.aqm.and(b.aqm), adm: a.adm.and(b.adm) });

/** The masks in the first 96 bytes of APCB1: 32 bytes each. */
export function largeMasks(apcb1: Uint8Array): Apcb {
  return {
    apm: ApMask.fromBytes(apcb1.subarray(0, 32)),
    aqm: ApMask.fromBytes(apcb1.subarray(32, 64)),
    adm: ApMask.fromBytes(apcb1.subarray(64, 96)),
  };
}

/** The masks in the first 24 bytes of APCB0: 8 bytes each, the first bits of wider ones. */
export function smallMasks(apcb0: Uint8Array): Apcb {
  const mask = (at: number): ApMask => {
    const wide = new Uint8Array(32);
    wide.set(apcb0.subarray(at, at + 8));
    return ApMask.fromBytes(wide);
  };
  return { apm: mask(0), aqm: mask(8), adm: mask(16) };
}

/**
 * The block as the machine reads it, 256 bytes: APCB0 at 0x00 (apm 8, aqm 2 of 8, adm 2 of 8), key wrapping masks DEA at 0x48 and AES at
 * 0x60, APCB1 at 0x80 (apm, aqm, adm, 32 each). Without `keys` their bytes are zero.
 */
export function crycbBytes(format: CrycbFormat, masks: Apcb, keys?: WrappingKeyMasks): Uint8Array {
  const block = new Uint8Array(0x100);
  const stored = storedIn(format, masks);
  if (keys !== undefined) {
    block.set(keys.dea, 0x48);
    block.set(keys.aes, 0x60);
  }
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
