/**
 * The caller of an ioctl: which of its storage can be read and written, and what its descriptors stand for.
 */
import { describe, expect, test } from 'vitest';
import { EBADF, EINVAL, OK } from '../../src/base/errno.ts';
import { LiveRuntime } from '../../src/runtime/live.ts';
import { Eventfd } from '../../src/vfio/eventfd.ts';
import { FileTable } from '../../src/vfio/file-table.ts';
import { structOf } from '../../src/vfio/ioctl.ts';
import { UserMemory } from '../../src/vfio/user-memory.ts';

describe('storage', () => {
  test('a copy needs every byte of it, and is one', () => {
    const memory = new UserMemory();
    const { address, bytes } = memory.map(structOf(0x01020304, 0x80000000));
    expect(memory.copyFrom(address, 8)?.getUint32(0)).toBe(0x01020304);
    expect(memory.copyFrom(address + 1, 7)?.getUint32(0)).toBe(0x02030480);
    const copy = memory.copyFrom(address, 8)!;
    bytes[0] = 9;
    expect(copy.getUint8(0)).toBe(1);
    for (const [at, length] of [
      [address, 9],
      [address - 1, 4],
      [address + 8, 1],
      [0, 1],
    ] as const) {
      expect([at, memory.copyFrom(at, length)]).toEqual([at, null]);
    }
  });

  test('a write reaches what the process sees, all of it or nothing, and nothing of a read-only region', () => {
    const memory = new UserMemory();
    const region = memory.map(structOf(1, 2));
    expect(memory.copyTo(region.address + 4, structOf(7))).toBe(true);
    expect(memory.copyTo(region.address + 4, structOf(8, 9))).toBe(false);
    expect(region.bytes).toEqual(structOf(1, 7));
    const fixed = memory.map(structOf(1), { writable: false });
    expect([memory.copyTo(fixed.address, structOf(2)), memory.copyFrom(fixed.address, 4)?.getUint32(0)]).toEqual([false, 1]);
  });

  test('regions never touch, and one that was unmapped is gone', () => {
    const memory = new UserMemory();
    const regions = [1, 4096, 4095, 0].map((length) => memory.map(new Uint8Array(length)));
    for (const { address, bytes } of regions) expect(memory.copyFrom(address, bytes.length + 1)).toBe(null);
    memory.unmap(regions[0]!);
    expect(memory.copyFrom(regions[0]!.address, 1)).toBe(null);
    expect(memory.copyFrom(regions[1]!.address, 4096)?.byteLength).toBe(4096);
  });
});

test('descriptors are the lowest free ones behind the standard files; an eventfd is told from other files', () => {
  const files = new FileTable(new LiveRuntime(1));
  const eventfd = new Eventfd('fd', () => undefined);
  expect([files.open(eventfd), files.open({ name: 'file' }), files.open(eventfd)]).toEqual([3, 4, 5]);
  expect(eventfd.referenceCount).toBe(2);
  expect([files.getEventfd(3), files.getEventfd(5), eventfd.referenceCount]).toEqual([eventfd, eventfd, 4]);
  expect([0, 1, 2, 4].map((fd) => files.getEventfd(fd))).toEqual([EINVAL, EINVAL, EINVAL, EINVAL]);
  expect([6, -1, 1.5].map((fd) => files.getEventfd(fd))).toEqual([EBADF, EBADF, EBADF]);
  expect([files.close(3), files.close(4), files.close(4), eventfd.referenceCount]).toEqual([OK, OK, EBADF, 3]);
  expect([files.getEventfd(3), files.open({ name: 'next' }), files.open(eventfd), files.open(eventfd)]).toEqual([EBADF, 3, 4, 6]);
});
