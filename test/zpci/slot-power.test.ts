/**
 * Goal: the hang of the thread happens, is seen as a deadlock with all its parties at the first run, and does not happen when the state
 * lock is only tried. Method: a slot is switched off under a guest whose driver does I/O when it is shut down, on both runtimes.
 */
import { describe, expect, test } from 'vitest';
import { EIO, ENODEV, OK } from '../../src/base/errno.ts';
import { ControlledRuntime } from '../../src/runtime/controlled.ts';
import { zpciDesignByName, zpciDesignNames, ZPCI_DEFAULT_DESIGN } from '../../src/zpci/locking/designs.ts';
import { play, RUNTIMES, slotEvents, zpciWorld } from './world.ts';

const HANGS: readonly (readonly [design: string, lock: string])[] = [
  ['zdev-lock-held', 'zdev->lock'],
  ['pci-device-lock', '0000:00:00.0 dev->mutex'],
];

test('there are the designs of the thread, and the default is one that works', () => {
  expect(zpciDesignNames()).toEqual(['zdev-lock-held', 'pci-device-lock', 'zdev-trylock']);
  expect(ZPCI_DEFAULT_DESIGN).toBe('zdev-trylock');
  expect(zpciDesignByName('guests-lock')).toBeUndefined();
});

describe.each(RUNTIMES)('on the %s runtime', (_name, make, stuck) => {
  describe.each(HANGS)('%s', (design, lock) => {
    test('administrator, QEMU and guest wait for each other, and the report says for what', async () => {
      const world = zpciWorld(make(), design, { spec: { stores: 0 } });
      expect(await play(world)).toBe(stuck);
      const found = world.findings.filter(({ kind }) => kind === 'deadlock');
      expect(found).toHaveLength(1);
      const blocked = (found[0]!.blocked ?? []).toSorted((a, b) => a.pid - b.pid);
      expect(blocked.map(({ task, waitsFor, behind }) => [task, waitsFor, behind])).toEqual([
        ['guest1/main', 'guest1 gives up the function', ['guest1/vcpu0']],
        ['guest1/vcpu0', lock, ['admin']],
        ['admin', 'release of 0000001a', ['guest1/main', 'guest1/vcpu0']],
      ]);
      expect(blocked[2]!.holds).toEqual([
        '/sys/bus/pci/slots/0000001a/power',
        'zdev->lock',
        'pci_rescan_remove_lock',
        '0000:00:00.0 dev->mutex',
      ]);
    });

    test('the validator predicts it, by locks and waits alike; without the maps of waits, as Linux, it is silent', async () => {
      const own = zpciWorld(make(), design, { spec: { stores: 0 } });
      await play(own);
      expect(own.findings.filter(({ kind }) => kind === 'lock-order').length).toBeGreaterThan(0);
      const linux = zpciWorld(make(), design, { spec: { stores: 0 }, layer: { maps: false } });
      await play(linux);
      expect(linux.findings.map(({ kind }) => kind)).toEqual(['deadlock']);
    });

    test('a guest that stores nothing when it is shut down gives the function back', async () => {
      const world = zpciWorld(make(), design, { spec: { stores: 0, shutdownStores: 0 } });
      expect(await play(world)).toBe('done');
      expect(world.findings).toEqual([]);
      expect(world.host.zdev.state.inspect()).toBe('standby');
    });
  });

  test('zdev-trylock: the slot is off in the end, and the last store was refused', async () => {
    const world = zpciWorld(make(), 'zdev-trylock');
    expect(await play(world)).toBe('done');
    const { zdev, guest, qemu } = world.host;
    expect(world.findings).toEqual([]);
    expect([zdev.state.inspect(), qemu.attached, qemu.user.kvm.referenceCount, qemu.requestFd.referenceCount]).toEqual([
      'standby',
      false,
      1,
      0,
    ]);
    expect(guest.stored(EIO)).toBeGreaterThanOrEqual(1);
    expect(guest.stored(OK) + guest.stored(EIO) + guest.stored(ENODEV)).toBe(3);
    expect(zdev.stores).toBe(guest.stored(OK));
  });

  test('zdev-trylock: the slot can be switched on again', async () => {
    const world = zpciWorld(make(), 'zdev-trylock');
    expect(await play(world, slotEvents(['admin', false], ['admin', false, 'EIO'], ['admin', true], ['admin', true, 'EIO']))).toBe('done');
    expect(world.findings).toEqual([]);
    expect([world.host.zdev.state.inspect(), world.host.qemu.attached]).toEqual(['configured', false]);
  });

  test('zdev-trylock: of two who switch it off one is refused', async () => {
    const world = zpciWorld(make(), 'zdev-trylock');
    const outcome = await play(world, slotEvents(['admin', false, 'none'], ['other', false, 'none']));
    expect(outcome).toBe('done');
    expect(world.findings.map(({ title }) => title.replace(/^.*got /, '')).toSorted()).toEqual(['EIO', 'ok']);
  });
});

test.each(HANGS)('%s hangs in every schedule', async (design) => {
  for (let seed = 1; seed <= 150; seed++) {
    const world = zpciWorld(new ControlledRuntime({ seed }), design);
    const outcome = await play(world);
    const kinds = new Set(world.findings.map(({ kind }) => kind));
    expect([seed, outcome, [...kinds].toSorted()]).toEqual([seed, 'deadlock', ['deadlock', 'lock-order']]);
  }
});

test('zdev-trylock completes in every schedule; only what stores while the slot changes is refused', async () => {
  const taken = new Set<number>();
  for (let seed = 1; seed <= 150; seed++) {
    const world = zpciWorld(new ControlledRuntime({ seed }), 'zdev-trylock');
    const outcome = await play(world);
    expect([seed, outcome, world.findings]).toEqual([seed, 'done', []]);
    taken.add(world.host.zdev.stores);
  }
  // Everything before the switch, something, and nothing.
  expect([...taken].toSorted((a, b) => a - b)).toEqual([0, 1, 2]);
});
