/**
 * Reference: a scan of the AP bus (ap-bus 4) with what vfio_ap does at its start and at its end (vfio-ap 6.3 to 6.5).
 */
import { filterControl, filterMatrix, push, queuesOf } from './filter.ts';
import { ascending, both, noMasks, sameMasks, without, type Ids, type Masks } from './ids.ts';
import { addQueue, dropQueue } from './queues.ts';
import { resetAll } from './reset.ts';
import { apqnOf, configurationOf, type World } from './world.ts';

const FIELDS = ['apm', 'aqm', 'adm'] as const;

/** `CEX4A` and later. */
const isSupported = (type: string): boolean => Number(type[3]) >= 4;

const minus = (a: Masks, b: Masks): Masks => ({ apm: without(a.apm, b.apm), aqm: without(a.aqm, b.aqm), adm: without(a.adm, b.adm) });

/** Guests lose at once what the host has lost; what it has won is remembered until its queues are there. */
function configChanged(world: World, next: Masks): void {
  const removed = minus(world.info, next);
  const added = minus(next, world.info);
  // DECISION (Q9 off): an added adapter is asked for its type in any domain of the host; without one nobody can be asked, and it stays.
  if (next.aqm.size > 0) added.apm = new Set([...added.apm].filter((adapter) => isSupported(world.hardware.adapters.get(adapter)!.type)));
  for (const mdev of world.mdevs) {
    let changed = false;
    for (const field of FIELDS) {
      const left = without(mdev.shadow[field], removed[field]);
      changed ||= left.size !== mdev.shadow[field].size;
      mdev.shadow[field] = left;
    }
    if (changed) push(mdev);
    for (const field of FIELDS) mdev.pending[field] = both(added[field], mdev.matrix[field]);
  }
  world.info = next;
}

function scanComplete(world: World): void {
  for (const mdev of world.mdevs) {
    const { apm, aqm, adm } = mdev.pending;
    const filtered = apm.size > 0 || aqm.size > 0 ? filterMatrix(world, mdev) : { changed: false, lost: new Set<number>() };
    const control = adm.size > 0 && filterControl(world, mdev);
    if (filtered.changed || control) push(mdev);
    resetAll(world, queuesOf(world, mdev, filtered.lost));
    mdev.pending = noMasks();
  }
}

function dropCard(world: World, adapter: number): void {
  for (const queue of [...world.queues.values()]) if (queue.adapter === adapter) dropQueue(world, queue);
  world.cards.delete(adapter);
}

function scanAdapter(world: World, adapter: number, domains: Ids): void {
  const found = world.hardware.adapters.get(adapter);
  if (found === undefined || domains.size === 0) return dropCard(world, adapter);
  const known = world.cards.get(adapter);
  // No card device is made for an adapter before CEX4.
  if (!isSupported(found.type)) return dropCard(world, adapter);
  if (known !== undefined && known.type !== found.type) dropCard(world, adapter);
  world.cards.set(adapter, { type: found.type, config: found.configured });
  const there = [...world.queues.values()].map((queue) => queue.domain);
  for (const domain of ascending(new Set([...domains, ...there]))) {
    const queue = world.queues.get(apqnOf(adapter, domain));
    if (!domains.has(domain)) {
      if (queue !== undefined) dropQueue(world, queue);
    } else if (queue === undefined) addQueue(world, adapter, domain);
  }
}

export function scan(world: World): void {
  const next = configurationOf(world.hardware);
  const changed = !sameMasks(world.info, next);
  if (changed) configChanged(world, next);
  for (const adapter of ascending(new Set([...world.cards.keys(), ...next.apm]))) scanAdapter(world, adapter, next.aqm);
  if (changed) scanComplete(world);
}
