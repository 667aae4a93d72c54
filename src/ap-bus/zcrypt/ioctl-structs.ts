/**
 * The argument structures of the ioctls as bytes (struct ica_rsa_modexpo, ica_rsa_modexpo_crt, ica_xcRB, ep11_urb and
 * zcrypt_device_status of uapi/asm/zcrypt.h). Big-endian, packed; pointers have 8 bytes and are numbers here.
 */
import { adapterOf, domainOf } from '../../base/apqn.ts';
import type { DeviceStatus } from './status.ts';

type Size = 2 | 4 | 8;

interface Layout<Name extends string> {
  /** Of the whole structure, bytes. */
  readonly length: number;
  /** Offset and size. */
  readonly fields: Readonly<Record<Name, readonly [at: number, size: Size]>>;
}

/** For ICARSAMODEXPO. */
export const MODEXPO = {
  length: 48,
  fields: { input: [0, 8], inputLength: [8, 4], output: [16, 8], outputLength: [24, 4], exponent: [32, 8], modulus: [40, 8] },
} as const;

/** For ICARSACRT. */
export const MODEXPO_CRT = {
  length: 72,
  fields: {
    input: [0, 8],
    inputLength: [8, 4],
    output: [16, 8],
    outputLength: [24, 4],
    dp: [32, 8],
    dq: [40, 8],
    p: [48, 8],
    q: [56, 8],
    u: [64, 8],
  },
} as const;

/** For ZSECSENDCPRB. */
export const XCRB = {
  length: 94,
  fields: {
    agent: [0, 2],
    adapter: [2, 4],
    requestId: [6, 2],
    requestControlLength: [8, 4],
    requestControl: [20, 8],
    requestDataLength: [28, 4],
    requestData: [40, 8],
    replyControlLength: [48, 4],
    replyControl: [60, 8],
    replyDataLength: [68, 4],
    replyData: [80, 8],
    priority: [88, 2],
    status: [90, 4],
  },
} as const;

/** For ZSENDEP11CPRB. */
export const EP11_URB = {
  length: 58,
  fields: {
    targetCount: [0, 2],
    targets: [2, 8],
    weight: [10, 8],
    requestNumber: [18, 8],
    requestLength: [26, 8],
    request: [34, 8],
    responseLength: [42, 8],
    response: [50, 8],
  },
} as const;

/** An entry of the list of targets. */
export const EP11_TARGET = { length: 4, fields: { adapter: [0, 2], domain: [2, 2] } } as const;

/** `bytes` has the length of the structure. Numbers above 2^53 lose their last digits: no address and no length is that large. */
export function readStruct<Name extends string>(layout: Layout<Name>, bytes: Uint8Array): Record<Name, number> {
  const view = viewOf(layout, bytes);
  const values: Partial<Record<Name, number>> = {};
  for (const name of Object.keys(layout.fields) as Name[]) {
    const [at, size] = layout.fields[name];
    values[name] = size === 2 ? view.getUint16(at) : size === 4 ? view.getUint32(at) : Number(view.getBigUint64(at));
  }
  return values as Record<Name, number>;
}

/** Writes the fields that are given, over what is there or into zeros. RangeError for a value that is no unsigned number of that size. */
export function writeStruct<Name extends string>(
  layout: Layout<Name>,
  values: Readonly<Partial<Record<Name, number>>>,
  bytes: Uint8Array = new Uint8Array(layout.length),
): Uint8Array {
  const view = viewOf(layout, bytes);
  for (const [name, value] of Object.entries(values) as [Name, number][]) {
    const [at, size] = layout.fields[name];
    if (!Number.isSafeInteger(value) || value < 0 || value >= 2 ** (8 * size))
      throw new RangeError(`expected ${name} as an unsigned number of ${size} bytes, got ${value}`);
    if (size === 2) view.setUint16(at, value);
    else if (size === 4) view.setUint32(at, value);
    else view.setBigUint64(at, BigInt(value));
  }
  return bytes;
}

function viewOf({ length }: { readonly length: number }, bytes: Uint8Array): DataView {
  if (bytes.length !== length) throw new RangeError(`expected a structure of ${length} bytes, got ${bytes.length}`);
  return new DataView(bytes.buffer, bytes.byteOffset, length);
}

const DOMAINS = 256;

/** For ZCRYPT_DEVICE_STATUS (`wide`, 256 adapters) and ZDEVICESTATUS (64): a word for each queue, by adapter and domain. */
export function encodeDeviceStatus(devices: Iterable<DeviceStatus>, adapters: 64 | 256): Uint8Array {
  const bytes = new Uint8Array(adapters * DOMAINS * 4);
  const view = new DataView(bytes.buffer);
  for (const device of devices) {
    const index = adapterOf(device.apqn) * DOMAINS + domainOf(device.apqn);
    view.setUint32(index * 4, deviceStatusWord(device, adapters === DOMAINS));
  }
  return bytes;
}

/** The old form has two bits less for the queue; what follows stands two bits higher. */
export function deviceStatusWord({ apqn, hwtype, functions, online }: DeviceStatus, wide: boolean): number {
  const shift = wide ? 0 : 2;
  const queue = wide ? apqn : apqn & 0x3fff;
  return ((hwtype << 24) | (queue << (8 + shift)) | (Number(online) << (7 + shift)) | (functions << (1 + shift))) >>> 0;
}

/** Of 32-bit words. */
export function encodeWords(words: Iterable<number>): Uint8Array {
  const list = [...words];
  const view = new DataView(new ArrayBuffer(list.length * 4));
  for (const [index, word] of list.entries()) view.setUint32(index * 4, word);
  return new Uint8Array(view.buffer);
}
