/**
 * Negotiation, names and attributes over the protocol, and requests that make no sense.
 */
import { describe, expect, it } from 'vitest';
import { EBADF, EINVAL, EIO, ENOENT, ENOTDIR, EPROTO, ESTALE } from '../../src/base/errno.ts';
import { BIG_ENDIAN, LITTLE_ENDIAN } from '../../src/fuse/byte-order.ts';
import { FuseConnection } from '../../src/fuse/fuse-connection.ts';
import { InitFlag, MAX_WRITE, Opcode, ROOT_ID, SetAttr } from '../../src/fuse/protocol.ts';
import { SysfsTree } from '../../src/fuse/sysfs-tree.ts';
import { FakeKernel, layout, type Reply } from './fake-kernel.ts';
import { asAdmin, CARD, served, storeInto, sysfsWorld, textOf } from './served-world.ts';

const RDONLY = 0;

const modeOf = (kernel: FakeKernel, { body }: Reply, at: number): number => kernel.order.u32(body, at + 60);

describe('negotiation', () => {
  const fresh = (): FakeKernel => {
    const world = sysfsWorld();
    const kernel = new FakeKernel();
    const options = { rt: world.rt, tree: new SysfsTree(world.sysfs), transport: kernel, order: kernel.order };
    expect(new FuseConnection({ ...options, owner: { uid: 0, gid: 0 }, time: 0 }).core.openHandles).toBe(0);
    return kernel;
  };

  it('keeps to the smaller version and asks only for what the kernel offers', async () => {
    const { error, body } = await fresh().init(7, 31, InitFlag.PARALLEL_DIROPS | (1 << 3));
    const { order } = new FakeKernel();
    expect([error, body.length, order.u32(body, 0), order.u32(body, 4), order.u32(body, 12)]).toEqual([
      0,
      64,
      7,
      31,
      InitFlag.PARALLEL_DIROPS,
    ]);
    expect(order.u32(body, 20)).toBe(MAX_WRITE);
  });

  it('names its own version to a kernel with a later one, and works when that asks again', async () => {
    const kernel = fresh();
    expect(kernel.order.u32((await kernel.init(8, 0)).body, 0)).toBe(7);
    expect((await kernel.init(7, 45)).error).toBe(0);
    expect((await kernel.lookup(ROOT_ID, 'devices')).error).toBe(0);
  });

  it('refuses a kernel that is too old, a second negotiation, and any request before the first', async () => {
    const kernel = fresh();
    expect((await kernel.lookup(ROOT_ID, 'devices')).error).toBe(EIO);
    expect((await kernel.init(7, 22)).error).toBe(EPROTO);
    expect((await kernel.init(6, 45)).error).toBe(EPROTO);
    expect((await kernel.init()).error).toBe(0);
    expect((await kernel.init()).error).toBe(EPROTO);
  });
});

describe('names and attributes', () => {
  it.each([
    ['little', LITTLE_ENDIAN],
    ['big', BIG_ENDIAN],
  ] as const)('shows modes, sizes and inode numbers in %s endian order', async (_name, order) => {
    const { kernel } = await served(order);
    const node = await kernel.walk(`${CARD}/online`);
    const { error, body } = await kernel.ask(Opcode.GETATTR, node);
    expect([error, order.u64(body, 24), order.u32(body, 76), order.u32(body, 80)]).toEqual([0, 4096, 0o100644, 1]);
    const directory = await kernel.lookup(ROOT_ID, 'devices');
    expect(modeOf(kernel, directory, 40)).toBe(0o040755);
    expect(order.u64(directory.body, 40)).toBeGreaterThan(0);
  });

  it('gives a name one id as long as the kernel knows it, and never gives an id again', async () => {
    const { kernel, connection } = await served();
    const first = await kernel.walk('devices');
    expect(await kernel.walk('devices')).toBe(first);
    kernel.forget(first, 1);
    expect(connection.core.table.size).toBe(2);
    kernel.forget(first, 1);
    expect(connection.core.table.size).toBe(1);
    expect(await kernel.walk('devices')).toBeGreaterThan(first);
    expect((await kernel.ask(Opcode.GETATTR, first)).error).toBe(ESTALE);
  });

  it('takes back many lookups at once, also when more are announced than come', async () => {
    const { kernel, connection } = await served();
    const ids = [await kernel.walk('devices'), await kernel.walk('bus')];
    const body = layout(kernel.order, 8 + 32, { u32: { 0: 99 }, u64: { 8: ids[0]!, 16: 1, 24: ids[1]!, 32: 1 } });
    kernel.raw(kernel.message(Opcode.BATCH_FORGET, 0, body).bytes);
    expect(connection.core.table.size).toBe(1);
    expect(kernel.faults).toEqual([]);
  });

  it('makes links relative', async () => {
    const { kernel } = await served();
    const node = await kernel.walk('bus/ap/devices/card05');
    expect(textOf(await kernel.ask(Opcode.READLINK, node))).toBe('../../../devices/ap/card05');
    expect((await kernel.ask(Opcode.READLINK, await kernel.walk('bus'))).error).toBe(EINVAL);
  });

  it('accepts truncation without a change of size, and keeps what chmod said until the node goes', async () => {
    const world = await served();
    const { kernel } = world;
    const node = await kernel.walk(`${CARD}/online`);
    const change = (valid: number, mode: number): Promise<Reply> =>
      kernel.ask(Opcode.SETATTR, node, layout(kernel.order, 88, { u32: { 0: valid, 68: mode } }));
    const cut = await change(SetAttr.SIZE, 0);
    expect([cut.error, kernel.order.u64(cut.body, 24)]).toEqual([0, 4096]);
    expect(modeOf(kernel, await change(SetAttr.MODE, 0o600), 16)).toBe(0o100600);
    kernel.forget(node, 100);
    expect(modeOf(kernel, await kernel.lookup(await kernel.walk(CARD), 'online'), 40)).toBe(0o100600);
    await asAdmin(world, (task) => world.card.remove(task));
    expect(modeOf(kernel, await kernel.ask(Opcode.GETATTR, node), 16)).toBe(0o100644);
  });

  it('reads a directory page by page, each name once, and anew from the start', async () => {
    const { kernel, sysfs } = await served();
    for (let i = 0; i < 300; i++) sysfs.mkdir(`/sys/devices/many/d${i}`);
    const node = await kernel.walk('devices/many');
    const handle = kernel.handleOf(await kernel.ask(Opcode.OPENDIR, node, Buffer.alloc(8)));
    const names: string[] = [];
    let pages = 0;
    for (let offset = 0, more = true; more; pages++) {
      const { body } = await kernel.ask(
        Opcode.READDIR,
        node,
        layout(kernel.order, 40, { u32: { 16: 500 }, u64: { 0: handle, 8: offset } }),
      );
      expect(body.length).toBeLessThanOrEqual(500);
      more = body.length > 0;
      for (let at = 0; at < body.length;) {
        const length = kernel.order.u32(body, at + 16);
        names.push(body.toString('utf8', at + 24, at + 24 + length));
        offset = kernel.order.u64(body, at + 8);
        at += (24 + length + 7) & ~7;
      }
    }
    expect(pages).toBeGreaterThan(10);
    expect(names.toSorted()).toEqual(['.', '..', ...Array.from({ length: 300 }, (_, i) => `d${i}`)].toSorted());
    expect((await kernel.release(node, handle, Opcode.RELEASEDIR)).error).toBe(0);
    expect((await kernel.release(node, handle, Opcode.RELEASEDIR)).error).toBe(EBADF);
  });

  it('answers an absent name so that the kernel may remember it, and asks it to forget when the name appears', async () => {
    const world = await served();
    const { kernel } = world;
    const folder = await kernel.walk('devices/matrix');
    const { error, body } = await kernel.lookup(folder, 'm1');
    expect([error, kernel.order.u64(body, 0), kernel.order.u64(body, 16) > 0]).toEqual([0, 0, true]);
    expect(await storeInto(world, 'make', 'm1')).toBe(0);
    expect(kernel.notifications).toEqual([{ code: 3, parent: folder, name: 'm1' }]);
    expect(await kernel.walk('devices/matrix/m1/matrix')).toBeGreaterThan(0);
  });

  it('says nothing of names that the kernel never asked for', async () => {
    const world = await served();
    expect(await storeInto(world, 'make', 'm1')).toBe(0);
    expect(await storeInto(world, 'drop', 'm1')).toBe(0);
    expect(world.kernel.notifications).toEqual([]);
  });
});

describe('requests that make no sense', () => {
  it.each([
    ['a name without an end', Opcode.LOOKUP, Buffer.from('devices'), EINVAL],
    ['an open without flags', Opcode.OPEN, Buffer.alloc(3), EINVAL],
    ['a read that is cut short', Opcode.READ, Buffer.alloc(20), EINVAL],
    ['a write that announces more than it brings', Opcode.WRITE, layout(LITTLE_ENDIAN, 50, { u32: { 16: 11 } }), EINVAL],
    ['a write that brings more than it announces', Opcode.WRITE, layout(LITTLE_ENDIAN, 50, { u32: { 16: 9 } }), EINVAL],
    ['a handle that nobody opened', Opcode.READ, layout(LITTLE_ENDIAN, 40, { u64: { 0: 99 } }), EBADF],
    ['a handle beyond all numbers', Opcode.RELEASE, Buffer.alloc(24, 0xff), EBADF],
    ['a directory handle that nobody opened', Opcode.READDIR, Buffer.alloc(40), EBADF],
    ['an ioctl that asks for more than a command can say', Opcode.IOCTL, layout(LITTLE_ENDIAN, 32, { u32: { 28: 1 << 20 } }), EINVAL],
    ['an ioctl that may read anywhere', Opcode.IOCTL, layout(LITTLE_ENDIAN, 32, { u32: { 8: 2 } }), EINVAL],
    ['attributes that are cut short', Opcode.SETATTR, Buffer.alloc(80), EINVAL],
  ])('answers %s with an errno', async (_what, opcode, body, error) => {
    const { kernel } = await served(LITTLE_ENDIAN);
    expect((await kernel.ask(opcode, ROOT_ID, body)).error).toBe(error);
  });

  it('answers operations on the wrong kind of node, and on ids that it never gave out', async () => {
    const { kernel } = await served();
    const file = await kernel.walk(`${CARD}/online`);
    expect((await kernel.lookup(file, 'x')).error).toBe(ENOTDIR);
    expect((await kernel.ask(Opcode.OPENDIR, file)).error).toBe(ENOTDIR);
    expect((await kernel.open(ROOT_ID, RDONLY)).error).toBe(-21);
    for (const id of [0, 12_345, Number.MAX_SAFE_INTEGER]) {
      expect((await kernel.ask(Opcode.GETATTR, id)).error).toBe(ESTALE);
      expect((await kernel.lookup(id, 'devices')).error).toBe(ESTALE);
    }
  });

  it('does not let the kernel remember more absent names than it keeps itself', async () => {
    const { kernel } = await served();
    const last: Reply[] = [];
    for (let i = 0; i < 1100; i++) last.push(await kernel.lookup(ROOT_ID, `absent${i}`));
    expect([last[0]!.error, last.at(-1)!.error]).toEqual([0, ENOENT]);
  });
});
