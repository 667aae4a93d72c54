/**
 * Goal: who has a queue, and who shares one, is found without going through every mdev, and is what going through all of them would find.
 * Method: random stores to some mdevs, their creation and removal; after each of them the two answers are compared for random queues.
 */
import { expect, test } from 'vitest';
import { ApMask } from '../../src/base/ap-mask.ts';
import { adapterOf, apqnOf, domainOf } from '../../src/base/apqn.ts';
import { Prng } from '../../src/base/prng.ts';
import type { Task } from '../../src/runtime/task.ts';
import { mdevUuid } from '../../src/scenario/mdev-uuid.ts';
import type { ApMatrixMdev } from '../../src/vfio-ap/ap-matrix-mdev.ts';
import { apqnsOf, hasApqn, type ApMatrix } from '../../src/vfio-ap/ap-matrix.ts';
import { findMdev } from '../../src/vfio-ap/driver-steps.ts';
import { sharedWith } from '../../src/vfio-ap/sharing.ts';
import { CREATE, onHost, type Host } from '../helpers/host.ts';

const MDEVS = 12;
const IDS = 6;
const FREE = { apmask: '0x00', aqmask: '0x00' };

const someIds = (random: Prng): ApMask => ApMask.from(Array.from({ length: IDS }, (_, id) => id).filter(() => random.oneIn(3)));

/** As the kernel does it: the first of the list. */
function byWalk(host: Host, wanted: ApMatrix, assignee: ApMatrixMdev | null): { owner: string; apqns: number[] } | null {
  for (const other of host.machine.vfioAp.matrixDev.mdevs.inspect()) {
    const { apm, aqm } = other.matrix.inspect();
    const apqns = other === assignee ? [] : apqnsOf({ apm: apm.and(wanted.apm), aqm: aqm.and(wanted.aqm), adm: ApMask.EMPTY });
    if (apqns.length > 0) return { owner: other.name, apqns };
  }
  return null;
}

async function compare(host: Host, task: Task, random: Prng): Promise<void> {
  const { matrixDev, design } = host.machine.vfioAp;
  const mdevs = matrixDev.mdevs.inspect();
  const assignee = mdevs.length === 0 || random.oneIn(4) ? null : random.pick(mdevs);
  const wanted: ApMatrix = { apm: someIds(random), aqm: someIds(random), adm: ApMask.EMPTY };
  const apqn = apqnOf(random.below(IDS), random.below(IDS));
  const found = await design.inspect(task, () => ({
    shared: sharedWith(task, matrixDev, wanted, assignee),
    owner: findMdev(task, matrixDev, apqn),
  }));
  expect(found.shared === null ? null : { owner: found.shared.owner.name, apqns: found.shared.apqns }).toEqual(
    byWalk(host, wanted, assignee),
  );
  expect(found.owner).toBe(mdevs.find((mdev) => hasApqn(mdev.matrix.inspect(), adapterOf(apqn), domainOf(apqn))) ?? null);
}

test.each([1, 2, 3, 4])('the same as a walk over the list, seed %i', (seed) =>
  onHost('controlled', { spec: FREE, seed }, async (host, task) => {
    const random = new Prng(seed);
    let refused = 0;
    for (let step = 0; step < 300; step++) {
      const uuid = mdevUuid(`m${random.below(MDEVS)}`);
      const id = `${random.below(IDS)}`;
      const config = `${someIds(random).toString()},${someIds(random).toString()},`;
      const written = random.oneIn(10)
        ? host.machine.vfioAp.findMdev(uuid) === null
          ? await host.write(task, CREATE, uuid)
          : await host.store(task, uuid, 'remove', '1')
        : random.oneIn(4)
          ? await host.store(task, uuid, 'ap_config', config)
          : await host.store(task, uuid, `${random.oneIn(4) ? 'unassign' : 'assign'}_${random.oneIn(2) ? 'adapter' : 'domain'}`, id);
      if (written < 0) refused++;
      await compare(host, task, random);
    }
    // Otherwise nothing would have been shared.
    expect(refused).toBeGreaterThan(30);
  }),
);

test('mdevs that have neither the adapters nor the domains are not looked at', () =>
  onHost('live', { spec: FREE, watch: false }, async (host, task) => {
    const { assigned } = host.machine.vfioAp.matrixDev;
    // Sixteen mdevs stand on each adapter, eight on each domain.
    for (let i = 0; i < 128; i++) await host.create(task, mdevUuid(`m${i}`), { adapters: [i & 7], domains: [i >> 3] });
    const names = (mdevs: Iterable<ApMatrixMdev> | null): string[] => [...mdevs!].map(({ name }) => name).toSorted();
    const those = (wanted: (i: number) => boolean): string[] =>
      Array.from({ length: 128 }, (_, i) => i)
        .filter(wanted)
        .map((i) => mdevUuid(`m${i}`))
        .toSorted();
    expect(names(assigned.mayOwn(apqnOf(3, 2)))).toEqual(those((i) => i >> 3 === 2));
    expect(names(assigned.mayShare({ apm: ApMask.of(3), aqm: ApMask.upTo(9) }))).toEqual(those((i) => (i & 7) === 3));
    expect(names(assigned.mayShare({ apm: ApMask.FULL, aqm: ApMask.of(2, 7) }))).toEqual(those((i) => [2, 7].includes(i >> 3)));
    expect(names(assigned.mayShare({ apm: ApMask.FULL, aqm: ApMask.EMPTY }))).toEqual([]);
    expect(assigned.mayShare({ apm: ApMask.FULL, aqm: ApMask.FULL })).toBe(null);
    await host.store(task, mdevUuid('m3'), 'remove', '1');
    expect(names(assigned.mayOwn(apqnOf(3, 0)))).toEqual(those((i) => i >> 3 === 0 && i !== 3));
  }));
