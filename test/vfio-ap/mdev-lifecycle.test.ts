/**
 * Storage that is unmapped under an enabled interrupt: the interrupt is switched off and gives back its page and its ISC, in every design,
 * and an AQIC for a page that is not mapped is refused.
 */
import { describe, expect, test } from 'vitest';
import { OK } from '../../src/base/errno.ts';
import { Rc } from '../../src/crypto-adapters/response-code.ts';
import type { Task } from '../../src/runtime/task.ts';
import { designByName, designNames } from '../../src/vfio-ap/locking/designs.ts';
import { IommuContainer, type PinningDevice } from '../../src/vfio/iommu-container.ts';
import { M1, RUNTIMES, onHost, script, type Host } from '../helpers/host.ts';

const APQN = 0x0504;
const OTHER = 0x0547;
const NIB = 0x20000;
const ON = { ir: true, isc: 3, nib: NIB };

/** A container that tells which devices it would ask. */
class KnownDevices extends IommuContainer {
  readonly known: PinningDevice[] = [];

  override async addDevice(task: Task, device: PinningDevice): Promise<void> {
    this.known.push(device);
    await super.addDevice(task, device);
  }
}

const aqic = async (host: Host, task: Task, apqn = APQN): Promise<number> => (await host.cpu('guest1').aqic(task, apqn, ON)).rc;

function held(host: Host): { pins: number; iscs: number } {
  const { qemu, kvm } = host.vm('guest1');
  return { pins: qemu.container.pins, iscs: kvm.gisa.totalReferences };
}

async function enabled(host: Host, task: Task): Promise<boolean> {
  return (await host.hardware.tapq(task, APQN)).status.irqEnabled;
}

describe.each(designNames())('%s', (design) => {
  test.each(RUNTIMES)('an unmap takes back what the interrupt holds, and AQIC is refused until there is a map (%s)', async (kind) => {
    await onHost(kind, { design: designByName(design)!, findings: true }, async (host, task) => {
      const { container } = host.vm('guest1').qemu;
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.attach(task, 'guest1', M1);
      expect([await aqic(host, task), held(host), await enabled(host, task)]).toEqual([Rc.NORMAL, { pins: 1, iscs: 1 }, true]);
      await container.unmap(task);
      expect([held(host), await enabled(host, task)]).toEqual([{ pins: 0, iscs: 0 }, false]);
      expect([await aqic(host, task), held(host)]).toEqual([Rc.INVALID_ADDRESS, { pins: 0, iscs: 0 }]);
      expect(await container.map(task)).toBe(OK);
      expect([await aqic(host, task), held(host)]).toEqual([Rc.NORMAL, { pins: 1, iscs: 1 }]);
      // Not every design takes them back when the guest goes.
      await container.unmap(task);
    });
  });
});

test('only a notification byte in the range counts; the end is not part of it', async () => {
  // The watch counts the pins of QEMU's container, and this one is another.
  await onHost('controlled', { watch: false }, async (host, task) => {
    const { kvm } = host.vm('guest1');
    const container = new KnownDevices(host.layer, 'guest1', kvm.memory);
    const { device } = await host.create(task, M1, { adapters: [5], domains: [4] });
    await device.open(task, { name: 'user', kvm, container });
    expect(await aqic(host, task)).toBe(Rc.NORMAL);
    const [driver] = container.known;
    for (const [iova, length] of [
      [NIB + 1, 0x1000],
      [NIB - 0x1000, 0x1000],
    ] as const) {
      await driver!.dmaUnmap(task, iova, length);
      expect([container.pins, await enabled(host, task)]).toEqual([1, true]);
    }
    await driver!.dmaUnmap(task, NIB, 1);
    expect([container.pins, await enabled(host, task)]).toEqual([0, false]);
    await device.close(task);
  });
});

test('a queue without an interrupt gets an AQIC of its own when the range begins at 0, and that does no harm', async () => {
  await onHost('controlled', {}, async (host, task) => {
    await host.create(task, M1, { adapters: [5], domains: [4, 0x47] });
    await host.attach(task, 'guest1', M1);
    await aqic(host, task);
    const made = script(host.hardware, 'aqic', OTHER, []);
    await host.vm('guest1').qemu.container.unmap(task);
    expect([made.calls, held(host)]).toEqual([1, { pins: 0, iscs: 0 }]);
  });
});
