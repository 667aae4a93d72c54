/**
 * Cases A and B of vfio_ap: the example with three guests, and who may share what.
 */
import { describe, expect, test } from 'vitest';
import { EADDRINUSE, EADDRNOTAVAIL } from '../../src/base/errno.ts';
import { CardFunction } from '../../src/crypto-adapters/card-type.ts';
import { CRYCB_FORMAT2 } from '../../src/kvm/crycb.ts';
import { RUNTIMES, M1, M2, M3, onHost, type Host } from '../helpers/host.ts';
import type { Task } from '../../src/runtime/task.ts';

const APMASK = '/sys/bus/ap/apmask';
const AQMASK = '/sys/bus/ap/aqmask';
const AP_TEXT = '0xf9ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff';
const AQ_TEXT = '0xf7fffffffffffffffeffffffffffffffffffffffffeffffffffffffffffffffe';
const EIGHT = ['05.0004', '05.0047', '05.00ab', '05.00ff', '06.0004', '06.0047', '06.00ab', '06.00ff'];
const ALL_ONES = { apmask: null, aqmask: null };
/** APCB1 of each guest of the example: adapters, domains, control domains. */
const APCBS = {
  guest1: [`06${'0'.repeat(62)}`, `08${'0'.repeat(40)}1${'0'.repeat(21)}`, '0'.repeat(64)],
  guest2: [`04${'0'.repeat(62)}`, `${'0'.repeat(17)}1${'0'.repeat(45)}1`, '0'.repeat(64)],
  guest3: [`02${'0'.repeat(62)}`, `${'0'.repeat(17)}1${'0'.repeat(45)}1`, '0'.repeat(64)],
};

const owners = (host: Host): (string | null)[] => EIGHT.map((name) => host.driverOf(name));
const lines = (...names: string[]): string => names.map((name) => `${name}\n`).join('');

async function threeMdevs(host: Host, task: Task): Promise<void> {
  await host.create(task, M1, { adapters: [5, 6], domains: [4, 0xab] });
  await host.create(task, M2, { adapters: [5], domains: [0x47, 0xff] });
  await host.create(task, M3, { adapters: [6], domains: [0x47, 0xff] });
}

async function threeGuests(host: Host, task: Task): Promise<void> {
  await threeMdevs(host, task);
  for (const [name, uuid] of [
    ['guest1', M1],
    ['guest2', M2],
    ['guest3', M3],
  ] as const)
    expect(await host.attach(task, name, uuid)).toBe(0);
}

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('vfio-A1: queues are reserved by relative lists', () =>
    onHost(kind, { spec: ALL_ONES }, async (host, task) => {
      expect(new Set(owners(host))).toEqual(new Set(['cex4queue']));
      await host.write(task, APMASK, '-5,-6');
      expect(await host.read(task, APMASK)).toBe(`${AP_TEXT}\n`);
      expect(new Set(owners(host))).toEqual(new Set(['vfio_ap']));
      const queues = EIGHT.map((name) => host.queue(parseInt(name.replace('.00', ''), 16)));
      await host.write(task, AQMASK, '-4,-0x47,-0xab,-0xff');
      expect(await host.read(task, AQMASK)).toBe(`${AQ_TEXT}\n`);
      expect(new Set(owners(host))).toEqual(new Set(['vfio_ap']));
      // None of them was taken away and given back.
      expect(EIGHT.map((name) => host.queue(parseInt(name.replace('.00', ''), 16)))).toEqual(queues);
    }));

  test.each([
    [APMASK, AP_TEXT],
    [AQMASK, AQ_TEXT],
  ])('vfio-A2: queues are reserved by the absolute value of %s alone', (path, text) =>
    onHost(kind, { spec: ALL_ONES }, async (host, task) => {
      expect(await host.write(task, path, text)).toBe(66);
      expect(await host.read(task, path)).toBe(`${text}\n`);
      expect(new Set(owners(host))).toEqual(new Set(['vfio_ap']));
    }),
  );

  test('vfio-A3, vfio-A4, vfio-A5: three mdevs share adapters and domains, but no queue', () =>
    onHost(kind, {}, async (host, task) => {
      await threeMdevs(host, task);
      const expected = [
        [M1, lines('05.0004', '05.00ab', '06.0004', '06.00ab')],
        [M2, lines('05.0047', '05.00ff')],
        [M3, lines('06.0047', '06.00ff')],
      ] as const;
      for (const [uuid, text] of expected) {
        expect(await host.show(task, uuid, 'matrix')).toBe(text);
        expect(await host.show(task, uuid, 'guest_matrix')).toBe(text);
      }
    }));

  test('vfio-A7: ap_config shows the three masks of guest 1', () =>
    onHost(kind, {}, async (host, task) => {
      await threeMdevs(host, task);
      const text = await host.show(task, M1, 'ap_config');
      expect(text).toBe(`0x${APCBS.guest1.join(',0x')}\n`);
      expect(text).toHaveLength(201);
      expect(await host.show(task, M2, 'ap_config')).toBe(`0x${APCBS.guest2.join(',0x')}\n`);
    }));

  test('the example can be made by ap_config as well', () =>
    onHost(kind, {}, async (host, task) => {
      for (const uuid of [M1, M2, M3]) await host.create(task, uuid);
      expect(await host.store(task, M1, 'ap_config', `06,08${'0'.repeat(40)}1,`)).toBe(47);
      expect(await host.store(task, M2, 'ap_config', `04,${'0'.repeat(17)}1${'0'.repeat(45)}1,`)).toBe(68);
      expect(await host.show(task, M1, 'guest_matrix')).toBe(lines('05.0004', '05.00ab', '06.0004', '06.00ab'));
      expect(await host.show(task, M2, 'guest_matrix')).toBe(lines('05.0047', '05.00ff'));
    }));

  test('vfio-A6: each guest sees its own cards and domains', () =>
    onHost(kind, {}, async (host, task) => {
      await threeGuests(host, task);
      expect(host.masks('guest1')).toEqual({ apm: [5, 6], aqm: [4, 0xab], adm: [] });
      expect(host.masks('guest2')).toEqual({ apm: [5], aqm: [0x47, 0xff], adm: [] });
      expect(host.masks('guest3')).toEqual({ apm: [6], aqm: [0x47, 0xff], adm: [] });
      const expected = { guest1: [0x0504, 0x05ab, 0x0604, 0x06ab], guest2: [0x0547, 0x05ff], guest3: [0x0647, 0x06ff] };
      for (const [name, apqns] of Object.entries(expected)) {
        const cpu = host.cpu(name);
        const seen: number[] = [];
        for (const adapter of [5, 6]) {
          for (const domain of [4, 0x47, 0xab, 0xff]) {
            const apqn = (adapter << 8) | domain;
            const inside = await cpu.tapq(task, apqn);
            if (inside.status.rc === 1) continue;
            seen.push(apqn);
            expect(inside.info).toEqual((await host.hardware.tapq(task, apqn)).info);
          }
        }
        expect(seen).toEqual(apqns);
        const qci = await cpu.qci(task);
        expect({ apm: [...qci!.apm.bits()], aqm: [...qci!.aqm.bits()] }).toEqual({ apm: host.masks(name).apm, aqm: host.masks(name).aqm });
      }
      const tapq = async (apqn: number): Promise<number> => (await host.cpu('guest1').tapq(task, apqn)).info!.functions;
      expect([((await tapq(0x0504)) & CardFunction.CCA) !== 0, ((await tapq(0x0604)) & CardFunction.ACCEL) !== 0]).toEqual([true, true]);
      for (const [name, apcb] of Object.entries(APCBS)) {
        const { kvm } = host.vm(name);
        expect(kvm.crypto.crycbd & 3).toBe(CRYCB_FORMAT2);
        expect(Buffer.from(kvm.crycb().subarray(0x80, 0xe0)).toString('hex')).toBe(apcb.join(''));
      }
      for (const queue of EIGHT) expect(await host.status(task, queue)).toBe('in use\n');
    }));

  test('vfio-A8: a domain that would share a queue is refused, and the owner named', () =>
    onHost(kind, {}, async (host, task) => {
      await threeMdevs(host, task);
      host.log.length = 0;
      expect(await host.store(task, M2, 'assign_domain', '4')).toBe(EADDRINUSE);
      expect(host.log).toHaveLength(1);
      expect(JSON.parse(host.log[0]!)).toMatchObject({ mdev: M2, queue: '05.0004', owner: M1 });
      expect(await host.show(task, M2, 'matrix')).toBe(lines('05.0047', '05.00ff'));
    }));

  test('vfio-A9: a guest that ends leaves its queues reset and assigned', () =>
    onHost(kind, {}, async (host, task) => {
      await threeGuests(host, task);
      host.happened();
      expect(await host.detach(task, 'guest1')).toBe(true);
      expect(host.masks('guest1')).toEqual({ apm: [], aqm: [], adm: [] });
      const [first, ...resets] = host.happened();
      expect(first).toBe('masks guest1');
      expect(resets.toSorted()).toEqual(['reset 05.0004', 'reset 05.00ab', 'reset 06.0004', 'reset 06.00ab']);
      for (const queue of ['05.0004', '05.00ab', '06.0004', '06.00ab']) expect(await host.status(task, queue)).toBe('assigned\n');
      expect(await host.show(task, M1, 'guest_matrix')).toBe(lines('05.0004', '05.00ab', '06.0004', '06.00ab'));
      expect(host.masks('guest2')).toEqual({ apm: [5], aqm: [0x47, 0xff], adm: [] });
      expect(await host.status(task, '06.00ff')).toBe('in use\n');
    }));

  test('vfio-B1: the same adapters with another domain are no sharing', () =>
    onHost(kind, {}, async (host, task) => {
      await host.write(task, APMASK, '-1,-2');
      await host.create(task, M1, { adapters: [1, 2], domains: [5, 6] });
      await host.create(task, M2);
      host.log.length = 0;
      for (const [attribute, id] of [
        ['assign_adapter', '1'],
        ['assign_adapter', '2'],
        ['assign_domain', '7'],
      ] as const)
        expect(await host.store(task, M2, attribute, id)).toBe(1);
      expect(await host.show(task, M2, 'matrix')).toBe(lines('01.0007', '02.0007'));
      expect(host.log).toEqual([]);
    }));

  test('vfio-B3: the one queue that would be shared is refused and named', () =>
    onHost(kind, {}, async (host, task) => {
      await host.write(task, APMASK, '-1,-2');
      await host.create(task, M1, { adapters: [1, 2], domains: [5, 6] });
      await host.create(task, M2, { adapters: [1], domains: [7] });
      host.log.length = 0;
      expect(await host.store(task, M2, 'assign_domain', '6')).toBe(EADDRINUSE);
      expect(host.log.map((line) => JSON.parse(line) as object)).toMatchObject([{ level: 40, mdev: M2, queue: '01.0006', owner: M1 }]);
      expect(host.log).toHaveLength(1);
      expect(await host.show(task, M2, 'matrix')).toBe('01.0007\n');
    }));

  test('vfio-B5: the order of assignment does not matter', () =>
    onHost(kind, {}, async (host, task) => {
      await host.write(task, APMASK, '-1,-2');
      await host.create(task, M1, { adapters: [1, 2], domains: [5, 6] });
      await host.create(task, M2, { adapters: [1] });
      expect(await host.store(task, M2, 'assign_domain', '5')).toBe(EADDRINUSE);
      expect(await host.show(task, M2, 'matrix')).toBe('01.\n');
    }));

  test('vfio-B7: what the host reserves is not available', () =>
    onHost(kind, { spec: { apmask: `0x7d${'0'.repeat(62)}`, aqmask: `0x80${'0'.repeat(62)}` } }, async (host, task) => {
      await host.create(task, M1, { domains: [0] });
      expect(await host.store(task, M1, 'assign_adapter', '3')).toBe(EADDRNOTAVAIL);
      expect(await host.show(task, M1, 'matrix')).toBe('.0000\n');
      await host.assign(task, M1, { adapters: [6, 0] });
      await host.create(task, M2, { domains: [1], adapters: [3] });
      expect(await host.show(task, M2, 'matrix')).toBe('03.0001\n');
    }));

  test('vfio-B9: an adapter that the host does not have can be assigned', () =>
    onHost(kind, {}, async (host, task) => {
      await host.write(task, APMASK, '-0x20');
      await host.create(task, M1, { domains: [4], adapters: [0x20] });
      expect(await host.show(task, M1, 'matrix')).toBe('20.0004\n');
      expect(await host.show(task, M1, 'guest_matrix')).toBe('.0004\n');
    }));

  test('every shared queue is named, of the first mdev that shares, and the mdev keeps what it had', () =>
    onHost(kind, {}, async (host, task) => {
      await host.write(task, APMASK, '-1,-2');
      await host.create(task, M1, { adapters: [1, 2], domains: [5, 6] });
      await host.create(task, M2, { adapters: [1, 2], domains: [7] });
      await host.create(task, M3, { domains: [6, 5, 7] });
      host.log.length = 0;
      expect(await host.store(task, M3, 'assign_adapter', '2')).toBe(EADDRINUSE);
      expect(host.log.map((line) => JSON.parse(line) as object)).toMatchObject([
        { mdev: M3, queue: '02.0005', owner: M1 },
        { mdev: M3, queue: '02.0006', owner: M1 },
      ]);
      expect(await host.show(task, M3, 'matrix')).toBe('.0005\n.0006\n.0007\n');
      await host.assign(task, M3, { adapters: [5] });
      expect(await host.store(task, M3, 'assign_adapter', '2')).toBe(EADDRINUSE);
    }));

  test('disjoint adapters may have the same domains, disjoint domains the same adapters', () =>
    onHost(kind, {}, async (host, task) => {
      await host.write(task, APMASK, '-1-4');
      await host.create(task, M1, { adapters: [1, 2], domains: [5, 6] });
      await host.create(task, M2, { adapters: [3, 4], domains: [5, 6] });
      await host.create(task, M3, { adapters: [1, 2, 3, 4], domains: [7] });
      expect(await host.show(task, M2, 'matrix')).toBe(lines('03.0005', '03.0006', '04.0005', '04.0006'));
    }));

  test('a queue is free again when its adapter is unassigned, or its mdev removed', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.create(task, M2, { adapters: [5] });
      expect(await host.store(task, M2, 'assign_domain', '4')).toBe(EADDRINUSE);
      await host.store(task, M1, 'unassign_adapter', '5');
      expect(await host.store(task, M2, 'assign_domain', '4')).toBe(1);
      expect(await host.store(task, M1, 'assign_adapter', '5')).toBe(EADDRINUSE);
      expect(await host.status(task, '05.0004')).toBe('assigned\n');
      await host.store(task, M2, 'remove', '1');
      expect(await host.status(task, '05.0004')).toBe('unassigned\n');
      expect(await host.store(task, M1, 'assign_adapter', '5')).toBe(1);
    }));

  test('what the host reserves is asked for first: a queue that is also shared is not available', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.create(task, M2, { domains: [4] });
      await host.assign(task, M2, { adapters: [6] });
      host.log.length = 0;
      await host.create(task, M3, { adapters: [5, 7] });
      expect(await host.store(task, M3, 'assign_domain', '4')).toBe(EADDRNOTAVAIL);
      expect(host.log).toEqual([]);
      await host.store(task, M3, 'unassign_adapter', '7');
      expect(await host.store(task, M3, 'assign_domain', '4')).toBe(EADDRINUSE);
      expect(host.log).toHaveLength(1);
    }));

  test("control domains are nobody's own", () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { control: [4, 0x99] });
      await host.create(task, M2, { control: [4, 0x99, 0xff] });
      expect(await host.show(task, M2, 'control_domains')).toBe('0004\n0099\n00ff\n');
    }));
});
