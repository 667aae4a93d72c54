/**
 * Reference: the ioctls of an open vfio-ap device, each with its checks in order (vfio-ap 4.5).
 */
import { Err } from './errnos.ts';
import type { IoctlOperation } from './operations.ts';
import { resetAll } from './reset.ts';
import { linkedTo, type RefFd, type RefMdev, type World } from './world.ts';

/** `';'` and the number. */
export const Request = { GET_INFO: 0x3b6b, GET_IRQ_INFO: 0x3b6d, SET_IRQS: 0x3b6e, RESET: 0x3b6f } as const;

const INFO_SIZE = 16;
const HEADER_SIZE = 20;
const IRQS = 2;
const U32_MAX = 0xffff_ffff;
/** Bytes of an element by the bits of its data type: none, bool, eventfd. */
const ELEMENT: Readonly<Record<number, number>> = { 1: 0, 2: 1, 4: 4 };
const TRIGGER = 32;

const hex = (words: readonly number[]): string => words.map((word) => (word >>> 0).toString(16)).join(' ');

/** What the driver answers, and the words of the caller's struct afterwards. */
export function ioctl(world: World, mdev: RefMdev, operation: IoctlOperation): string {
  const words = operation.words.map((word) => word >>> 0);
  const result = perform(world, mdev, { ...operation, words });
  return `${result}: ${hex(words)}`;
}

interface Call extends IoctlOperation {
  /** Written to. */
  readonly words: number[];
}

function perform(world: World, mdev: RefMdev, call: Call): number {
  switch (call.request) {
    case Request.GET_INFO:
      return info(call, (words) => words.splice(1, 3, 0x21, 0, IRQS));
    case Request.GET_IRQ_INFO:
      return info(call, (words) => {
        if (words[2]! >= IRQS) return false;
        words[1] = 1;
        words[3] = 1;
        return true;
      });
    case Request.SET_IRQS:
      return setIrqs(world, mdev, call);
    case Request.RESET: {
      const queues = linkedTo(world, mdev);
      resetAll(world, queues);
      return queues.some(({ resetRc }) => resetRc !== 0) ? Err.EIO : 0;
    }
    default:
      return Err.EOPNOTSUPP;
  }
}

/** Copies 16 bytes in, fills them, copies them out. `fill` answers false to refuse them. */
function info({ words, mapped, writable }: Call, fill: (words: number[]) => unknown): number {
  if (mapped < INFO_SIZE) return Err.EFAULT;
  if (words[0]! < INFO_SIZE) return Err.EINVAL;
  const filled = [...words];
  if (fill(filled) === false) return Err.EINVAL;
  if (!writable) return Err.EFAULT;
  words.splice(0, words.length, ...filled);
  return 0;
}

function setIrqs(world: World, mdev: RefMdev, { words, mapped }: Call): number {
  if (mapped < HEADER_SIZE) return Err.EFAULT;
  const [argsz, flags, index, start, count, data] = words as [number, number, number, number, number, number];
  if (argsz < HEADER_SIZE || index >= IRQS || count >= U32_MAX - start || (flags & ~0x3f) !== 0) return Err.EINVAL;
  if (start >= 1 || start + count > 1) return Err.EINVAL;
  const size = ELEMENT[flags & 7];
  if (size === undefined || argsz - HEADER_SIZE < count * size) return Err.EINVAL;
  if ((flags & TRIGGER) === 0 || size !== 4) return Err.EINVAL;
  if (mapped < HEADER_SIZE + 4) return Err.EFAULT;
  const fd = eventfdOf(world, mdev, data | 0);
  if (typeof fd === 'number') return fd;
  mdev[index === 0 ? 'requestFd' : 'configFd'] = fd;
  return 0;
}

const STANDARD_FILES = 3;

/** Each process has the three standard files, the eventfds of the test, and those of QEMU while it has the device. */
function eventfdOf(world: World, mdev: RefMdev, fd: number): RefFd | null | number {
  if (fd < 0) return fd === -1 ? null : Err.EINVAL;
  if (fd < STANDARD_FILES) return Err.EINVAL;
  const { request, config } = mdev.guest!.qemu;
  return [...world.fds, request, config][fd - STANDARD_FILES] ?? Err.EBADF;
}
