/**
 * What the structures of zcrypt's ioctls look like in a program of this machine: the same C declarations (uapi/asm/zcrypt.h), with its byte
 * order and its size of pointers. They are turned into the form that s390 programs of 64 bits have, which is what the drivers take, and
 * back (the kernel does so for programs of 31 bits: trans_modexpo32 and the like of drivers/s390/crypto/zcrypt_api.c).
 */
import type { IoctlName } from '../ap-bus/zcrypt/ioctl-numbers.ts';
import { EP11_TARGET, EP11_URB, MODEXPO, MODEXPO_CRT, XCRB } from '../ap-bus/zcrypt/ioctl-structs.ts';

/** How a program was compiled. */
export interface Abi {
  readonly littleEndian: boolean;
  readonly pointerSize: 4 | 8;
}

export type Fields = Readonly<Record<string, readonly [at: number, size: 2 | 4 | 8]>>;

interface Shape {
  readonly length: number;
  readonly fields: Fields;
}

/** A part of the program's storage that an argument structure names. */
export interface Operand {
  readonly address: number;
  readonly length: number;
  /** EP11 targets: pairs of 16-bit numbers. */
  readonly halfwords?: true;
}

type Values = Readonly<Record<string, number>>;

/** An ioctl with an argument structure of which the parts hang. */
export interface StructIoctl {
  readonly wide: Shape;
  /** Of programs with pointers of 4 bytes. */
  readonly narrow: Shape;
  /** What is read besides the structure, as far as it has a length that any card could take. */
  operands(values: Values): readonly Operand[];
}

/** No card takes numbers of more bytes; what is longer is refused for its length. */
const LONGEST_NUMBER = 4096;
/** As the drivers have it: 256 units of 4 KiB. */
const LONGEST_BLOCK = 256 * 4096;
const PART_PADDING = 8;

const MODEXPO_32: Shape = {
  length: 24,
  fields: { input: [0, 4], inputLength: [4, 4], output: [8, 4], outputLength: [12, 4], exponent: [16, 4], modulus: [20, 4] },
};

const MODEXPO_CRT_32: Shape = {
  length: 36,
  fields: {
    input: [0, 4],
    inputLength: [4, 4],
    output: [8, 4],
    outputLength: [12, 4],
    dp: [16, 4],
    dq: [20, 4],
    p: [24, 4],
    q: [28, 4],
    u: [32, 4],
  },
};

/** Pointers stand at the end of their 16 bytes, whatever their size. */
const XCRB_32: Shape = {
  length: XCRB.length,
  fields: { ...XCRB.fields, requestControl: [24, 4], requestData: [44, 4], replyControl: [64, 4], replyData: [84, 4] },
};

const rsaOperands = (half: readonly string[], padded: readonly string[], whole: readonly string[]) => {
  return (values: Values): Operand[] => {
    const length = values['inputLength']!;
    if (length > LONGEST_NUMBER) return [];
    const short = (length + 1) >> 1;
    return [
      ...half.map((name) => ({ address: values[name]!, length: short })),
      ...padded.map((name) => ({ address: values[name]! + PART_PADDING, length: short })),
      ...whole.map((name) => ({ address: values[name]!, length })),
    ];
  };
};

const block = (values: Values, name: string): Operand[] => {
  const length = values[`${name}Length`]!;
  return length > LONGEST_BLOCK ? [] : [{ address: values[name]!, length }];
};

export const STRUCT_IOCTLS: Readonly<Partial<Record<IoctlName, StructIoctl>>> = {
  ICARSAMODEXPO: { wide: MODEXPO, narrow: MODEXPO_32, operands: rsaOperands([], [], ['modulus', 'exponent', 'input']) },
  ICARSACRT: { wide: MODEXPO_CRT, narrow: MODEXPO_CRT_32, operands: rsaOperands(['q', 'dq'], ['p', 'dp', 'u'], ['input']) },
  ZSECSENDCPRB: {
    wide: XCRB,
    narrow: XCRB_32,
    operands: (values) => [...block(values, 'requestControl'), ...block(values, 'requestData')],
  },
  // Its pointers have 8 bytes in every program.
  ZSENDEP11CPRB: {
    wide: EP11_URB,
    narrow: EP11_URB,
    operands: (values) => [
      { address: values['targets']!, length: values['targetCount']! * EP11_TARGET.length, halfwords: true },
      ...block(values, 'request'),
    ],
  },
};

/** The program's structure as the drivers take it. */
export function widen({ wide, narrow }: StructIoctl, bytes: Uint8Array, abi: Abi): Uint8Array {
  const from = abi.pointerSize === 4 ? narrow : wide;
  const source = viewOf(bytes);
  const widened = new Uint8Array(wide.length);
  const target = viewOf(widened);
  for (const [name, place] of Object.entries(wide.fields)) put(target, place, get(source, from.fields[name]!, abi.littleEndian), false);
  return widened;
}

/** Bytes of a structure as the drivers write them: all of it, or a field at `at`. */
interface Part {
  readonly at: number;
  readonly widened: Uint8Array;
  readonly abi: Abi;
}

/** Writes the fields in `part` over the program's structure `bytes`, and says from where to where (exclusive) that is. */
export function narrowInto({ wide, narrow }: StructIoctl, bytes: Uint8Array, { at, widened, abi }: Part): { start: number; end: number } {
  const to = abi.pointerSize === 4 ? narrow : wide;
  const source = viewOf(widened);
  let [start, end] = [bytes.length, 0];
  for (const [name, [offset, size]] of Object.entries(wide.fields)) {
    if (offset < at || offset + size > at + widened.length) continue;
    const place = to.fields[name]!;
    put(viewOf(bytes), place, get(source, [offset - at, size], false), abi.littleEndian);
    start = Math.min(start, place[0]);
    end = Math.max(end, place[0] + place[1]);
  }
  return { start, end };
}

/** The structure's fields by name; `bytes` is what `widen` gave. */
export function valuesOf({ wide }: StructIoctl, bytes: Uint8Array): Values {
  return Object.fromEntries(Object.entries(wide.fields).map(([name, place]) => [name, Number(get(viewOf(bytes), place, false))]));
}

/** Each number of `size` bytes turned round when the program has the other byte order; a new array. */
export function turned(bytes: Uint8Array, size: 2 | 4, { littleEndian }: Abi): Uint8Array {
  const copy = bytes.slice();
  if (littleEndian) for (let at = 0; at + size <= copy.length; at += size) copy.subarray(at, at + size).reverse();
  return copy;
}

/**
 * Words of bit fields: in this byte order they fill the word from the other end. `widths` lists them as declared, the first one leftmost on
 * s390.
 */
export function refielded(bytes: Uint8Array, widths: readonly number[], { littleEndian }: Abi): Uint8Array {
  if (!littleEndian) return bytes.slice();
  const from = viewOf(bytes);
  const turnedBytes = new Uint8Array(bytes.length);
  const to = viewOf(turnedBytes);
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const word = from.getUint32(at);
    let result = 0;
    let used = 0;
    for (const width of widths) {
      result += ((word >>> (32 - used - width)) & (2 ** width - 1)) * 2 ** used;
      used += width;
    }
    to.setUint32(at, result, true);
  }
  return turnedBytes;
}

/** zcrypt_device_status_ext: type, queue, online, functions. */
export const STATUS_WIDTHS: readonly number[] = [8, 16, 1, 6];
/** zcrypt_device_status, of the deprecated ioctl. */
export const FEW_STATUS_WIDTHS: readonly number[] = [8, 14, 1, 6];

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

function get(view: DataView, [at, size]: readonly [number, number], littleEndian: boolean): bigint {
  if (size === 8) return view.getBigUint64(at, littleEndian);
  return BigInt(size === 4 ? view.getUint32(at, littleEndian) : view.getUint16(at, littleEndian));
}

function put(view: DataView, [at, size]: readonly [number, number], value: bigint, littleEndian: boolean): void {
  if (size === 8) view.setBigUint64(at, value, littleEndian);
  else if (size === 4) view.setUint32(at, Number(value & 0xffff_ffffn), littleEndian);
  else view.setUint16(at, Number(value & 0xffffn), littleEndian);
}
