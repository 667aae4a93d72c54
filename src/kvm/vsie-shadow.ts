/**
 * The masks under which a nested guest runs: those of its hypervisor, which is a guest itself, AND those that the hypervisor wrote into
 * the CRYCB of the nested guest; or the validity code with which SIE ends (arch/s390/kvm/vsie.c: shadow_crycb, setup_apcb).
 */
import { Access } from '../runtime/access.ts';
import type { Task } from '../runtime/task.ts';
import {
  bothApcbs,
  CRYCB_FORMAT0,
  CRYCB_FORMAT1,
  CRYCB_FORMAT2,
  DEA_MASK_LENGTH,
  largeMasks,
  smallMasks,
  storedIn,
  type Apcb,
  type CrycbFormat,
} from './crycb.ts';
import type { Kvm } from './kvm.ts';
import { ECB3_AES, ECB3_DEA, ECD_ECC, ECD_HMAC } from './sie-block.ts';
import { ECA_APIE, type StateDescription } from './state-description.ts';
import type { Vcpu } from './vcpu.ts';

/** Reasons of a validity interception. */
export const Validity = {
  /** The formats do not go together. */
  INCOMPATIBLE: 0x0022,
  UNREADABLE: 0x0035,
  NO_ADDRESS: 0x0039,
  PAGE_CROSSING: 0x003c,
} as const;
export type ValidityCode = (typeof Validity)[keyof typeof Validity];

/** The masks of the nested guest, and those of its hypervisor that went into them. */
export interface ShadowMasks {
  readonly masks: Apcb;
  readonly own: Apcb;
}

export interface Shadow {
  /** Null: AP instructions of the nested guest are not interpreted. */
  readonly ap: ShadowMasks | null;
  /** Key wrapping masks, DEA and AES: 24 and 32 bytes, both sides' exclusive-ored; null: its keys are not wrapped. */
  readonly keys: Uint8Array | null;
}

export type Shadowing = Shadow | { readonly validity: ValidityCode };

const NOTHING: Shadow = { ap: null, keys: null };

const PAGE_SIZE = 4096;
const APCB0_BYTES = 24;
const APCB1 = 0x80;
const APCB1_BYTES = 96;
const KEY_MASKS = 0x48;
const KEY_MASKS_BYTES = 56;
const ECB3_KEYS = ECB3_AES | ECB3_DEA;
const ECD_KEYS = ECD_ECC | ECD_HMAC;

const formatOf = (crycbd: number): number => crycbd & 3;
const addressOf = (crycbd: number): number => crycbd & 0x7ffffff8;

/** As in the kernel a block that ends exactly with its page counts as one that leaves it. */
const leavesPage = (address: number, length: number): boolean =>
  Math.floor(address / PAGE_SIZE) !== Math.floor((address + length) / PAGE_SIZE);

/**
 * Reads the masks of the VM without kvm->lock, as the kernel does: they may change at once, and SIE is executed again then. Without
 * ECA.APIE on both sides there are no masks; where the guest has facility 76 the address of a block in format 1 or 2 counts all the same.
 */
export async function shadowCrycb(task: Task, { kvm, vcpu }: { kvm: Kvm; vcpu: Vcpu }, block: StateDescription): Promise<Shadowing> {
  const format = formatOf(block.crycbd);
  const address = addressOf(block.crycbd);
  const interpreted = vcpu.apie && (block.eca & ECA_APIE) !== 0;
  if (!interpreted && (!kvm.hasMsa3 || format === CRYCB_FORMAT0)) return NOTHING;
  if (address === 0) return { validity: Validity.NO_ADDRESS };
  if (format === CRYCB_FORMAT1 && leavesPage(address, 0x80)) return { validity: Validity.PAGE_CROSSING };
  let ap: ShadowMasks | null = null;
  if (interpreted) {
    const theirs = nestedMasks(kvm, format, address);
    if (typeof theirs === 'number') return { validity: theirs };
    const own = await kvm.apcb.read(task);
    ap = { masks: bothApcbs(own, theirs), own };
  }
  const { ecb3, ecd } = vcpu.sie;
  if ((block.ecb3 & ecb3 & ECB3_KEYS) === 0 && (block.ecd & ecd & ECD_KEYS) === 0) return { ap, keys: null };
  const keys = kvm.memory.read(address + KEY_MASKS, KEY_MASKS_BYTES);
  if (keys === null) return { validity: Validity.UNREADABLE };
  // Without kvm->lock, too, but at once: keys that are changed later make SIE be executed again.
  kvm.host.layer.rt.touch(kvm.crypto, Access.READ);
  const own = kvm.crypto.wrappingKeys;
  return { ap, keys: keys.map((byte, i) => byte ^ (i < DEA_MASK_LENGTH ? own.dea[i]! : own.aes[i - DEA_MASK_LENGTH]!)) };
}

/** What the hypervisor wrote, as its own format can take it. */
function nestedMasks(kvm: Kvm, format: number, address: number): Apcb | ValidityCode {
  if (format === CRYCB_FORMAT2) {
    if (leavesPage(address, 0x100)) return Validity.PAGE_CROSSING;
    if (kvm.crycbFormat !== CRYCB_FORMAT2) return Validity.INCOMPATIBLE;
    const large = kvm.memory.read(address + APCB1, APCB1_BYTES);
    return large === null ? Validity.UNREADABLE : largeMasks(large);
  }
  if (format === CRYCB_FORMAT0 && leavesPage(address, 0x20)) return Validity.PAGE_CROSSING;
  if (!takesSmall(format, kvm.crycbFormat)) return Validity.INCOMPATIBLE;
  const small = kvm.memory.read(address, APCB0_BYTES);
  return small === null ? Validity.UNREADABLE : storedIn(CRYCB_FORMAT1, smallMasks(small));
}

/** A block in format 0 goes into any other; one in format 1 not into one of format 0. The fourth value of the two bits is no format. */
const takesSmall = (nested: number, own: CrycbFormat): boolean =>
  nested === CRYCB_FORMAT0 || (nested === CRYCB_FORMAT1 && own !== CRYCB_FORMAT0);
