/**
 * Goal: the hang of the thread reads like the thread's dump and says more: who holds what, who waits for what behind whom, to the end.
 * Method: the reports of one run, whole; lines of the sources are left out of them.
 */
import { expect, test } from 'vitest';
import type { LockLayerOptions } from '../../src/locks/lock-layer.ts';
import { findingLines } from '../../src/report/finding-text.ts';
import { ControlledRuntime } from '../../src/runtime/controlled.ts';
import { FirstStrategy } from '../helpers/first-strategy.ts';
import { play, zpciWorld } from './world.ts';

/** What a run under `zdev-lock-held` that hangs reports of it, as text; predictions left out. */
async function hang(layer: LockLayerOptions): Promise<string[]> {
  const rt = new ControlledRuntime({ seed: 1, strategy: new FirstStrategy() });
  const world = zpciWorld(rt, 'zdev-lock-held', { spec: { stores: 0 }, layer });
  const watch = world.layer.watchHungTasks({ limitMs: Number.POSITIVE_INFINITY });
  expect(await play(world)).toBe('deadlock');
  watch.lastLook();
  const seen = world.findings.filter(({ kind }) => kind !== 'lock-order');
  return seen.map((finding) =>
    findingLines(finding, 'design zdev-lock-held')
      .join('\n')
      .replaceAll(/\.ts:\d+/g, '.ts'),
  );
}

test('the deadlock is reported like this, when the last of them blocks', async () => {
  expect(await hang({})).toEqual([
    `\
==============================================================================
deadlock of 3 tasks: guest1/vcpu0 waits for zdev->lock, admin waits for release of 0000001a, guest1/main waits for
guest1 gives up the function
design zdev-lock-held
------------------------------------------------------------------------------
3 tasks blocked at 0.000 s:

 guest1/vcpu0/1002
   waits for  zdev->lock
   holds      guest1 gives up the function, guest1 QEMU big lock, release of 0000001a
   behind     admin

 admin/1003
   waits for  release of 0000001a
   holds      /sys/bus/pci/slots/0000001a/power, zdev->lock, pci_rescan_remove_lock, 0000:00:00.0 dev->mutex
   behind     guest1/main, guest1/vcpu0

 guest1/main/1001
   waits for  guest1 gives up the function
   holds      release of 0000001a
   behind     guest1/vcpu0

Who waits for whom:
  guest1/vcpu0 -> admin -> guest1/main -> guest1/vcpu0

 *** DEADLOCK ***
==============================================================================`,
  ]);
});

test('the dump of hung tasks is this, where nobody looks for deadlocks', async () => {
  expect(await hang({ waitFor: false })).toEqual([
    `\
==============================================================================
admin has been waiting for release of 0000001a for 0.000 s
design zdev-lock-held
------------------------------------------------------------------------------
The chain of waits at 0.000 s, to its end:

 #0 admin/1003: blocked for 0.000 s
    waits for  release of 0000001a, number 1 of 1 in the queue
               asked for in src/vfio/vfio-device.ts VfioDevice.waitUntilReleased
    holds      /sys/bus/pci/slots/0000001a/power (try recursive read), taken in src/driver-core/attribute-state.ts
               AttributeState.enter
               zdev->lock (write), taken in src/zpci/locking/zdev-lock-held.ts ZdevLockHeld.transition
               pci_rescan_remove_lock (write), taken in src/zpci/pci-bus.ts PciBus.stopAndRemove
               0000:00:00.0 dev->mutex (write), taken in src/driver-core/bus.ts Bus.kill
    behind     guest1/main, guest1/vcpu0

 #1 guest1/main/1001: daemon, blocked for 0.000 s
    waits for  guest1 gives up the function, number 1 of 1 in the queue
               asked for in src/zpci/qemu-pci.ts QemuPci.main
    holds      release of 0000001a (try recursive read), taken in src/vfio/vfio-device.ts VfioDevice.keptBy
    behind     guest1/vcpu0

 #2 guest1/vcpu0/1002: daemon, blocked for 0.000 s
    waits for  zdev->lock, number 1 of 1 in the queue
               asked for in src/zpci/locking/zdev-lock-held.ts ZdevLockHeld.access
    holds      guest1 gives up the function (try write), taken in src/zpci/zpci-guest.ts ZpciGuest.serveEvents
               guest1 QEMU big lock (write), taken in src/zpci/qemu-pci.ts QemuPci.store
               release of 0000001a (try recursive read), taken in src/vfio/vfio-device.ts VfioDevice.keptBy
    behind     admin

==============================================================================`,
  ]);
});
