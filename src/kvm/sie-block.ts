/**
 * The control bits of a state description that AP and its neighbours use (struct kvm_s390_sie_block in asm/kvm_host_types.h), and how the
 * crypto ones follow the VM (arch/s390/kvm/kvm-s390.c: kvm_s390_vcpu_crypto_setup).
 */
import { ECA_APIE } from './state-description.ts';

/** Adapter interruptions are virtualized. */
export const ECA_AIV = 0x00200000;
export const ECB3_AES = 0x04;
export const ECB3_DEA = 0x08;
/** Elliptic curve and HMAC keys are wrapped with the AES wrapping key. */
export const ECD_ECC = 0x00200000;
export const ECD_HMAC = 0x00004000;

/** What the set-up follows. */
export interface CryptoSwitches {
  readonly crycbd: number;
  readonly apie: boolean;
  readonly aesKw: boolean;
  readonly deaKw: boolean;
  /** Facility 76 of the guest. */
  readonly msa3: boolean;
  /** The kernel knows of HMAC keys. */
  readonly hmac: boolean;
}

export class SieBlock {
  readonly name: string;
  crycbd = 0;
  eca = 0;
  ecb3 = 0;
  ecd = 0;

  constructor(name: string) {
    this.name = name;
  }

  /**
   * Without APIE and facility 76 nothing is set up, and nothing is taken back either: as in the kernel, a vCPU that had APIE keeps it when
   * the VM loses it.
   */
  setUpCrypto({ crycbd, apie, aesKw, deaKw, msa3, hmac }: CryptoSwitches): void {
    if (!apie && !msa3) return;
    this.crycbd = crycbd;
    this.eca = apie ? this.eca | ECA_APIE : this.eca & ~ECA_APIE;
    this.ecb3 = (this.ecb3 & ~(ECB3_AES | ECB3_DEA)) | (aesKw ? ECB3_AES : 0) | (deaKw ? ECB3_DEA : 0);
    const wrapped = aesKw ? ECD_ECC | (hmac ? ECD_HMAC : 0) : 0;
    this.ecd = (this.ecd & ~(ECD_ECC | ECD_HMAC)) | wrapped;
  }
}
