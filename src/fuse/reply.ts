/**
 * Answers as the kernel reads them (struct fuse_out_header and the `*_out` structures). Each is one buffer with room for the header in front,
 * which is filled in when it is sent.
 */
import type { ByteOrder } from './byte-order.ts';
import { InitFlag, MAJOR, MAX_WRITE, MINOR, NAME_MAX, OpenFlag, PAGE_SIZE, Size } from './protocol.ts';

const HEAD = Size.OUT_HEADER;
const MAX_BACKGROUND = 64;
const CONGESTION = 48;

/** Attributes of a node, as stat shows them. */
export interface Attributes {
  readonly inode: number;
  readonly size: number;
  /** Kind and permission bits. */
  readonly mode: number;
  readonly links: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970, of all three times. */
  readonly time: number;
}

export interface DirectoryEntry {
  readonly name: string;
  readonly inode: number;
  /** S_IFDIR and the like. */
  readonly kind: number;
}

export class Replies {
  readonly order: ByteOrder;

  constructor(order: ByteOrder) {
    this.order = order;
  }

  /** Zeroed. */
  frame(size: number): Buffer {
    // Much cheaper than Buffer.alloc, which takes memory of its own for each.
    return Buffer.allocUnsafe(HEAD + size).fill(0);
  }

  /** Writes the header; `error` is 0 or a negative errno, or the code of a notification. */
  finish(message: Buffer, unique: bigint, error: number): Buffer {
    this.order.put32(message, 0, message.length);
    this.order.putSigned32(message, 4, error);
    this.order.putBig(message, 8, unique);
    return message;
  }

  /** `offered`: the flags of the kernel. */
  init(minor: number, readahead: number, offered: number): Buffer {
    const { order } = this;
    const out = this.frame(Size.INIT_OUT);
    const wanted = InitFlag.BIG_WRITES | InitFlag.PARALLEL_DIROPS | InitFlag.CACHE_SYMLINKS;
    order.put32(out, HEAD, MAJOR);
    order.put32(out, HEAD + 4, Math.min(minor, MINOR));
    order.put32(out, HEAD + 8, readahead);
    order.put32(out, HEAD + 12, wanted & offered);
    order.put16(out, HEAD + 16, MAX_BACKGROUND);
    order.put16(out, HEAD + 18, CONGESTION);
    order.put32(out, HEAD + 20, MAX_WRITE);
    order.put32(out, HEAD + 24, 1);
    return out;
  }

  /** Only the version that this server speaks: the kernel asks again with it. */
  version(): Buffer {
    const out = this.frame(Size.INIT_OUT);
    this.order.put32(out, HEAD, MAJOR);
    this.order.put32(out, HEAD + 4, MINOR);
    return out;
  }

  /** `id` 0: there is nothing of that name, and the kernel may remember it. `valid`: seconds. */
  entry(id: number, valid: number, attributes: Attributes | null): Buffer {
    const out = this.frame(Size.ENTRY_OUT);
    this.order.put64(out, HEAD, id);
    this.order.put64(out, HEAD + 16, valid);
    if (attributes === null) return out;
    this.order.put64(out, HEAD + 24, valid);
    this.putAttributes(out, HEAD + 40, attributes);
    return out;
  }

  attributes(valid: number, attributes: Attributes): Buffer {
    const out = this.frame(Size.ATTR_OUT);
    this.order.put64(out, HEAD, valid);
    this.putAttributes(out, HEAD + 16, attributes);
    return out;
  }

  /** Without a page cache, and with writers side by side: what sysfs does. */
  openFile(handle: number): Buffer {
    return this.opened(handle, OpenFlag.DIRECT_IO | OpenFlag.NOFLUSH | OpenFlag.PARALLEL_DIRECT_WRITES);
  }

  openDirectory(handle: number): Buffer {
    return this.opened(handle, 0);
  }

  bytes(data: Buffer): Buffer {
    const out = Buffer.allocUnsafe(HEAD + data.length);
    data.copy(out, HEAD);
    return out;
  }

  written(count: number): Buffer {
    const out = this.frame(Size.WRITE_OUT);
    this.order.put32(out, HEAD, count);
    return out;
  }

  ioctl(result: number, output: Buffer): Buffer {
    const out = this.frame(Size.IOCTL_OUT + output.length);
    this.order.putSigned32(out, HEAD, result);
    output.copy(out, HEAD + Size.IOCTL_OUT);
    return out;
  }

  statfs(): Buffer {
    const out = this.frame(Size.STATFS_OUT);
    this.order.put32(out, HEAD + 40, PAGE_SIZE);
    this.order.put32(out, HEAD + 44, NAME_MAX);
    this.order.put32(out, HEAD + 48, PAGE_SIZE);
    return out;
  }

  /** Entries from number `from` on, as many as fit into `size` bytes. */
  directory(entries: readonly DirectoryEntry[], from: number, size: number): Buffer {
    const { order } = this;
    const out = this.frame(Math.min(size, MAX_WRITE));
    let at = HEAD;
    for (let i = from; i < entries.length; i++) {
      const { name, inode, kind } = entries[i]!;
      const length = Buffer.byteLength(name);
      const record = (Size.DIRENT + length + 7) & ~7;
      if (at + record > out.length) break;
      order.put64(out, at, inode);
      order.put64(out, at + 8, i + 1);
      order.put32(out, at + 16, length);
      order.put32(out, at + 20, kind >> 12);
      out.write(name, at + Size.DIRENT);
      at += record;
    }
    return out.subarray(0, at);
  }

  /** FUSE_NOTIFY_INVAL_ENTRY: the kernel forgets what it knows of this name. */
  invalidEntry(parent: number, name: string): Buffer {
    const length = Buffer.byteLength(name);
    const out = this.frame(16 + length + 1);
    this.order.put64(out, HEAD, parent);
    this.order.put32(out, HEAD + 8, length);
    out.write(name, HEAD + 16);
    return out;
  }

  /** FUSE_NOTIFY_INVAL_INODE without data: the kernel asks for the attributes again. */
  invalidAttributes(id: number): Buffer {
    const out = this.frame(24);
    this.order.put64(out, HEAD, id);
    this.order.putBig(out, HEAD + 8, 0xffff_ffff_ffff_ffffn);
    return out;
  }

  private opened(handle: number, flags: number): Buffer {
    const out = this.frame(Size.OPEN_OUT);
    this.order.put64(out, HEAD, handle);
    this.order.put32(out, HEAD + 8, flags);
    return out;
  }

  private putAttributes(out: Buffer, at: number, attributes: Attributes): void {
    const { order } = this;
    order.put64(out, at, attributes.inode);
    order.put64(out, at + 8, attributes.size);
    for (const field of [24, 32, 40]) order.put64(out, at + field, attributes.time);
    order.put32(out, at + 60, attributes.mode);
    order.put32(out, at + 64, attributes.links);
    order.put32(out, at + 68, attributes.uid);
    order.put32(out, at + 72, attributes.gid);
    order.put32(out, at + 80, PAGE_SIZE);
  }
}
