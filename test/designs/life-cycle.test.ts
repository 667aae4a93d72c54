/**
 * Every design of the driver's history lets a guest use its device from attach to detach, on both runtimes; what is reported on the way
 * is what the design reads or writes without its own guard in any schedule.
 */
import { describe, expect, test } from 'vitest';
import { EBUSY } from '../../src/base/errno.ts';
import { designByName, designNames } from '../../src/vfio-ap/locking/designs.ts';
import { M1, RUNTIMES, onHost } from '../helpers/host.ts';
import { OFF, ON } from './scenarios.ts';

/** Designs whose handler, or stores, touch what they do not guard, or whose order is broken by a mere store to apmask. */
const REPORTED: Readonly<Record<string, readonly string[]>> = {
  'two-rwsems': ['data-race'],
  'pqap-rwsem': ['data-race'],
  'perms-inside': ['lock-order'],
  srcu: ['data-race'],
  'queue-lock': ['data-race'],
};

describe.each(designNames())('%s', (name) => {
  test.each(RUNTIMES)('a guest attaches, enables and disables an interrupt and detaches on the %s runtime', (kind) =>
    onHost(kind, { design: designByName(name)!, findings: true }, async (host, task) => {
      const { design } = host.machine.vfioAp;
      expect(design.name).toBe(name);
      await host.create(task, M1, { adapters: [5], domains: [4, 0x47], control: [4] });
      expect(await host.cpu('guest1').aqic(task, 0x0504, ON)).toMatchObject({ rc: 1 });
      expect(await host.attach(task, 'guest1', M1)).toBe(0);
      expect(host.masks('guest1')).toEqual({ apm: [5], aqm: [4, 0x47], adm: [4] });
      expect(await host.status(task, '05.0004')).toBe('in use\n');
      expect(await host.cpu('guest1').aqic(task, 0x0504, ON)).toMatchObject({ rc: 0, irqEnabled: true });
      expect(host.vm('guest1').kvm.gisa.referenceCount(ON.isc)).toBe(1);
      const written = await host.store(task, M1, 'assign_adapter', '6');
      if (design.hotPlug) expect(written).toBeGreaterThan(0);
      else expect(written).toBe(EBUSY);
      expect(host.masks('guest1').apm).toEqual(design.hotPlug ? [5, 6] : [5]);
      expect(await host.write(task, '/sys/bus/ap/apmask', '+5')).toBe(EBUSY);
      expect(await host.cpu('guest1', 1).aqic(task, 0x0504, OFF)).toMatchObject({ rc: 0 });
      expect(host.vm('guest1').kvm.gisa.totalReferences).toBe(0);
      expect(await host.mdev(M1).device.reset(task)).toBe(0);
      await host.detach(task, 'guest1');
      expect(host.masks('guest1')).toEqual({ apm: [], aqm: [], adm: [] });
      expect(await host.cpu('guest1').aqic(task, 0x0504, ON)).toMatchObject({ rc: 1 });
      expect(await host.store(task, M1, 'unassign_adapter', '5')).toBeGreaterThan(0);
      expect(await host.store(task, M1, 'remove', '1')).toBeGreaterThan(0);
      expect([...new Set(host.layer.findings.list.map((finding) => finding.kind))]).toEqual(REPORTED[name] ?? []);
    }),
  );

  test('a device that is removed under a running guest is given back first', () =>
    onHost('controlled', { design: designByName(name)!, findings: true }, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.attach(task, 'guest1', M1);
      expect(await host.store(task, M1, 'remove', '1')).toBeGreaterThan(0);
      expect(host.vm('guest1').qemu.attached).toBe(null);
      expect(host.masks('guest1')).toEqual({ apm: [], aqm: [], adm: [] });
      expect(host.machine.vfioAp.findMdev(M1)).toBe(null);
    }));
});
