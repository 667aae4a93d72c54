/**
 * Cases C of vfio_ap: what the assignment attributes make of their text.
 */
import { describe, expect, test } from 'vitest';
import { EINVAL, ENODEV, ERANGE } from '../../src/base/errno.ts';
import { QciFlag } from '../../src/crypto-adapters/qci.ts';
import type { GuestsLock } from '../../src/vfio-ap/locking/guests-lock.ts';
import { M1, RUNTIMES, onHost, type Host } from '../helpers/host.ts';

/** What is assigned, where it is shown, and how when it is 5 alone. */
const THREE = [
  ['adapter', 'matrix', '05.\n'],
  ['domain', 'matrix', '.0005\n'],
  ['control_domain', 'control_domains', '0005\n'],
] as const;
const SIX = THREE.flatMap(([what]) => [`assign_${what}`, `unassign_${what}`]);
/** The host keeps nothing for itself, so that only the text decides. */
const FREE = { apmask: '0x00', aqmask: '0x00' };

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test.each(THREE)('vfio-C1: five spellings of %s 5', (what, attribute, five) =>
    onHost(kind, { spec: FREE }, async (host, task) => {
      await host.create(task, M1);
      for (const text of ['5', '0x5', '005', '+5', '5\n']) {
        expect([text, await host.store(task, M1, `assign_${what}`, text)]).toEqual([text, text.length]);
        expect(await host.show(task, M1, attribute)).toBe(five);
        expect(await host.store(task, M1, `unassign_${what}`, text)).toBe(text.length);
        expect(await host.show(task, M1, attribute)).toBe('');
      }
    }),
  );

  test.each(THREE)('vfio-C3: a leading zero means octal: %s', (what, attribute, five) =>
    onHost(kind, { spec: FREE }, async (host, task) => {
      await host.create(task, M1);
      expect(await host.store(task, M1, `assign_${what}`, '010')).toBe(3);
      expect(await host.show(task, M1, attribute)).toBe(five.replace('5', '8'));
      expect(await host.store(task, M1, `unassign_${what}`, '010')).toBe(3);
      expect(await host.show(task, M1, attribute)).toBe('');
    }),
  );

  test('vfio-C5: numbers that do not fit and text that is no number are refused by all six attributes', () =>
    onHost(kind, { spec: FREE }, async (host, task) => {
      await host.create(task, M1);
      for (const attribute of SIX) {
        expect(await host.store(task, M1, attribute, '99999999999999999999')).toBe(ERANGE);
        expect(await host.store(task, M1, attribute, '256')).toBe(ENODEV);
        for (const text of [' 5', '5 ', '-1', '0x', '08', '5\n\n', 'five'])
          expect([text, await host.store(task, M1, attribute, text)]).toEqual([text, EINVAL]);
      }
      expect(await host.show(task, M1, 'matrix')).toBe('');
      expect(await host.show(task, M1, 'control_domains')).toBe('');
    }));

  test.each<[string, (host: Host) => void]>([
    [
      'vfio-C7: without APXA there are 64 adapters and 16 domains',
      ({ hardware }) => {
        const full = hardware.currentQci();
        hardware.currentQci = () => ({ ...full, flags: (full.flags & ~QciFlag.APXA) >>> 0 });
      },
    ],
    [
      'without QCI nobody tells of APXA, and there are as many',
      ({ hardware }) => void Object.assign(hardware, { facilities: { ...hardware.facilities, qci: false } }),
    ],
  ])('%s', (_what, withoutApxa) =>
    onHost(kind, { spec: FREE }, async (host, task) => {
      withoutApxa(host);
      await host.create(task, M1);
      expect(await host.store(task, M1, 'assign_adapter', '63')).toBe(2);
      expect(await host.store(task, M1, 'assign_adapter', '64')).toBe(ENODEV);
      expect(await host.store(task, M1, 'assign_domain', '15')).toBe(2);
      expect(await host.store(task, M1, 'assign_domain', '16')).toBe(ENODEV);
      expect(await host.store(task, M1, 'assign_control_domain', '15')).toBe(2);
      expect(await host.store(task, M1, 'assign_control_domain', '16')).toBe(ENODEV);
      expect([await host.show(task, M1, 'matrix'), await host.show(task, M1, 'control_domains')]).toEqual(['3f.000f\n', '000f\n']);
      for (const [what, last, beyond] of [
        ['adapter', '63', '64'],
        ['domain', '15', '16'],
        ['control_domain', '15', '16'],
      ] as const) {
        expect(await host.store(task, M1, `unassign_${what}`, beyond)).toBe(ENODEV);
        expect(await host.store(task, M1, `unassign_${what}`, last)).toBe(2);
      }
      expect([await host.show(task, M1, 'matrix'), await host.show(task, M1, 'control_domains')]).toEqual(['', '']);
    }),
  );

  test('vfio-C9: nothing happens when an id is not assigned', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.attach(task, 'guest1', M1);
      host.happened();
      for (const what of ['adapter', 'domain', 'control_domain']) expect(await host.store(task, M1, `unassign_${what}`, '9')).toBe(1);
      expect(host.happened()).toEqual([]);
      expect(await host.show(task, M1, 'matrix')).toBe('05.0004\n');
    }));

  test('nothing happens when an id is assigned already', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4], control: [4] });
      await host.attach(task, 'guest1', M1);
      host.happened();
      expect(await host.store(task, M1, 'assign_adapter', '0x5\n')).toBe(4);
      expect(await host.store(task, M1, 'assign_domain', '04')).toBe(2);
      expect(await host.store(task, M1, 'assign_control_domain', '+4')).toBe(2);
      expect(host.happened()).toEqual([]);
      expect(await host.show(task, M1, 'matrix')).toBe('05.0004\n');
    }));

  test('the first and the last id, in every base, and the first that is none', () =>
    onHost(kind, { spec: FREE }, async (host, task) => {
      await host.create(task, M1);
      for (const text of ['0', '0xFF', '+0X0f', '0377', '00', '0000000000000000000000000000077'])
        expect([text, await host.store(task, M1, 'assign_control_domain', text)]).toEqual([text, text.length]);
      expect(await host.show(task, M1, 'control_domains')).toBe('0000\n000f\n003f\n00ff\n');
      for (const text of ['0x100', '0400', '256', '18446744073709551615', '0xffffffffffffffff', '65541'])
        expect([text, await host.store(task, M1, 'assign_adapter', text)]).toEqual([text, ENODEV]);
      for (const text of ['18446744073709551616', '0x10000000000000000', '02000000000000000000000', '99999999999999999999x'])
        expect([text, await host.store(task, M1, 'unassign_domain', text)]).toEqual([text, ERANGE]);
      for (const text of ['\n', '+', '+-1', '++1', '0b1', '5,6', '0x5g', '5\n5', '\n5', '\t5', '5\r\n'])
        expect([text, await host.store(task, M1, 'assign_domain', text)]).toEqual([text, EINVAL]);
      // Not a store at all.
      expect(await host.store(task, M1, 'assign_adapter', '')).toBe(0);
      expect(await host.show(task, M1, 'matrix')).toBe('');
    }));

  test('a control domain that the guest does not have leaves without a push', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { control: [4, 0x47, 0x99] });
      await host.attach(task, 'guest1', M1);
      expect(host.masks('guest1').adm).toEqual([4, 0x47]);
      host.happened();
      expect(await host.store(task, M1, 'unassign_control_domain', '0x99')).toBe(4);
      expect(host.happened()).toEqual([]);
      expect(await host.store(task, M1, 'unassign_control_domain', '4')).toBe(1);
      expect(host.happened()).toEqual(['masks guest1']);
      expect(host.masks('guest1').adm).toEqual([0x47]);
      expect(await host.show(task, M1, 'control_domains')).toBe('0047\n');
    }));

  test('what is shown: queues, halves of queues, nothing, and at most a page of whole lines', () =>
    onHost(kind, { spec: FREE }, async (host, task) => {
      await host.create(task, M1);
      expect(await host.show(task, M1, 'matrix')).toBe('');
      await host.assign(task, M1, { adapters: [0, 0xab] });
      expect(await host.show(task, M1, 'matrix')).toBe('00.\nab.\n');
      await host.store(task, M1, 'ap_config', ',8001,');
      expect(await host.show(task, M1, 'matrix')).toBe('.0000\n.000f\n');
      const all = 'f'.repeat(64);
      await host.store(task, M1, 'ap_config', `${all},${all},${all}`);
      const text = String(await host.show(task, M1, 'matrix'));
      expect(text).toHaveLength(511 * 8);
      expect(text.startsWith('00.0000\n')).toBe(true);
      expect(text.endsWith('\n01.00fe\n')).toBe(true);
      expect(String(await host.show(task, M1, 'control_domains'))).toHaveLength(256 * 5);
    }));

  test.each(SIX)('vfio-C11: the text of %s is read under the locks', (attribute) =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1);
      const design = host.machine.vfioAp.design as GuestsLock;
      for (const lock of [design['guestsLock'], design['mdevsLock']]) {
        let answer: number | null = null;
        const guard = await lock.acquire(task);
        const writer = host.rt.spawn('writer', async (t) => {
          answer = await host.store(t, M1, attribute, 'garbage');
        });
        while (writer.blockedOn !== lock && writer.op !== lock) await host.rt.sleep(task, 1);
        expect(answer).toBe(null);
        guard.release();
        await host.rt.join(task, writer);
        expect(answer).toBe(EINVAL);
      }
    }),
  );

  test('only what may take a queue from the host waits for the masks of the host', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], control: [4] });
      const { attrMutex } = host.machine.vfioAp.matrixDev.host.bus;
      const guard = await attrMutex.acquire(task);
      for (const [attribute, text] of [
        ['unassign_adapter', '5'],
        ['unassign_domain', '4'],
        ['assign_control_domain', '5'],
        ['unassign_control_domain', '4'],
      ] as const)
        expect(await host.store(task, M1, attribute, text)).toBe(1);
      let stored = 0;
      const writers = ['assign_adapter', 'assign_domain', 'ap_config'].map((attribute) =>
        host.rt.spawn(attribute, async (t) => {
          expect(await host.store(t, M1, attribute, 'garbage')).toBe(EINVAL);
          stored++;
        }),
      );
      for (const writer of writers) while (writer.blockedOn !== attrMutex && writer.op !== attrMutex) await host.rt.sleep(task, 1);
      expect(stored).toBe(0);
      guard.release();
      for (const writer of writers) await host.rt.join(task, writer);
      expect(stored).toBe(3);
    }));
});
