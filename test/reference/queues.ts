/**
 * Reference: queues and their drivers (ap-bus 3.3 to 3.6, vfio-ap 6.1 and 6.2), and the masks that decide between them (3.2, 5.10).
 */
import * as machine from './hardware.ts';
import { Err } from './errnos.ts';
import { push, queuesOf, refilter } from './filter.ts';
import { both, same, without, type Ids } from './ids.ts';
import { resetAll, resetQueue, unlink } from './reset.ts';
import { cText, readMask } from './texts.ts';
import { apqnOf, ownerOf, queueName, type DriverName, type RefQueue, type World } from './world.ts';

const reserved = (world: World, { adapter, domain }: RefQueue): boolean => world.apmask.has(adapter) && world.aqmask.has(domain);

/** A driver takes the queue; false when it may not. */
function probe(world: World, queue: RefQueue, driver: DriverName): boolean {
  if (reserved(world, queue) !== (driver === 'cex4queue')) return false;
  queue.driver = driver;
  if (driver === 'cex4queue') return true;
  queue.resetRc = machine.Rc.NORMAL;
  queue.held = null;
  const owner = ownerOf(world, queue);
  if (owner === undefined) return true;
  queue.mdev = owner;
  // The end of the scan filters once for all that comes.
  if (owner.pending.apm.size === 0 && owner.pending.aqm.size === 0) refilter(world, owner);
  return true;
}

/** In the order in which the drivers were registered. */
function probeAny(world: World, queue: RefQueue): void {
  if (!probe(world, queue, 'cex4queue')) probe(world, queue, 'vfio_ap');
}

function leaveVfio(world: World, queue: RefQueue): void {
  const { mdev, adapter, domain } = queue;
  if (mdev !== null && mdev.shadow.apm.has(adapter) && mdev.shadow.aqm.has(domain)) {
    mdev.shadow.apm.delete(adapter);
    push(mdev);
    resetAll(world, queuesOf(world, mdev, new Set([adapter])));
  } else if (world.info.apm.has(adapter) && world.info.aqm.has(domain)) resetQueue(world, queue);
  unlink(world, queue);
}

function detachDriver(world: World, queue: RefQueue): void {
  if (queue.driver === null) return;
  if (queue.driver === 'vfio_ap') leaveVfio(world, queue);
  queue.driver = null;
  // The bus cleans up behind every driver.
  machine.zapq(world.hardware, queue);
}

const byName = (world: World, text: string): RefQueue | undefined => {
  const name = cText(text).replace(/\n$/, '');
  return [...world.queues.values()].find((queue) => queueName(queue) === name);
};

/** -ENODEV, also when the masks give it to the other driver; -EBUSY when it has a driver. */
export function bind(world: World, driver: DriverName, text: string): number {
  const queue = byName(world, text);
  if (queue === undefined) return Err.ENODEV;
  if (queue.driver !== null) return Err.EBUSY;
  return probe(world, queue, driver) ? 0 : Err.ENODEV;
}

export function unbind(world: World, driver: DriverName, text: string): number {
  const queue = byName(world, text);
  if (queue === undefined || queue.driver !== driver) return Err.ENODEV;
  detachDriver(world, queue);
  return 0;
}

/** Does an mdev have one of these adapters (or domains), in any domain (of any adapter)? Warns of each APQN of the first one that does. */
function inUse(world: World, which: 'apm' | 'aqm', ids: Ids): boolean {
  for (const { uuid, matrix } of world.mdevs) {
    const adapters = which === 'apm' ? both(matrix.apm, ids) : matrix.apm;
    const domains = which === 'aqm' ? both(matrix.aqm, ids) : matrix.aqm;
    if (adapters.size === 0 || domains.size === 0) continue;
    for (const adapter of adapters) for (const domain of domains) world.warnings.push(`${queueName({ adapter, domain })} ${uuid}`);
    return true;
  }
  return false;
}

export function storeMask(world: World, which: 'apm' | 'aqm', text: string): number {
  const name = which === 'apm' ? 'apmask' : 'aqmask';
  const next = readMask(text, world[name]);
  if (next === null) return Err.EINVAL;
  if (same(next, world[name])) return 0;
  const taken = without(next, world[name]);
  if (taken.size > 0 && inUse(world, which, taken)) return Err.EBUSY;
  world[name] = next;
  for (const queue of world.queues.values()) {
    if (queue.driver !== null && reserved(world, queue) === (queue.driver === 'cex4queue')) continue;
    detachDriver(world, queue);
    probeAny(world, queue);
  }
  return 0;
}

export const addQueue = (world: World, adapter: number, domain: number): void => {
  const queue: RefQueue = { adapter, domain, driver: null, mdev: null, resetRc: machine.Rc.NORMAL, held: null };
  world.queues.set(apqnOf(adapter, domain), queue);
  probeAny(world, queue);
};

export const dropQueue = (world: World, queue: RefQueue): void => {
  detachDriver(world, queue);
  world.queues.delete(apqnOf(queue.adapter, queue.domain));
};
