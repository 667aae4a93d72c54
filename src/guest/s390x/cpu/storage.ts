/**
 * The storage of a machine-code guest: flat, big-endian, absolute addresses, shared by its CPUs, its devices and KVM. Knows which
 * bytes were decoded as instructions, so that every store into code is seen. Counterpart: guest memory slots (kvm memslots).
 */

/** Bytes of a line: the unit in which decoded code is remembered. */
export const LINE_SHIFT = 6;

/** Is told of stores into lines that hold decoded code. */
export interface CodeWatcher {
  /** Bytes `[address, address + length)` are about to differ or have just changed. */
  invalidate(address: number, length: number): void;
}

export class Storage {
  /** Bytes. */
  readonly size: number;
  readonly bytes: Uint8Array;
  /** Over the same bytes. */
  readonly view: DataView;
  /** For each line: has anybody decoded instructions in it? */
  readonly codeLines: Uint8Array;
  private readonly watchers: CodeWatcher[] = [];

  /** Over that many bytes of zeros, or over bytes that others share. At most 4 GiB minus 8 KiB. */
  constructor(backing: number | Uint8Array) {
    this.bytes = typeof backing === 'number' ? new Uint8Array(backing) : backing;
    this.size = this.bytes.length;
    if (this.size > 0xffff_e000) throw new RangeError(`expected at most 4 GiB - 8 KiB of guest storage, got ${this.size} bytes`);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    this.codeLines = new Uint8Array((this.size >>> LINE_SHIFT) + 1);
  }

  /** Do all of the bytes lie inside? */
  contains(address: number, length = 1): boolean {
    return Number.isInteger(address) && address >= 0 && length >= 0 && address + length <= this.size;
  }

  watch(watcher: CodeWatcher): void {
    this.watchers.push(watcher);
  }

  /** Somebody has stored these bytes through `bytes` or `view` directly; whoever does so says it here, so that decoded code is forgotten. */
  written(address: number, length: number): void {
    const last = (address + length - 1) >>> LINE_SHIFT;
    for (let line = address >>> LINE_SHIFT; line <= last; line++) {
      if (this.codeLines[line] !== 0) {
        for (const watcher of this.watchers) watcher.invalidate(address, length);
        return;
      }
    }
  }

  /** Copy of bytes at an absolute address; RangeError outside of the storage. */
  read(address: number, length: number): Uint8Array {
    this.check(address, length);
    return this.bytes.slice(address, address + length);
  }

  /** Stores bytes at an absolute address (loader, devices, KVM); RangeError, and nothing stored, outside of the storage. */
  write(address: number, bytes: Uint8Array): void {
    this.check(address, bytes.length);
    this.bytes.set(bytes, address);
    this.written(address, bytes.length);
  }

  private check(address: number, length: number): void {
    if (!this.contains(address, length)) {
      throw new RangeError(`expected ${length} bytes inside of ${this.size} bytes of guest storage, got address ${address}`);
    }
  }
}
