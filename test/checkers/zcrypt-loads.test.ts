/**
 * Goal: a load that is not the sum of what is under way is a finding, at once for a card and at rest for a queue.
 */
import { expect, test } from 'vitest';
import { watchLoads } from '../../src/checkers/zcrypt-loads.ts';
import { MDEV, SMALL_HOSTS } from '../helpers/small-host.ts';

test.each(SMALL_HOSTS)('loads that nobody owes are told, on the %s runtime', async (_name, run) => {
  const host = await run({
    admin: async (task, { machine }) => {
      const { layer, bus, sysfs } = machine;
      await sysfs.write(task, `${MDEV}/unassign_adapter`, '5');
      expect(await sysfs.write(task, '/sys/bus/ap/apmask', '+5')).toBe(2);
      const watch = watchLoads(machine, layer.findings);
      const file = bus.zcrypt.open();
      await file.deviceStatus(task);
      watch.atRest();
      expect(layer.findings.list).toEqual([]);
      const [card] = bus.zcrypt.cards.cards;
      const [queue] = card!.queues;
      queue!.load.begin(3, 0);
      await file.deviceStatus(task);
      expect(layer.findings.list).toEqual([]);
      watch.atRest();
      expect(layer.findings.list.map(({ title }) => title)).toEqual([
        'invariant: loads are what is under way: load of 05.0004 is 3, the requests under way weigh 0',
      ]);
      queue!.load.end(3, 0);
      file.release();
    },
  });
  expect(host.found()).toHaveLength(1);
});

test.each(SMALL_HOSTS)('a card is looked at whenever the lock of the loads is given back, on the %s runtime', async (_name, run) => {
  const host = await run({
    admin: async (task, { machine }) => {
      const { layer, bus } = machine;
      watchLoads(machine, layer.findings);
      const file = bus.zcrypt.open();
      const [card] = bus.zcrypt.cards.cards;
      card!.load.begin(0, 8);
      await file.deviceStatus(task);
      file.release();
    },
  });
  expect(host.found()).toEqual(['invariant: invariant: loads are what is under way: load of card05 is 0, the requests under way weigh 8']);
});
