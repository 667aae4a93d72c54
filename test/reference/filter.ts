/**
 * Reference: which part of an mdev's matrix its guest is given (vfio-ap 5.5, 5.6), and handing it over (5.7, 4.7).
 */
import { ascending, both, copyOf, noMasks, same, type Ids } from './ids.ts';
import { passable, resetAll } from './reset.ts';
import { apqnOf, linkedTo, type RefGuest, type RefMdev, type RefQueue, type World } from './world.ts';

/** The shadow becomes the CRYCB of the guest, if there is one. */
export function push(mdev: RefMdev): void {
  if (mdev.guest === null) return;
  mdev.guest.masks = copyOf(mdev.shadow);
  mdev.guest.writes++;
  if (mdev.configFd !== null) mdev.configFd.signals++;
}

export function clearMasks(guest: RefGuest): void {
  guest.masks = noMasks();
  guest.writes++;
}

interface Filtered {
  readonly changed: boolean;
  /** Adapters that the guest had and is losing. */
  readonly lost: Ids;
}

export function filterMatrix(world: World, mdev: RefMdev): Filtered {
  const before = copyOf(mdev.shadow);
  const { matrix, shadow } = mdev;
  shadow.apm = both(matrix.apm, world.info.apm);
  shadow.aqm = both(matrix.aqm, world.info.aqm);
  const lost: Ids = new Set();
  for (const adapter of ascending(shadow.apm)) {
    const complete = [...shadow.aqm].every((domain) => {
      const queue = world.queues.get(apqnOf(adapter, domain));
      return queue !== undefined && queue.mdev === mdev && passable(queue);
    });
    if (complete) continue;
    shadow.apm.delete(adapter);
    if (before.apm.has(adapter)) lost.add(adapter);
  }
  return { changed: !same(before.apm, shadow.apm) || !same(before.aqm, shadow.aqm), lost };
}

export function filterControl(world: World, mdev: RefMdev): boolean {
  const before = mdev.shadow.adm;
  mdev.shadow.adm = both(mdev.matrix.adm, world.info.adm);
  return !same(before, mdev.shadow.adm);
}

/** Linked queues of these adapters in the domains of the shadow. */
export function queuesOf(world: World, mdev: RefMdev, adapters: Ids): RefQueue[] {
  return linkedTo(world, mdev).filter(({ adapter, domain }) => adapters.has(adapter) && mdev.shadow.aqm.has(domain));
}

/** Filter, and let the guest know before the queues it lost are reset. */
export function refilter(world: World, mdev: RefMdev, also: { readonly changed: boolean } = { changed: false }): void {
  const { changed, lost } = filterMatrix(world, mdev);
  if (changed || also.changed) push(mdev);
  resetAll(world, queuesOf(world, mdev, lost));
}
