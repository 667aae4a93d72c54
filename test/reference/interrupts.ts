/**
 * Reference: AQIC of a guest (vfio-ap 8.2 to 8.5) and the unmap of its storage (4.8), as far as they are seen without time.
 */
import * as machine from './hardware.ts';
import { disableInterrupt } from './reset.ts';
import { apqnOf, linkedTo, type RefGuest, type RefQueue, type World } from './world.ts';

export interface AqicRequest {
  readonly adapter: number;
  readonly domain: number;
  readonly enable: boolean;
  readonly isc: number;
  readonly nib: number;
}

/** Response code that the guest gets. */
export function guestAqic(world: World, guest: RefGuest, request: AqicRequest & { readonly storage: number }): number {
  const mdev = world.mdevs.find((each) => each.guest === guest);
  const queue = world.queues.get(apqnOf(request.adapter, request.domain));
  // Neither the masks nor the shadow count: an assigned and bound queue is served.
  if (mdev === undefined || queue === undefined || queue.mdev !== mdev) return machine.Rc.NOT_AVAILABLE;
  return request.enable ? enable(world, queue, { ...request, guest }) : disableInterrupt(world, queue);
}

interface Enable extends AqicRequest {
  readonly storage: number;
  readonly guest: RefGuest;
}

function enable(world: World, queue: RefQueue, { guest, isc, nib, storage }: Enable): number {
  if (nib === 0 || nib >= storage || !guest.mapped) return machine.Rc.INVALID_ADDRESS;
  const rc = machine.aqic(world.hardware, queue, true);
  if (rc === machine.Rc.NORMAL) queue.held = { guest, isc };
  else if (rc !== machine.Rc.UNCHANGED) disableInterrupt(world, queue);
  return rc;
}

/** Bytes unmapped. */
export function unmap(world: World, guest: RefGuest, storage: number): number {
  if (!guest.mapped) return 0;
  for (const mdev of world.mdevs) {
    if (mdev.guest !== guest) continue;
    for (const queue of linkedTo(world, mdev)) if (queue.held !== null) disableInterrupt(world, queue);
  }
  guest.mapped = false;
  return storage;
}
