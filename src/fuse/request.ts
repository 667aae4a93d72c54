/**
 * A request as it comes from the kernel: its header, and what stands behind it (struct fuse_in_header and the `*_in` structures). Whatever
 * does not fit is -EINVAL; a request whose answer nobody could find again is no request.
 */
import type { ByteOrder } from './byte-order.ts';
import { Size } from './protocol.ts';

/** The message is shorter than the operation needs, or contradicts itself. */
export class MalformedRequest extends Error {}

export class Request {
  readonly opcode: number;
  readonly unique: bigint;
  readonly nodeId: number;
  readonly uid: number;
  readonly gid: number;
  readonly pid: number;
  /** What follows the header; the bytes are the transport's and change with the next request. */
  readonly body: Buffer;
  readonly order: ByteOrder;

  private constructor(bytes: Buffer, order: ByteOrder) {
    this.opcode = order.u32(bytes, 4);
    this.unique = order.big(bytes, 8);
    this.nodeId = order.u64(bytes, 16);
    this.uid = order.u32(bytes, 24);
    this.gid = order.u32(bytes, 28);
    this.pid = order.u32(bytes, 32);
    this.body = bytes.subarray(Size.IN_HEADER);
    this.order = order;
  }

  /** Null when there is no complete header. */
  static from(bytes: Buffer, order: ByteOrder): Request | null {
    return bytes.length < Size.IN_HEADER ? null : new Request(bytes, order);
  }

  /** Throws when fewer than `size` bytes follow the header. */
  need(size: number): void {
    if (this.body.length < size) throw new MalformedRequest(`expected ${size} bytes behind the header, got ${this.body.length}`);
  }

  u32(at: number): number {
    this.need(at + 4);
    return this.order.u32(this.body, at);
  }

  u64(at: number): number {
    this.need(at + 8);
    return this.order.u64(this.body, at);
  }

  big(at: number): bigint {
    this.need(at + 8);
    return this.order.big(this.body, at);
  }

  /** Exactly the `size` bytes at the end that a structure of `from` bytes announces; a copy. */
  payload(from: number, size: number): Buffer {
    if (this.body.length !== from + size) {
      throw new MalformedRequest(`expected ${size} bytes of data, got ${this.body.length - from}`);
    }
    return Buffer.from(this.body.subarray(from));
  }

  /** A name that ends with a zero byte. */
  name(): string {
    const end = this.body.indexOf(0);
    if (end < 0) throw new MalformedRequest('expected a name that ends with a zero byte');
    return this.body.toString('utf8', 0, end);
  }
}
