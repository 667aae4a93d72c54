/**
 * Crypto configuration of a VM (struct kvm_s390_crypto; arch/s390/kvm/kvm-s390.c: kvm_s390_crypto_init): where its control block is, and
 * what of it is switched on. Guarded by kvm->lock once the VM exists.
 */
import type { Prng } from '../base/prng.ts';
import { AES_MASK_LENGTH, DEA_MASK_LENGTH, type CrycbFormat, type WrappingKeyMasks } from './crycb.ts';

/** The block lies in a page of the VM, behind its facility list; that page is below 2 GiB. */
const OFFSET_IN_PAGE = 0x800;
const PAGES = 0x7ffff;

export type KeyKind = 'aes' | 'dea';

export interface VmCryptoOptions {
  /** Name of the VM. */
  readonly owner: string;
  readonly format: CrycbFormat;
  /** Facility 76 of the guest, with which key wrapping is there and on. */
  readonly msa3: boolean;
  readonly apie: boolean;
}

export class VmCrypto {
  readonly name: string;
  /** Designation of the control block: 32 bits, address or format. */
  readonly crycbd: number;
  /** AP instructions of the guest are interpreted. */
  apie: boolean;
  private readonly random: Prng;
  /** How often a mask was made; 0: it is switched off, and zero. A mask follows from this number, so nobody makes one before it is read. */
  private readonly made = { aes: 0, dea: 0 };
  private total = 0;

  constructor(random: Prng, options: VmCryptoOptions) {
    this.random = random;
    this.name = `${options.owner} crypto`;
    this.crycbd = ((1 + random.fork('crycb').below(PAGES)) * 0x1000 + OFFSET_IN_PAGE) | options.format;
    this.apie = options.apie;
    if (!options.msa3) return;
    this.wrap('aes', true);
    this.wrap('dea', true);
  }

  get aesKw(): boolean {
    return this.made.aes > 0;
  }

  get deaKw(): boolean {
    return this.made.dea > 0;
  }

  /** On: a new random mask, also when there was one. Off: zero. */
  wrap(kind: KeyKind, on: boolean): void {
    this.made[kind] = on ? ++this.total : 0;
  }

  get wrappingKeys(): WrappingKeyMasks {
    return { dea: this.mask('dea', DEA_MASK_LENGTH), aes: this.mask('aes', AES_MASK_LENGTH) };
  }

  private mask(kind: KeyKind, length: number): Uint8Array {
    const made = this.made[kind];
    return made === 0 ? new Uint8Array(length) : this.random.fork(`${kind} wrapping key mask ${made}`).bytes(length);
  }
}
