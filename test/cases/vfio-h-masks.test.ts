/**
 * Cases H of vfio_ap: the masks of the host against what is assigned. H5, where the locks are only tried, is in test/designs/failures.test.ts.
 */
import { describe, expect, test } from 'vitest';
import { EADDRNOTAVAIL, EBUSY } from '../../src/base/errno.ts';
import { designByName } from '../../src/vfio-ap/locking/designs.ts';
import { SCENARIOS } from '../designs/scenarios.ts';
import { walk } from '../designs/walk.ts';
import { M1, M2, RUNTIMES, onHost } from '../helpers/host.ts';

const APMASK = '/sys/bus/ap/apmask';
const AQMASK = '/sys/bus/ap/aqmask';

const named = (log: readonly string[]): { queue: string; mdev: string }[] =>
  log.map((line) => JSON.parse(line) as { queue: string; mdev: string }).map(({ queue, mdev }) => ({ queue, mdev }));

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('vfio-H1: a mask bit that would take an assigned queue is refused', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      const [before, queue] = [await host.read(task, APMASK), host.queue(0x0504)];
      host.log.length = 0;
      host.happened();
      expect(await host.write(task, APMASK, '+5')).toBe(EBUSY);
      expect(named(host.log)).toEqual([{ queue: '05.0004', mdev: M1 }]);
      expect(await host.read(task, APMASK)).toBe(before);
      expect([host.driverOf('05.0004'), host.queue(0x0504), host.happened()]).toEqual(['vfio_ap', queue, []]);
      expect(await host.write(task, APMASK, '+6')).toBe(2);
      expect(host.driverOf('06.0004')).toBe('cex4queue');
    }));

  test('vfio-H3: bits can always be cleared', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.attach(task, 'guest1', M1);
      expect(await host.write(task, APMASK, '-0-255')).toBeGreaterThan(0);
      expect(await host.write(task, AQMASK, '-4')).toBe(2);
      expect(await host.status(task, '05.0004')).toBe('in use\n');
    }));

  test('a queue is in use whether a guest runs or not, and whether the host has it or not', () =>
    onHost(kind, {}, async (host, task) => {
      await host.write(task, APMASK, '-0x20');
      await host.create(task, M1, { adapters: [5, 0x20], domains: [4, 0x47] });
      await host.create(task, M2, { adapters: [6], domains: [4] });
      const before = await host.read(task, APMASK);
      host.log.length = 0;
      expect(await host.write(task, APMASK, '+0x20')).toBe(EBUSY);
      expect(named(host.log.splice(0))).toEqual(['20.0004', '20.0047'].map((queue) => ({ queue, mdev: M1 })));
      // The whole store is refused, also what nobody uses; the first mdev that is in the way is named.
      await host.attach(task, 'guest1', M1);
      expect(await host.write(task, APMASK, '+5,+6,-9')).toBe(EBUSY);
      expect(named(host.log)).toEqual(['05.0004', '05.0047'].map((queue) => ({ queue, mdev: M1 })));
      expect(await host.read(task, APMASK)).toBe(before);
      expect(host.masks('guest1')).toEqual({ apm: [5], aqm: [4, 0x47], adm: [] });
    }));

  test('domains are asked for like adapters, whatever the other mask says', () =>
    onHost(kind, {}, async (host, task) => {
      await host.write(task, AQMASK, '-4,-0x47');
      await host.create(task, M1, { adapters: [5], domains: [4] });
      const [apmask, aqmask] = [await host.read(task, APMASK), await host.read(task, AQMASK)];
      expect(await host.write(task, AQMASK, '+4')).toBe(EBUSY);
      // 05.0004 would still not be the host's by aqmask, but it could not be kept from it by apmask any more.
      expect(await host.write(task, APMASK, '+5')).toBe(EBUSY);
      expect(await host.read(task, APMASK)).toBe(apmask);
      expect(await host.read(task, AQMASK)).toBe(aqmask);
      expect(await host.write(task, AQMASK, '+0x47')).toBe(5);
    }));

  test("halves of queues are in nobody's way, until they would be whole", () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5] });
      expect(await host.write(task, APMASK, '+5')).toBe(2);
      expect(await host.store(task, M1, 'assign_domain', '4')).toBe(EADDRNOTAVAIL);
      expect(await host.store(task, M1, 'ap_config', '04,08,')).toBe(EADDRNOTAVAIL);
      expect(await host.show(task, M1, 'matrix')).toBe('05.\n');
      await host.write(task, APMASK, '-5');
      expect(await host.store(task, M1, 'assign_domain', '4')).toBe(1);
      expect(await host.show(task, M1, 'guest_matrix')).toBe('05.0004\n');
    }));

  test('what is unassigned can be taken by the host, and bits that are set are not asked for again', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      expect(await host.write(task, APMASK, '+7,+9')).toBe(5);
      await host.store(task, M1, 'unassign_domain', '4');
      expect(await host.write(task, APMASK, '+5')).toBe(2);
      expect(host.driverOf('05.0004')).toBe('cex4queue');
    }));
});

test('vfio-H7: without the mutex round the question and the assignment the host takes a queue that is assigned', async () => {
  const taken = new Set<string>();
  for (let seed = 1; seed <= 400 && taken.size === 0; seed++) {
    const { host, findings } = await walk('trylock-perms', SCENARIOS.masks, seed);
    const broken = findings.some(({ title }) => title.startsWith('invariant b: '));
    if (broken && host.driverOf('05.0004') === 'cex4queue') taken.add([...host.mdev(M1).matrix.inspect().apm.bits()].join());
  }
  expect(taken).toEqual(new Set(['5']));
  for (let seed = 1; seed <= 60; seed++) expect((await walk('guests-lock', SCENARIOS.masks, seed)).findings).toEqual([]);
});

test('kernel 5.15 asks nobody: the host takes an assigned queue', () =>
  onHost(
    'live',
    { spec: { kernel: '5.15' }, design: designByName('kvm-lock-outside')!, watch: false, leftovers: true },
    async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      expect(await host.write(task, APMASK, '+5')).toBe(2);
      expect(host.driverOf('05.0004')).toBe('cex4queue');
      expect(await host.show(task, M1, 'matrix')).toBe('05.0004\n');
    },
  ));
