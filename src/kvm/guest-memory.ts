/**
 * Storage of a guest as far as AP touches it: memory slots and notification bytes (kvm memslots, arch/s390/kvm/gaccess.c).
 * Pages exist once something is stored in them.
 */
import { OK, type Errno } from '../base/errno.ts';
import type { NotificationByte } from '../crypto-adapters/interrupts.ts';
import { Access, type AccessKind } from '../runtime/access.ts';
import { PageProtection } from './page-protection.ts';

/** Whose storage it is, and who is told of accesses. */
interface MemoryOwner {
  readonly name: string;
  touch(object: object, access: AccessKind): void;
}

const NOBODY: MemoryOwner = { name: 'guest', touch: () => undefined };

const PAGE_SIZE = 4096;
/** The first pages hold the lowcores; allocation starts above them. */
const FIRST_FREE_PAGE = 16;

/** All of a guest's storage as one array, on which its cores work directly. */
export interface FlatStorage {
  readonly bytes: Uint8Array;
  /** What the cores do at a time, which nobody is told of byte by byte: whatever is stored elsewhere meanwhile depends on it. */
  touch(access: AccessKind): void;
  /** Is told of what others than the cores have stored: who decoded instructions there must forget them. */
  onStore: (address: number, length: number) => void;
}

export class GuestMemory {
  /** Bytes of guest storage. */
  readonly size: number;
  /** What of it others may look into, when the guest is protected. */
  readonly protection: PageProtection;
  private readonly pages = new Map<number, Uint8Array>();
  private nextPage = FIRST_FREE_PAGE;
  /** Pages that nobody is given, as something lies in them whose place was chosen. */
  private readonly reserved = new Set<number>();
  private readonly owner: MemoryOwner;
  /** One object for each byte that was accessed, as those see it who want to know who shares what. */
  private readonly bytes = new Map<number, { readonly name: string }>();
  private whole: FlatStorage | null = null;

  constructor(size: number, owner: MemoryOwner = NOBODY) {
    this.size = size;
    this.owner = owner;
    this.protection = new PageProtection(owner.name, (object, access) => owner.touch(object, access));
  }

  get name(): string {
    return `${this.owner.name} storage`;
  }

  /** Is the absolute address inside a memory slot? */
  contains(address: number): boolean {
    return Number.isInteger(address) && address >= 0 && address < this.size;
  }

  /** From the first call on the storage is one array, and shared as a whole: everything that is loaded or stored depends on it. */
  flat(): FlatStorage {
    if (this.whole !== null) return this.whole;
    const bytes = new Uint8Array(this.size);
    for (const [page, content] of this.pages) bytes.set(content.subarray(0, this.size - page * PAGE_SIZE), page * PAGE_SIZE);
    this.pages.clear();
    this.whole = { bytes, touch: (access) => this.owner.touch(this, access), onStore: () => undefined };
    return this.whole;
  }

  /** By the guest. A page that was exported is the guest's again by that, unless the host holds it. */
  load(address: number): number {
    this.importPage(address);
    this.owner.touch(this.byteAt(address), Access.READ);
    if (this.whole !== null) return this.whole.bytes[address]!;
    return this.pages.get(this.pageOf(address))?.[address % PAGE_SIZE] ?? 0;
  }

  store(address: number, value: number): void {
    this.importPage(address);
    this.put(address, value);
  }

  /** The guest shares a page with the host, as its kernel does with everything that devices write to. Matters once it is protected. */
  share(address: number): void {
    this.protection.share(this.pageOf(address));
  }

  /** The guest takes the page back; -EAGAIN while the host has it pinned. */
  unshare(address: number): Errno {
    return this.protection.unshare(this.pageOf(address));
  }

  /** Asked about a page that the host has pinned: does a protected guest share it? (uv_pin_shared) */
  isPinnedShared(address: number): boolean {
    return this.protection.pinShared(this.pageOf(address)) === OK;
  }

  private importPage(address: number): void {
    const page = this.pageOf(address);
    if (this.protection.isExported(page)) this.protection.makeSecure(page);
  }

  private put(address: number, value: number): void {
    const page = this.pageOf(address);
    this.owner.touch(this.byteAt(address), Access.WRITE);
    if (this.whole !== null) {
      this.whole.bytes[address] = value;
      this.whole.onStore(address, 1);
      return;
    }
    let bytes = this.pages.get(page);
    if (bytes === undefined) this.pages.set(page, (bytes = new Uint8Array(PAGE_SIZE)));
    bytes[address % PAGE_SIZE] = value;
  }

  /** That many bytes from the address on; null when not all of them lie in a memory slot (kernel: read_guest_real and its -EFAULT). */
  read(address: number, length: number): Uint8Array | null {
    if (!this.contains(address) || !this.contains(address + length - 1)) return null;
    return Uint8Array.from({ length }, (_, i) => this.load(address + i));
  }

  /** False, and nothing is stored, when not all of the bytes lie in a memory slot. */
  write(address: number, bytes: Uint8Array): boolean {
    if (!this.contains(address) || !this.contains(address + bytes.length - 1)) return false;
    bytes.forEach((byte, i) => this.store(address + i, byte));
    return true;
  }

  /** Something lies there: `allocatePage` gives out none of its pages. Outside of the storage it does not matter. */
  reserve(address: number, length: number): void {
    this.owner.touch(this, Access.WRITE);
    for (let page = Math.floor(address / PAGE_SIZE); page * PAGE_SIZE < address + length; page++) this.reserved.add(page);
  }

  /** Absolute address of a page that nobody else has been given. */
  allocatePage(): number {
    this.owner.touch(this, Access.WRITE);
    while (this.reserved.has(this.nextPage)) this.nextPage++;
    const address = this.nextPage++ * PAGE_SIZE;
    if (!this.contains(address)) throw new Error(`guest storage of ${this.size} bytes is used up`);
    return address;
  }

  /** What the card sets when a reply is there. */
  notificationByte(address: number): NotificationByte {
    return { address, set: () => this.put(address, 1) };
  }

  private byteAt(address: number): object {
    if (this.whole !== null) return this;
    let byte = this.bytes.get(address);
    if (byte === undefined) this.bytes.set(address, (byte = { name: `${this.owner.name} storage 0x${address.toString(16)}` }));
    return byte;
  }

  private pageOf(address: number): number {
    if (!this.contains(address)) throw new RangeError(`guest address ${address} lies outside of ${this.size} bytes of storage`);
    return Math.floor(address / PAGE_SIZE);
  }
}
