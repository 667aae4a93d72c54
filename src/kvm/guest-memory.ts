/**
 * Storage of a guest as far as AP touches it: memory slots and notification bytes (kvm memslots, arch/s390/kvm/gaccess.c).
 * Pages exist once something is stored in them.
 */
import type { NotificationByte } from '../crypto-adapters/interrupts.ts';
import { Access, type AccessKind } from '../runtime/access.ts';

/** Whose storage it is, and who is told of accesses. */
interface MemoryOwner {
  readonly name: string;
  touch(object: object, access: AccessKind): void;
}

const NOBODY: MemoryOwner = { name: 'guest', touch: () => undefined };

const PAGE_SIZE = 4096;
/** The first pages hold the lowcores; allocation starts above them. */
const FIRST_FREE_PAGE = 16;

export class GuestMemory {
  /** Bytes of guest storage. */
  readonly size: number;
  private readonly pages = new Map<number, Uint8Array>();
  private nextPage = FIRST_FREE_PAGE;
  private readonly owner: MemoryOwner;
  /** One object for each byte that was accessed, as those see it who want to know who shares what. */
  private readonly bytes = new Map<number, { readonly name: string }>();

  constructor(size: number, owner: MemoryOwner = NOBODY) {
    this.size = size;
    this.owner = owner;
  }

  get name(): string {
    return `${this.owner.name} storage`;
  }

  /** Is the absolute address inside a memory slot? */
  contains(address: number): boolean {
    return Number.isInteger(address) && address >= 0 && address < this.size;
  }

  load(address: number): number {
    this.owner.touch(this.byteAt(address), Access.READ);
    return this.pages.get(this.pageOf(address))?.[address % PAGE_SIZE] ?? 0;
  }

  store(address: number, value: number): void {
    const page = this.pageOf(address);
    this.owner.touch(this.byteAt(address), Access.WRITE);
    let bytes = this.pages.get(page);
    if (bytes === undefined) this.pages.set(page, (bytes = new Uint8Array(PAGE_SIZE)));
    bytes[address % PAGE_SIZE] = value;
  }

  /** Absolute address of a page that nobody else has been given. */
  allocatePage(): number {
    this.owner.touch(this, Access.WRITE);
    const address = this.nextPage++ * PAGE_SIZE;
    if (!this.contains(address)) throw new Error(`guest storage of ${this.size} bytes is used up`);
    return address;
  }

  /** What the card sets when a reply is there. */
  notificationByte(address: number): NotificationByte {
    return { address, set: () => this.store(address, 1) };
  }

  private byteAt(address: number): object {
    let byte = this.bytes.get(address);
    if (byte === undefined) this.bytes.set(address, (byte = { name: `${this.owner.name} storage 0x${address.toString(16)}` }));
    return byte;
  }

  private pageOf(address: number): number {
    if (!this.contains(address)) throw new RangeError(`guest address ${address} lies outside of ${this.size} bytes of storage`);
    return Math.floor(address / PAGE_SIZE);
  }
}
