/**
 * Storage of a user process as the kernel reaches it (copy_from_user, copy_to_user, get_user): regions that may be missing or read-only,
 * and nothing between them. Numbers are big-endian, as on s390.
 */

export interface UserRegion {
  /** Where it begins. */
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly writable: boolean;
}

export interface RegionOptions {
  /** Default true. */
  readonly writable?: boolean;
}

/** The page at 0 is never mapped: a null pointer is an address like any other, and a bad one. */
const LOWEST = 0x1000;

export class UserMemory {
  private readonly regions = new Set<UserRegion>();
  private next = LOWEST;

  /** Maps the bytes at an address of their own, away from all others; the process and the kernel share them from now on. */
  map(bytes: Uint8Array, { writable = true }: RegionOptions = {}): UserRegion {
    const region = { address: this.next, bytes, writable };
    // What is read past the end of a region must not end up in the next one.
    this.next += Math.ceil((bytes.length + 1) / LOWEST) * LOWEST;
    this.regions.add(region);
    return region;
  }

  unmap(region: UserRegion): void {
    this.regions.delete(region);
  }

  /** A copy of the bytes there; null (kernel: -EFAULT) when one of them is not mapped. */
  copyFrom(address: number, length: number): DataView | null {
    const found = this.find(address, length);
    if (found === null) return null;
    const at = address - found.address;
    return new DataView(found.bytes.slice(at, at + length).buffer);
  }

  /** False (kernel: -EFAULT), and nothing is written, when one of the bytes is not mapped or must not be written. */
  copyTo(address: number, data: Uint8Array): boolean {
    const found = this.find(address, data.length);
    if (found === null || !found.writable) return false;
    found.bytes.set(data, address - found.address);
    return true;
  }

  private find(address: number, length: number): UserRegion | null {
    for (const region of this.regions) {
      if (address >= region.address && address + length <= region.address + region.bytes.length) return region;
    }
    return null;
  }
}
