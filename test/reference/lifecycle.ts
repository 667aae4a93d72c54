/**
 * Reference: mdevs and their guests (vfio-ap 4): create, remove, open, close, and what QEMU does around them.
 */
import { Err } from './errnos.ts';
import { clearMasks, push } from './filter.ts';
import { resetAll, unlink } from './reset.ts';
import { readNumber, readUuid } from './texts.ts';
import { linkedTo, makeMdev, type RefFd, type RefGuest, type RefMdev, type World } from './world.ts';

export const INSTANCES_MAX = 65536;

export function create(world: World, text: string): number {
  const uuid = readUuid(text);
  if (uuid === null) return Err.EINVAL;
  if (world.mdevs.some((mdev) => mdev.uuid === uuid)) return Err.EEXIST;
  world.mdevs.push(makeMdev(uuid));
  return 0;
}

/** One guest an mdev, one mdev a guest. */
function open(world: World, mdev: RefMdev, guest: RefGuest): number {
  if (mdev.guest !== null) return mdev.guest === guest ? 0 : Err.EBUSY;
  if (world.mdevs.some((other) => other.guest === guest)) return Err.EPERM;
  mdev.guest = guest;
  push(mdev);
  return 0;
}

function close(world: World, mdev: RefMdev): void {
  const { guest } = mdev;
  if (guest === null) return;
  clearMasks(guest);
  const queues = linkedTo(world, mdev);
  resetAll(world, queues);
  for (const queue of queues) queue.held = null;
  mdev.guest = null;
}

/** A second open of the same guest only counts; the one that is refused changes nothing. */
export function openAndClose(world: World, mdev: RefMdev, guest: RefGuest): number {
  const first = mdev.guest === null;
  const errno = open(world, mdev, guest);
  if (errno === 0 && first) close(world, mdev);
  return errno;
}

/** QEMU has room for one device, and registers its eventfds once it is open. */
export function attach(world: World, mdev: RefMdev | undefined, guest: RefGuest): number {
  if (mdev === undefined) return Err.ENODEV;
  if (world.mdevs.some((other) => other.guest === guest)) return Err.EBUSY;
  const errno = open(world, mdev, guest);
  if (errno !== 0) return errno;
  mdev.requestFd = guest.qemu.request;
  mdev.configFd = guest.qemu.config;
  return 0;
}

/** -ENODEV when the guest has none. */
export function detach(world: World, guest: RefGuest): number {
  const mdev = world.mdevs.find((each) => each.guest === guest);
  if (mdev === undefined) return Err.ENODEV;
  mdev.requestFd = null;
  mdev.configFd = null;
  close(world, mdev);
  return 0;
}

const signal = (fd: RefFd | null): void => {
  if (fd !== null) fd.signals++;
};

/** Blocks until the guest has given the device back, which it does when it is asked. */
export function remove(world: World, mdev: RefMdev, text: string): number {
  const value = readNumber(text);
  if (value < 0) return Err.EINVAL;
  if (value === 0) return 0;
  if (mdev.guest !== null) {
    clearMasks(mdev.guest);
    signal(mdev.configFd);
    signal(mdev.requestFd);
    detach(world, mdev.guest);
  }
  const queues = linkedTo(world, mdev);
  resetAll(world, queues);
  for (const queue of queues) unlink(world, queue);
  world.mdevs = world.mdevs.filter((other) => other !== mdev);
  return 0;
}
