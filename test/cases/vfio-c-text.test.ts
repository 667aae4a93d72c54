/**
 * Cases C of vfio_ap: what the assignment attributes make of their text.
 */
import { describe, expect, test } from 'vitest';
import { EINVAL, ENODEV, ERANGE } from '../../src/base/errno.ts';
import { QciFlag } from '../../src/crypto-adapters/qci.ts';
import type { GuestsLock } from '../../src/vfio-ap/locking/guests-lock.ts';
import { M1, RUNTIMES, onHost } from '../helpers/host.ts';

const SIX = ['adapter', 'domain', 'control_domain'].flatMap((what) => [`assign_${what}`, `unassign_${what}`]);
/** The host keeps nothing for itself, so that only the text decides. */
const FREE = { apmask: '0x00', aqmask: '0x00' };

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('vfio-C1: five spellings of adapter 5', () =>
    onHost(kind, { spec: FREE }, async (host, task) => {
      await host.create(task, M1);
      for (const text of ['5', '0x5', '005', '+5', '5\n']) {
        expect([text, await host.store(task, M1, 'assign_adapter', text)]).toEqual([text, text.length]);
        expect(await host.show(task, M1, 'matrix')).toBe('05.\n');
        expect(await host.store(task, M1, 'unassign_adapter', text)).toBe(text.length);
        expect(await host.show(task, M1, 'matrix')).toBe('');
      }
    }));

  test('vfio-C3: a leading zero means octal', () =>
    onHost(kind, { spec: FREE }, async (host, task) => {
      await host.create(task, M1);
      expect(await host.store(task, M1, 'assign_adapter', '010')).toBe(3);
      expect(await host.show(task, M1, 'matrix')).toBe('08.\n');
    }));

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

  test('vfio-C7: without APXA there are 64 adapters and 16 domains', () =>
    onHost(kind, { spec: FREE }, async (host, task) => {
      const full = host.hardware.currentQci();
      host.hardware.currentQci = () => ({ ...full, flags: (full.flags & ~QciFlag.APXA) >>> 0 });
      await host.create(task, M1);
      expect(await host.store(task, M1, 'assign_adapter', '63')).toBe(2);
      expect(await host.store(task, M1, 'assign_adapter', '64')).toBe(ENODEV);
      expect(await host.store(task, M1, 'assign_domain', '15')).toBe(2);
      expect(await host.store(task, M1, 'assign_domain', '16')).toBe(ENODEV);
      expect(await host.store(task, M1, 'assign_control_domain', '16')).toBe(ENODEV);
      expect(await host.show(task, M1, 'matrix')).toBe('3f.000f\n');
    }));

  test('vfio-C9: nothing happens when an id is not assigned', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.attach(task, 'guest1', M1);
      host.happened();
      for (const what of ['adapter', 'domain', 'control_domain']) expect(await host.store(task, M1, `unassign_${what}`, '9')).toBe(1);
      expect(host.happened()).toEqual([]);
      expect(await host.show(task, M1, 'matrix')).toBe('05.0004\n');
    }));

  test('vfio-C11: the text is read under the locks', () =>
    onHost(kind, {}, async (host, task) => {
      await host.create(task, M1);
      const lock = (host.machine.vfioAp.design as GuestsLock)['guestsLock'];
      let answer: number | null = null;
      const guard = await lock.acquire(task);
      const writer = host.rt.spawn('writer', async (t) => {
        answer = await host.store(t, M1, 'assign_adapter', 'garbage');
      });
      while (writer.blockedOn !== lock && writer.op !== lock) await host.rt.sleep(task, 1);
      expect(answer).toBe(null);
      guard.release();
      await host.rt.join(task, writer);
      expect(answer).toBe(EINVAL);
    }));
});
