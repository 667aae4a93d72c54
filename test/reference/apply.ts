/**
 * One operation on the reference world: what it answers (bytes, 0, a response code or a negative errno), and the state behind it.
 */
import { assign, replaceConfig, unassign, type Dimension } from './assignment.ts';
import { Err } from './errnos.ts';
import * as machine from './hardware.ts';
import { guestAqic, unmap } from './interrupts.ts';
import { ioctl } from './ioctls.ts';
import { attach, create, detach, openAndClose, remove } from './lifecycle.ts';
import { PAGE, SHOWN, STORAGE, type MdevAttribute, type Operation } from './operations.ts';
import { bind, storeMask, unbind } from './queues.ts';
import { scan } from './scan.ts';
import { type RefGuest, type RefMdev, type World } from './world.ts';

/** A number, or for an ioctl its number and the struct that it leaves. */
export type Answer = number | string;

/** What a store makes of its text: an empty write does not reach it, a long one does in part; bytes on success. */
function written(text: string, store: (text: string) => number): number {
  const bytes = Buffer.from(text);
  if (bytes.length === 0) return 0;
  const errno = store(bytes.length > PAGE ? bytes.subarray(0, PAGE).toString() : text);
  return errno < 0 ? errno : Math.min(bytes.length, PAGE);
}

const isShown = (attribute: MdevAttribute): boolean => (SHOWN as readonly string[]).includes(attribute);

function storeMdev(world: World, mdev: RefMdev, attribute: MdevAttribute): (text: string) => number {
  if (attribute === 'remove') return (text) => remove(world, mdev, text);
  if (attribute === 'ap_config') return (text) => replaceConfig(world, mdev, text);
  const [verb, ...rest] = attribute.split('_');
  const dimension = rest.join('_') as Dimension;
  return (text) => (verb === 'assign' ? assign : unassign)(world, mdev, dimension, text);
}

function onMdev(world: World, mdev: RefMdev | undefined, operation: Extract<Operation, { op: 'store' | 'read' }>): number {
  if (mdev === undefined) return Err.ENOENT;
  const { attribute } = operation;
  if (operation.op === 'read') return isShown(attribute) || attribute === 'ap_config' ? 0 : Err.EACCES;
  return isShown(attribute) ? Err.EACCES : written(operation.text, storeMdev(world, mdev, attribute));
}

/** `%d`: leading blanks and what follows the number do not count. */
function writeConfig(world: World, id: number, text: string): number {
  const card = world.cards.get(id);
  if (card === undefined) return Err.ENOENT;
  return written(text, (taken) => {
    const value = /^\s*(-?[0-9]+)/.exec(taken)?.[1];
    if (value === undefined || (Number(value) !== 0 && Number(value) !== 1)) return Err.EINVAL;
    const on = Number(value) === 1;
    if (card.config === on) return 0;
    const errno = machine.setState(world.hardware, id, { configured: on });
    if (errno === 0) card.config = on;
    return errno;
  });
}

function onHardware(
  world: World,
  operation: Extract<Operation, { op: 'plug' | 'unplug' | 'checkstop' | 'config' | 'domains' | 'scan' }>,
): number {
  const { hardware } = world;
  switch (operation.op) {
    case 'plug':
      return machine.plug(hardware, operation.id, operation.type);
    case 'unplug':
      return machine.unplug(hardware, operation.id);
    case 'checkstop':
      return machine.setState(hardware, operation.id, { checkstopped: operation.on });
    case 'config':
      return writeConfig(world, operation.id, operation.text);
    case 'domains':
      if (operation.use === 'usage') machine.setUsage(hardware, new Set(operation.ids));
      else hardware.control = new Set(operation.ids);
      return 0;
    case 'scan':
      scan(world);
      return 0;
  }
}

export function apply(world: World, operation: Operation): Answer {
  const mdev = 'uuid' in operation ? world.mdevs.find(({ uuid }) => uuid === operation.uuid) : undefined;
  const guest = 'guest' in operation ? world.guests.find(({ name }) => name === operation.guest) : undefined;
  switch (operation.op) {
    case 'create':
      return written(operation.text, (text) => create(world, text));
    case 'store':
    case 'read':
      return onMdev(world, mdev, operation);
    case 'mask':
      return written(operation.text, (text) => storeMask(world, operation.which, text));
    case 'bind':
      return written(operation.text, (text) => bind(world, operation.driver, text));
    case 'unbind':
      return written(operation.text, (text) => unbind(world, operation.driver, text));
    case 'ioctl':
      return mdev === undefined || mdev.guest === null ? Err.ENODEV : ioctl(world, mdev, operation);
    case 'attach':
    case 'open':
    case 'detach':
    case 'unmap':
    case 'map':
    case 'aqic':
      return onGuest(world, { operation, guest: guest!, mdev });
    default:
      return onHardware(world, operation);
  }
}

interface OnGuest {
  readonly operation: Extract<Operation, { op: 'attach' | 'open' | 'detach' | 'unmap' | 'map' | 'aqic' }>;
  readonly guest: RefGuest;
  readonly mdev: RefMdev | undefined;
}

function onGuest(world: World, { operation, guest, mdev }: OnGuest): number {
  switch (operation.op) {
    case 'attach':
      return attach(world, mdev, guest);
    case 'open':
      return mdev === undefined ? Err.ENODEV : openAndClose(world, mdev, guest);
    case 'detach':
      return detach(world, guest);
    case 'unmap':
      return unmap(world, guest, STORAGE);
    case 'map': {
      if (guest.mapped) return Err.EEXIST;
      guest.mapped = true;
      return 0;
    }
    case 'aqic':
      return guestAqic(world, guest, { ...operation, storage: STORAGE });
  }
}
