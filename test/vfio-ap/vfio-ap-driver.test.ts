/**
 * Goal: the driver answers the AP bus as the kernel's does: who is in the way of a mask, what a probe leaves when it fails, what is shown of a
 * queue while it is bound.
 * Method: masks, binds and unbinds through sysfs on a whole host.
 */
import { describe, expect, test } from 'vitest';
import { M1, M2, M3, RUNTIMES, onHost, type Host } from '../helpers/host.ts';

const EBUSY = -16;
const ENOENT = -2;
const APMASK = '/sys/bus/ap/apmask';

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly queue?: string;
  readonly mdev?: string;
}

const taken = (host: Host): (readonly [mdev: string | undefined, queue: string | undefined])[] =>
  host.log
    .map((line) => JSON.parse(line) as Line)
    .filter(({ level, msg }) => level === 40 && msg.startsWith('cannot reserve the queue for the host driver'))
    .map(({ mdev, queue }) => [mdev, queue]);

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('a mask that would take assigned queues is refused with a line for each queue of the first mdev in the way', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [0xff] });
      await host.create(task, M2, { adapters: [5, 6], domains: [4, 0xab] });
      await host.create(task, M3, { adapters: [6], domains: [0x47] });
      const before = await host.read(task, APMASK);
      host.log.length = 0;
      expect(await host.write(task, APMASK, '+6')).toBe(EBUSY);
      // M3 is in the way as well: nobody looks that far.
      expect(taken(host)).toEqual([
        [M2, '06.0004'],
        [M2, '06.00ab'],
      ]);
      expect(await host.read(task, APMASK)).toBe(before);
      expect(host.driverOf('06.0004')).toBe('vfio_ap');
    }));

  test('whether a guest runs does not matter, and what nobody is assigned is given back', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.attach(task, 'guest1', M1);
      host.log.length = 0;
      expect(await host.write(task, APMASK, '+5')).toBe(EBUSY);
      expect(taken(host)).toEqual([[M1, '05.0004']]);
      expect(await host.write(task, APMASK, '+6')).toBe(2);
      expect(host.driverOf('06.0004')).toBe('cex4queue');
    }));

  test('a queue is shown with a status from the end of its probe until it is unbound', () =>
    onHost(kind, {}, async (host, task) => {
      expect(await host.status(task, '05.0004')).toBe('unassigned\n');
      await host.unbind(task, '05.0004');
      expect(await host.status(task, '05.0004')).toBe(ENOENT);
      await host.bind(task, '05.0004');
      expect(await host.status(task, '05.0004')).toBe('unassigned\n');
    }));

  test('a queue that is bound anew has neither an interrupt nor the status of an earlier reset', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.attach(task, 'guest1', M1);
      expect((await host.cpu('guest1').aqic(task, 0x0504, { ir: true, isc: 3, nib: 0x20000 })).rc).toBe(0);
      const old = host.queue(0x0504);
      await host.unbind(task, '05.0004');
      await host.bind(task, '05.0004');
      const queue = host.queue(0x0504);
      expect(queue).not.toBe(old);
      expect([queue.savedIsc.inspect(), queue.savedIova.inspect(), queue.resetStatus.inspect().rc]).toEqual([0xff, 0, 0]);
      expect(queue.mdev.inspect()).toBe(host.mdev(M1));
    }));
});
