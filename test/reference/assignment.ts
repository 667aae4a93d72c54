/**
 * Reference: assign_*, unassign_* (vfio-ap 5.2 to 5.4) and ap_config (5.8).
 */
import { Err } from './errnos.ts';
import { filterControl, push, refilter } from './filter.ts';
import { both, copyOf, without, type Ids, type Masks } from './ids.ts';
import { resetQueue, unlink } from './reset.ts';
import { readApConfig, readNumber } from './texts.ts';
import { linkedTo, queueName, type RefMdev, type World } from './world.ts';

export type Dimension = 'adapter' | 'domain' | 'control_domain';

const FIELD = { adapter: 'apm', domain: 'aqm', control_domain: 'adm' } as const;

/** 0 when nothing in the matrix is reserved for the host or belongs to another mdev. */
function refusal(world: World, mdev: RefMdev, matrix: Masks): number {
  if (both(matrix.apm, world.apmask).size > 0 && both(matrix.aqm, world.aqmask).size > 0) return Err.EADDRNOTAVAIL;
  for (const other of world.mdevs) {
    if (other === mdev) continue;
    const adapters = both(matrix.apm, other.matrix.apm);
    const domains = both(matrix.aqm, other.matrix.aqm);
    if (adapters.size === 0 || domains.size === 0) continue;
    for (const adapter of adapters) for (const domain of domains) world.warnings.push(`${queueName({ adapter, domain })} ${other.uuid}`);
    return Err.EADDRINUSE;
  }
  return 0;
}

/** Queues bound to vfio_ap whose APQN is in the matrix now belong to it. */
function link(world: World, mdev: RefMdev): void {
  for (const queue of world.queues.values()) {
    if (queue.driver !== 'vfio_ap' || queue.mdev !== null) continue;
    if (mdev.matrix.apm.has(queue.adapter) && mdev.matrix.aqm.has(queue.domain)) queue.mdev = mdev;
  }
}

/** Takes ids of one dimension out of the shadow and the links: the guest first, then the resets. */
function unplugIds(world: World, mdev: RefMdev, dimension: 'adapter' | 'domain', ids: Ids): void {
  const { shadow } = mdev;
  const field = FIELD[dimension];
  const leaving = linkedTo(world, mdev).filter((queue) => ids.has(queue[dimension]));
  const given = leaving.filter(({ adapter, domain }) => shadow.apm.has(adapter) && shadow.aqm.has(domain));
  const left = without(shadow[field], ids);
  const changed = left.size !== shadow[field].size;
  shadow[field] = left;
  if (changed) push(mdev);
  for (const queue of given) resetQueue(world, queue);
  for (const queue of leaving) unlink(world, queue);
}

function assignControl(world: World, mdev: RefMdev, id: number): void {
  mdev.matrix.adm.add(id);
  if (filterControl(world, mdev)) push(mdev);
}

export function assign(world: World, mdev: RefMdev, dimension: Dimension, text: string): number {
  const id = readNumber(text);
  if (id < 0) return id;
  const field = FIELD[dimension];
  if (id > (dimension === 'adapter' ? world.limits.adapter : world.limits.domain)) return Err.ENODEV;
  if (mdev.matrix[field].has(id)) return 0;
  if (dimension === 'control_domain') {
    assignControl(world, mdev, id);
    return 0;
  }
  const tentative = copyOf(mdev.matrix);
  tentative[field].add(id);
  const refused = refusal(world, mdev, tentative);
  if (refused !== 0) return refused;
  mdev.matrix = tentative;
  link(world, mdev);
  refilter(world, mdev);
  return 0;
}

export function unassign(world: World, mdev: RefMdev, dimension: Dimension, text: string): number {
  const id = readNumber(text);
  if (id < 0) return id;
  const field = FIELD[dimension];
  if (id > (dimension === 'adapter' ? world.limits.adapter : world.limits.domain)) return Err.ENODEV;
  if (!mdev.matrix[field].delete(id)) return 0;
  if (dimension === 'control_domain') {
    if (mdev.shadow.adm.delete(id)) push(mdev);
  } else unplugIds(world, mdev, dimension, new Set([id]));
  return 0;
}

export function replaceConfig(world: World, mdev: RefMdev, text: string): number {
  const next = readApConfig(text);
  if (next === null) return Err.EINVAL;
  const refused = refusal(world, mdev, next);
  if (refused !== 0) return refused;
  const { adapter, domain } = world.limits;
  const beyond = (ids: Ids, highest: number): boolean => [...ids].some((id) => id > highest);
  if (beyond(next.apm, adapter) || beyond(next.aqm, domain) || beyond(next.adm, domain)) return Err.ENODEV;
  unplugIds(world, mdev, 'adapter', without(mdev.matrix.apm, next.apm));
  unplugIds(world, mdev, 'domain', without(mdev.matrix.aqm, next.aqm));
  mdev.matrix = next;
  link(world, mdev);
  refilter(world, mdev, { changed: filterControl(world, mdev) });
  return 0;
}
