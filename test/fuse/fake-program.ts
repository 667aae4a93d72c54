/**
 * A process of another kind of machine, as /proc shows it: memory in regions with protections, structures in its byte order and with its
 * size of pointers.
 */
import type { OpenMemory, ProcessFiles } from '../../src/fuse/caller-memory.ts';
import type { Abi } from '../../src/fuse/z90crypt-layout.ts';

interface Region {
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly protection: string;
}

/** `p`: a pointer, with the padding that the compiler puts before it. `p16`: the last bytes of 16. A number: bytes of padding. */
export type Member = readonly [kind: 'u16' | 'u32' | 'u64' | 'p' | 'p16', value: number] | number;

export class FakeProgram implements ProcessFiles {
  readonly abi: Abi;
  uids = '1000\t1000\t1000\t1000';
  start = 777;
  name = 'a) prog (b';
  /** Files that were asked for, and memories that are open. */
  readonly asked: string[] = [];
  opened = 0;
  private readonly regions: Region[] = [];
  private next = 0x10000;

  constructor(abi: Abi) {
    this.abi = abi;
  }

  /** The address of `bytes`, which the program and its readers share. */
  place(bytes: Uint8Array, protection = 'rw-p'): number {
    const address = this.next;
    this.regions.push({ address, bytes, protection });
    this.next += Math.ceil((bytes.length + 1) / 0x1000) * 0x1000;
    return address;
  }

  /** As a C compiler lays the members out without packing, or with (`p16`). */
  struct(members: readonly Member[]): Uint8Array {
    const { littleEndian, pointerSize } = this.abi;
    const bytes = new Uint8Array(256);
    const view = new DataView(bytes.buffer);
    let at = 0;
    for (const member of members) {
      if (typeof member === 'number') {
        at += member;
        continue;
      }
      const [kind, value] = member;
      const size = { u16: 2, u32: 4, u64: 8, p: pointerSize, p16: pointerSize }[kind];
      if (kind === 'p') at = Math.ceil(at / size) * size;
      if (kind === 'p16') at += 16 - size;
      if (size === 2) view.setUint16(at, value, littleEndian);
      else if (size === 4) view.setUint32(at, value, littleEndian);
      else view.setBigUint64(at, BigInt(value), littleEndian);
      at += size;
    }
    return bytes.slice(0, at);
  }

  async text(_pid: number, file: 'stat' | 'status' | 'maps'): Promise<string> {
    this.asked.push(file);
    if (file === 'stat') return `42 (${this.name}) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 ${this.start} 20 21\n`;
    if (file === 'status') return `Name:\tprog\nTgid:\t42\nPid:\t42\nUid:\t${this.uids}\nGid:\t0\t0\t0\t0\n`;
    return this.regions
      .map(
        ({ address, bytes, protection }) =>
          `${address.toString(16)}-${(address + bytes.length).toString(16)} ${protection} 00000000 00:00 0 [x]`,
      )
      .join('\n');
  }

  /** Knows no protections, as the real one. */
  async memory(): Promise<OpenMemory> {
    this.asked.push('mem');
    this.opened++;
    const find = (address: number): Region => {
      const region = this.regions.find((one) => address >= one.address && address < one.address + one.bytes.length);
      if (region === undefined) throw Object.assign(new Error('no such address'), { code: 'EIO' });
      return region;
    };
    return {
      // A few bytes at a time: whoever reads must go on until it has everything.
      read: async (bytes, address) => {
        const region = find(address);
        const part = region.bytes.subarray(address - region.address, address - region.address + Math.min(bytes.length, 100));
        bytes.set(part);
        return part.length;
      },
      write: async (bytes, address) => {
        const region = find(address);
        const part = bytes.subarray(0, Math.min(100, region.address + region.bytes.length - address));
        region.bytes.set(part, address - region.address);
        return part.length;
      },
      close: async () => void this.opened--,
    };
  }
}
