/**
 * Numbers in the messages of the FUSE protocol: they stand in the byte order of the machine (kernel: include/uapi/linux/fuse.h has plain
 * C structures).
 */
import { endianness } from 'node:os';

const HIGH = 0x1_0000_0000;

export interface ByteOrder {
  u16(bytes: Buffer, at: number): number;
  u32(bytes: Buffer, at: number): number;
  big(bytes: Buffer, at: number): bigint;
  /** A number of 64 bits that is an id, an offset or a count of ours; beyond 2^53 it is rounded, and then nobody knows it. */
  u64(bytes: Buffer, at: number): number;
  put16(bytes: Buffer, at: number, value: number): void;
  put32(bytes: Buffer, at: number, value: number): void;
  putSigned32(bytes: Buffer, at: number, value: number): void;
  put64(bytes: Buffer, at: number, value: number): void;
  putBig(bytes: Buffer, at: number, value: bigint): void;
}

export const LITTLE_ENDIAN: ByteOrder = {
  u16: (bytes, at) => bytes.readUInt16LE(at),
  u32: (bytes, at) => bytes.readUInt32LE(at),
  big: (bytes, at) => bytes.readBigUInt64LE(at),
  u64: (bytes, at) => bytes.readUInt32LE(at + 4) * HIGH + bytes.readUInt32LE(at),
  put16: (bytes, at, value) => void bytes.writeUInt16LE(value, at),
  put32: (bytes, at, value) => void bytes.writeUInt32LE(value, at),
  putSigned32: (bytes, at, value) => void bytes.writeInt32LE(value, at),
  put64(bytes, at, value) {
    bytes.writeUInt32LE(value % HIGH, at);
    bytes.writeUInt32LE(Math.floor(value / HIGH), at + 4);
  },
  putBig: (bytes, at, value) => void bytes.writeBigUInt64LE(value, at),
};

export const BIG_ENDIAN: ByteOrder = {
  u16: (bytes, at) => bytes.readUInt16BE(at),
  u32: (bytes, at) => bytes.readUInt32BE(at),
  big: (bytes, at) => bytes.readBigUInt64BE(at),
  u64: (bytes, at) => bytes.readUInt32BE(at) * HIGH + bytes.readUInt32BE(at + 4),
  put16: (bytes, at, value) => void bytes.writeUInt16BE(value, at),
  put32: (bytes, at, value) => void bytes.writeUInt32BE(value, at),
  putSigned32: (bytes, at, value) => void bytes.writeInt32BE(value, at),
  put64(bytes, at, value) {
    bytes.writeUInt32BE(Math.floor(value / HIGH), at);
    bytes.writeUInt32BE(value % HIGH, at + 4);
  },
  putBig: (bytes, at, value) => void bytes.writeBigUInt64BE(value, at),
};

export const HOST_ORDER: ByteOrder = endianness() === 'LE' ? LITTLE_ENDIAN : BIG_ENDIAN;
