/**
 * Whoever caches names of the tree is told of each one that comes, goes or leads elsewhere.
 */
import { expect, it } from 'vitest';
import { inWorld, RUNTIMES, TestDriver } from './world.ts';

it.each(RUNTIMES)('tells of each name that comes or goes, at once and before its removal waits (%s)', async (kind) => {
  await inWorld(kind, async (world, task) => {
    const { sysfs, bus } = world;
    const told: string[] = [];
    const during = async (what: () => unknown): Promise<string[]> => {
      told.length = 0;
      await what();
      return told.toSorted();
    };
    sysfs.root.observers.add((directory, name) => told.push(`${directory.path}/${name}`));
    const driver = new TestDriver('drv');
    const handle = await bus.registerDriver(task, driver);
    expect(told).toContain('/sys/bus/test/drivers/drv');
    const device = world.device('dev');
    const at = '/sys/devices/test/dev';
    const link = '/sys/bus/test/drivers/drv/dev';
    expect(await during(() => bus.addDevice(task, device))).toEqual(
      expect.arrayContaining([at, '/sys/bus/test/devices/dev', `${at}/driver`, link]),
    );
    expect(await during(() => bus.detach(task, device))).toEqual([link, `${at}/driver`]);
    expect(await during(() => bus.attachTo(task, device, handle))).toEqual([link, `${at}/driver`]);
    expect(await during(() => device.addAttribute({ name: 'late', mode: 0o444, show: () => '' }, null))).toEqual([`${at}/late`]);
    expect(await during(() => device.removeAttribute(task, 'late'))).toEqual([`${at}/late`]);
    expect(await during(() => device.directory.addLink('to', bus.directory))).toEqual([`${at}/to`]);
    expect(await during(() => device.directory.removeLink('to'))).toEqual([`${at}/to`]);
    const gone = await during(() => bus.removeDevice(task, device));
    expect(gone).toEqual(
      expect.arrayContaining([at, '/sys/bus/test/devices/dev', `${at}/subsystem`, `${at}/uevent`, `${at}/driver`, link]),
    );
  });
});

it('has unlinked an attribute when it tells of it, although somebody is still inside', async () => {
  await inWorld('live', async (world, task) => {
    const directory = world.sysfs.mkdir('/sys/devices/test/dir');
    let leave = (): void => undefined;
    const inside = new Promise<void>((resolve) => (leave = resolve));
    directory.addAttribute({ name: 'slow', mode: 0o444, show: () => inside.then(() => 'x\n') }, null);
    const seen: boolean[] = [];
    world.sysfs.root.observers.add((at, name) => {
      if (name === 'slow') seen.push(at.entry(name) === null);
      leave();
    });
    const reader = world.rt.spawn('reader', async (self) => expect(await world.sysfs.read(self, '/sys/devices/test/dir/slow')).toBe('x\n'));
    await world.rt.sleep(task, 0);
    await directory.removeAttribute(task, 'slow');
    await world.rt.join(task, reader);
    expect(seen).toEqual([true]);
  });
});
