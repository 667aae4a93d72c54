/**
 * The kernel's end of a FUSE connection, in the same process: sends requests, keeps the answers by their number, and takes notifications.
 */
import type { ByteOrder } from '../../src/fuse/byte-order.ts';
import { HOST_ORDER } from '../../src/fuse/byte-order.ts';
import { InitFlag, Opcode, ROOT_ID } from '../../src/fuse/protocol.ts';
import type { FuseTransport } from '../../src/fuse/transport.ts';

const HEADER = 40;

export interface Reply {
  /** 0 or a negative errno. */
  readonly error: number;
  readonly body: Buffer;
}

export interface From {
  readonly pid?: number;
  readonly uid?: number;
}

/** A structure of the protocol, by offsets. */
export function layout(order: ByteOrder, size: number, fields: { u32?: Record<number, number>; u64?: Record<number, number> }): Buffer {
  const bytes = Buffer.alloc(size);
  for (const [at, value] of Object.entries(fields.u32 ?? {})) order.put32(bytes, Number(at), value);
  for (const [at, value] of Object.entries(fields.u64 ?? {})) order.put64(bytes, Number(at), value);
  return bytes;
}

export class FakeKernel implements FuseTransport {
  readonly order: ByteOrder;
  /** Every answer, in order. */
  readonly replies = new Map<bigint, Reply[]>();
  readonly notifications: { code: number; parent: number; name: string }[] = [];
  /** Notifications wait for it, as for the lock of a directory. */
  gate: Promise<void> = Promise.resolve();
  /** Something else than one answer with a length that is right. */
  readonly faults: string[] = [];
  private readonly waiting = new Map<bigint, (reply: Reply) => void>();
  private receive: (bytes: Buffer) => void = () => undefined;
  private closed: (reason: string) => void = () => undefined;
  private unique = 0n;

  constructor(order: ByteOrder = HOST_ORDER) {
    this.order = order;
  }

  start(receive: (bytes: Buffer) => void, closed: (reason: string) => void): void {
    this.receive = receive;
    this.closed = closed;
  }

  reply(message: Buffer): void {
    const { order } = this;
    if (order.u32(message, 0) !== message.length) this.faults.push(`length ${order.u32(message, 0)} of ${message.length} bytes`);
    const unique = order.big(message, 8);
    const reply = { error: order.u32(message, 4) | 0, body: Buffer.from(message.subarray(16)) };
    if (reply.error > 0 || reply.error < -511 || (reply.error < 0 && reply.body.length > 0)) this.faults.push(`error ${reply.error}`);
    const all = this.replies.get(unique) ?? [];
    if (all.push(reply) > 1) this.faults.push(`request ${unique} was answered ${all.length} times`);
    this.replies.set(unique, all);
    this.waiting.get(unique)?.(reply);
    this.waiting.delete(unique);
  }

  async notify(message: Buffer): Promise<void> {
    await this.gate;
    const { order } = this;
    const length = order.u32(message, 24);
    this.notifications.push({
      code: order.u32(message, 4),
      parent: order.u64(message, 16),
      name: message.toString('utf8', 32, 32 + length),
    });
  }

  /** The file system is unmounted. */
  end(reason = 'ENODEV'): void {
    this.closed(reason);
  }

  /** Bytes as they are, whatever they are. */
  raw(bytes: Buffer): void {
    this.receive(bytes);
  }

  message(opcode: number, node: number, body: Buffer = Buffer.alloc(0), from: From = {}): { bytes: Buffer; unique: bigint } {
    const { order } = this;
    const bytes = Buffer.alloc(HEADER + body.length);
    this.unique += 2n;
    order.put32(bytes, 0, bytes.length);
    order.put32(bytes, 4, opcode);
    order.putBig(bytes, 8, this.unique);
    order.put64(bytes, 16, node);
    order.put32(bytes, 24, from.uid ?? 0);
    order.put32(bytes, 28, from.uid ?? 0);
    order.put32(bytes, 32, from.pid ?? 0);
    body.copy(bytes, HEADER);
    return { bytes, unique: this.unique };
  }

  /** Sends; the number of the request and its answer. */
  post(opcode: number, node: number, body?: Buffer, from?: From): { unique: bigint; reply: Promise<Reply> } {
    const { bytes, unique } = this.message(opcode, node, body, from);
    const reply = new Promise<Reply>((resolve) => {
      this.waiting.set(unique, resolve);
    });
    this.receive(bytes);
    return { unique, reply };
  }

  ask(opcode: number, node: number, body?: Buffer, from?: From): Promise<Reply> {
    return this.post(opcode, node, body, from).reply;
  }

  init(major = 7, minor = 45, flags: number = InitFlag.BIG_WRITES | InitFlag.PARALLEL_DIROPS | (1 << 3)): Promise<Reply> {
    return this.ask(Opcode.INIT, 0, layout(this.order, 64, { u32: { 0: major, 4: minor, 8: 131_072, 12: flags } }));
  }

  lookup(parent: number, name: string): Promise<Reply> {
    return this.ask(Opcode.LOOKUP, parent, Buffer.from(`${name}\0`));
  }

  /** The node id behind a path from the root, looked up name by name. */
  async walk(path: string): Promise<number> {
    let at = ROOT_ID;
    for (const name of path.split('/')) {
      const { error, body } = await this.lookup(at, name);
      if (error !== 0) throw new Error(`expected ${name} of ${path} to be found, got ${error}`);
      at = this.order.u64(body, 0);
      if (at === 0) throw new Error(`expected ${name} of ${path} to be found, it is absent`);
    }
    return at;
  }

  open(node: number, flags: number, from?: From): Promise<Reply> {
    return this.ask(Opcode.OPEN, node, layout(this.order, 8, { u32: { 0: flags } }), from);
  }

  handleOf({ error, body }: Reply): number {
    if (error !== 0) throw new Error(`expected a handle, got ${error}`);
    return this.order.u64(body, 0);
  }

  read(node: number, handle: number, offset = 0, size = 4096): Promise<Reply> {
    return this.ask(Opcode.READ, node, layout(this.order, 40, { u32: { 16: size }, u64: { 0: handle, 8: offset } }));
  }

  postWrite(node: number, handle: number, data: string | Buffer, offset = 0): { unique: bigint; reply: Promise<Reply> } {
    const bytes = Buffer.from(data);
    const head = layout(this.order, 40, { u32: { 16: bytes.length }, u64: { 0: handle, 8: offset } });
    return this.post(Opcode.WRITE, node, Buffer.concat([head, bytes]), { pid: process.pid });
  }

  write(node: number, handle: number, data: string | Buffer, offset = 0): Promise<Reply> {
    return this.postWrite(node, handle, data, offset).reply;
  }

  release(node: number, handle: number, opcode: number = Opcode.RELEASE): Promise<Reply> {
    return this.ask(opcode, node, layout(this.order, 24, { u64: { 0: handle } }));
  }

  forget(node: number, count: number): void {
    this.raw(this.message(Opcode.FORGET, node, layout(this.order, 8, { u64: { 0: count } })).bytes);
  }
}
