/**
 * One ioctl's view of the program that made it: what the drivers will read is fetched before they run, what they write is written when they
 * are done, all of it or nothing. In between no access can block the server. No kernel counterpart.
 */
import { EFAULT, OK, type Errno } from '../base/errno.ts';
import type { IoctlName } from '../ap-bus/zcrypt/ioctl-numbers.ts';
import type { UserStorage } from '../ap-bus/zcrypt/ioctl.ts';
import type { AddressSpace, CallerMemory, Write } from './caller-memory.ts';
import {
  FEW_STATUS_WIDTHS,
  STATUS_WIDTHS,
  STRUCT_IOCTLS,
  narrowInto,
  refielded,
  turned,
  valuesOf,
  widen,
  type Abi,
  type Operand,
  type StructIoctl,
} from './z90crypt-layout.ts';

export interface ProgramCall {
  readonly name: IoctlName;
  /** What the program passed. */
  readonly argument: number;
  readonly abi: Abi;
}

/** How the answer of an ioctl without a structure is laid out; not listed: bytes. */
const ANSWERS: Readonly<Partial<Record<IoctlName, (bytes: Uint8Array, abi: Abi) => Uint8Array>>> = {
  ZCRYPT_DEVICE_STATUS: (bytes, abi) => refielded(bytes, STATUS_WIDTHS, abi),
  ZDEVICESTATUS: (bytes, abi) => refielded(bytes, FEW_STATUS_WIDTHS, abi),
  ZCRYPT_PERDEV_REQCNT: (bytes, abi) => turned(bytes, 4, abi),
  Z90STAT_PERDEV_REQCNT: (bytes, abi) => turned(bytes, 4, abi),
  Z90STAT_REQUESTQ_COUNT: (bytes, abi) => turned(bytes, 4, abi),
  Z90STAT_PENDINGQ_COUNT: (bytes, abi) => turned(bytes, 4, abi),
  Z90STAT_TOTALOPEN_COUNT: (bytes, abi) => turned(bytes, 4, abi),
  Z90STAT_DOMAIN_INDEX: (bytes, abi) => turned(bytes, 4, abi),
};

/** For the ioctls whose answer the kernel copies to the program itself, as their number tells its size. */
export class AnswerStorage implements UserStorage {
  /** Empty until there is one. */
  answer: Uint8Array = new Uint8Array(0);
  private readonly call: ProgramCall;

  constructor(call: ProgramCall) {
    this.call = call;
  }

  read(): null {
    return null;
  }

  write(address: number, bytes: Uint8Array): boolean {
    if (address !== this.call.argument) return false;
    this.answer = inProgramsOrder(this.call, bytes);
    return true;
  }
}

/**
 * Where the drivers find the argument structure: at an address that no program has. The program's own would not do, as its structure may be
 * shorter than theirs, and have its buffers right behind it.
 */
const STRUCT = -4096;

/** For those whose number has no size: everything is in the program's memory. */
export class ProgramStorage implements UserStorage {
  private readonly call: ProgramCall;
  private readonly memory: CallerMemory;
  private readonly space: AddressSpace;
  private readonly layout: StructIoctl | undefined;
  /** As in the program, with what has been written to it. */
  private struct: Uint8Array | null = null;
  private readonly fetched = new Map<string, Uint8Array>();
  private readonly writes: Write[] = [];

  private constructor(call: ProgramCall, memory: CallerMemory, space: AddressSpace) {
    this.call = call;
    this.memory = memory;
    this.space = space;
    this.layout = STRUCT_IOCTLS[call.name];
  }

  static async fetch(call: ProgramCall, memory: CallerMemory): Promise<ProgramStorage> {
    const storage = new ProgramStorage(call, memory, await memory.addressSpace());
    await storage.fetchAll();
    return storage;
  }

  /** The address to hand to the drivers. */
  get argument(): number {
    return this.layout === undefined ? this.call.argument : STRUCT;
  }

  /** What was fetched; null for what could not be. */
  read(address: number, length: number): Uint8Array | null {
    const { layout, struct, call } = this;
    if (layout !== undefined && address === STRUCT) return struct === null ? null : widen(layout, struct, call.abi);
    return this.fetched.get(keyOf({ address, length }))?.slice() ?? null;
  }

  /** Remembered; false when the program may not write there. */
  write(address: number, bytes: Uint8Array): boolean {
    const { layout, struct, call } = this;
    if (layout !== undefined && struct !== null && address < 0) {
      const { start, end } = narrowInto(layout, struct, { at: address - STRUCT, widened: bytes, abi: call.abi });
      return this.remember(call.argument + start, struct.slice(start, end));
    }
    return this.remember(address, layout === undefined ? inProgramsOrder(call, bytes) : bytes.slice());
  }

  /** Writes what was remembered, in its order. -EFAULT when some of it cannot be written any more. */
  async flush(): Promise<Errno> {
    return (await this.memory.write(this.writes)) ? OK : EFAULT;
  }

  private remember(address: number, bytes: Uint8Array): boolean {
    if (!this.space.allows('writable', address, bytes.length)) return false;
    this.writes.push({ address, bytes });
    return true;
  }

  private async fetchAll(): Promise<void> {
    const { layout, memory, space, call } = this;
    if (layout === undefined) return;
    const { length } = call.abi.pointerSize === 4 ? layout.narrow : layout.wide;
    this.struct = await memory.read(space, call.argument, length);
    if (this.struct === null) return;
    for (const operand of layout.operands(valuesOf(layout, widen(layout, this.struct, call.abi)))) {
      const bytes = await memory.read(space, operand.address, operand.length);
      if (bytes !== null) this.fetched.set(keyOf(operand), operand.halfwords === true ? turned(bytes, 2, call.abi) : bytes);
    }
  }
}

function inProgramsOrder({ name, abi }: ProgramCall, bytes: Uint8Array): Uint8Array {
  return ANSWERS[name]?.(bytes, abi) ?? bytes.slice();
}

const keyOf = ({ address, length }: Operand): string => `${address}+${length}`;
