/**
 * Storage of a guest as far as AP touches it: memory slots and notification bytes (kvm memslots, arch/s390/kvm/gaccess.c).
 * Pages exist once something is stored in them.
 */
import type { NotificationByte } from '../crypto-adapters/interrupts.ts';

const PAGE_SIZE = 4096;
/** The first pages hold the lowcores; allocation starts above them. */
const FIRST_FREE_PAGE = 16;

export class GuestMemory {
  /** Bytes of guest storage. */
  readonly size: number;
  private readonly pages = new Map<number, Uint8Array>();
  private nextPage = FIRST_FREE_PAGE;

  constructor(size: number) {
    this.size = size;
  }

  /** Is the absolute address inside a memory slot? */
  contains(address: number): boolean {
    return Number.isInteger(address) && address >= 0 && address < this.size;
  }

  load(address: number): number {
    return this.pages.get(this.pageOf(address))?.[address % PAGE_SIZE] ?? 0;
  }

  store(address: number, value: number): void {
    const page = this.pageOf(address);
    let bytes = this.pages.get(page);
    if (bytes === undefined) this.pages.set(page, (bytes = new Uint8Array(PAGE_SIZE)));
    bytes[address % PAGE_SIZE] = value;
  }

  /** Absolute address of a page that nobody else has been given. */
  allocatePage(): number {
    const address = this.nextPage++ * PAGE_SIZE;
    if (!this.contains(address)) throw new Error(`guest storage of ${this.size} bytes is used up`);
    return address;
  }

  /** What the card sets when a reply is there. */
  notificationByte(address: number): NotificationByte {
    return { address, set: () => this.store(address, 1) };
  }

  private pageOf(address: number): number {
    if (!this.contains(address)) throw new RangeError(`guest address ${address} lies outside of ${this.size} bytes of storage`);
    return Math.floor(address / PAGE_SIZE);
  }
}
