/**
 * Storage keys of a guest: a byte a page, shared by its CPUs (arch/s390/kvm/priv.c: handle_sske, handle_iske, handle_rrbe). They are kept
 * and told, and TPROT looks at them; no access is refused on account of them.
 */
const PAGE_SHIFT = 12;
const REFERENCE = 0x04;
const CHANGE = 0x02;
const FETCH_PROTECTION = 0x08;

export class StorageKeys {
  /** Access-control bits, fetch protection, reference, change: 0xfe of each byte. */
  private readonly keys: Uint8Array;

  constructor(bytes: number) {
    this.keys = new Uint8Array(Math.ceil(bytes / (1 << PAGE_SHIFT)));
  }

  /** Of the page with this absolute address. */
  get(address: number): number {
    return this.keys[address >>> PAGE_SHIFT]!;
  }

  set(address: number, key: number): void {
    this.keys[address >>> PAGE_SHIFT] = key & 0xfe;
  }

  /** Resets the reference bit; condition code: the reference and the change bit as they were. */
  resetReference(address: number): number {
    const key = this.get(address);
    this.set(address, key & ~REFERENCE);
    return ((key & REFERENCE) !== 0 ? 2 : 0) | ((key & CHANGE) !== 0 ? 1 : 0);
  }

  /** What may be done with an access key of 0 to 15, as TPROT answers it: 0 fetch and store, 1 fetch, 2 nothing. */
  protection(address: number, accessKey: number): 0 | 1 | 2 {
    const key = this.get(address);
    if (accessKey === 0 || key >> 4 === accessKey) return 0;
    return (key & FETCH_PROTECTION) !== 0 ? 2 : 1;
  }
}
