/**
 * Open files of sysfs over the protocol: modes, snapshots, stores, and requests that wait for locks of the model.
 */
import { describe, expect, it } from 'vitest';
import { EACCES, EBUSY, EINTR, EIO, ENODEV, ENOSYS, ENOTTY, EPERM } from '../../src/base/errno.ts';
import type { FileNode } from '../../src/fuse/file-tree.ts';
import { FixedDirectory, nextInode } from '../../src/fuse/fixed-tree.ts';
import { Opcode, OpenFlag, ROOT_ID } from '../../src/fuse/protocol.ts';
import { hostTurn } from '../../src/runtime/host-clock.ts';
import { layout, type Reply } from './fake-kernel.ts';
import { asAdmin, CARD, opened, served, storeInto, textOf } from './served-world.ts';

const RDONLY = 0;
const WRONLY = 1;
const RDWR = 2;

/** In the first one the store begins, in the second one it is still there. */
async function twoTurns(): Promise<void> {
  await hostTurn();
  await hostTurn();
}

describe('open files', () => {
  it.each([
    ['type', RDONLY, 0],
    ['type', WRONLY, EACCES],
    ['type', RDWR, EACCES],
    ['busy', RDONLY, EACCES],
    ['busy', WRONLY, 0],
    ['busy', RDWR, EACCES],
    ['online', RDWR, 0],
  ])('opens %s with access mode %i also for root only as its mode says: %i', async (name, flags, error) => {
    const { kernel } = await served();
    expect((await kernel.open(await kernel.walk(`${CARD}/${name}`), flags)).error).toBe(error);
  });

  it('asks for direct I/O with writers side by side', async () => {
    const { kernel } = await served();
    const { body } = await kernel.open(await kernel.walk(`${CARD}/online`), RDWR);
    const flags = OpenFlag.DIRECT_IO | OpenFlag.PARALLEL_DIRECT_WRITES;
    expect(kernel.order.u32(body, 8) & flags).toBe(flags);
  });

  it('shows once while a handle reads on, and again from the start or from elsewhere', async () => {
    const world = await served();
    const { kernel } = world;
    const { node, handle } = await opened(world, 'count', RDONLY);
    expect(textOf(await kernel.read(node, handle, 0, 1))).toBe('1');
    expect(textOf(await kernel.read(node, handle, 1))).toBe('\n');
    expect(textOf(await kernel.read(node, handle, 2))).toBe('');
    expect(world.shows).toBe(1);
    expect(textOf(await kernel.read(node, handle, 0))).toBe('2\n');
    expect(textOf(await kernel.read(node, handle, 1))).toBe('\n');
    expect(world.shows).toBe(3);
  });

  it('keeps a snapshot for each handle', async () => {
    const world = await served();
    const { kernel } = world;
    const [a, b] = [await opened(world, 'count', RDONLY), await opened(world, 'count', RDONLY)];
    expect(textOf(await kernel.read(a.node, a.handle, 0, 1))).toBe('1');
    expect(textOf(await kernel.read(b.node, b.handle, 0, 1))).toBe('2');
    expect(textOf(await kernel.read(a.node, a.handle, 1))).toBe('\n');
    expect(world.shows).toBe(2);
  });

  it('cuts a show that does not fit into a page', async () => {
    const world = await served();
    const { node, handle } = await opened(world, 'long', RDONLY);
    expect((await world.kernel.read(node, handle, 0, 65_536)).body.length).toBe(4095);
  });

  it('makes one store of one write, wherever it is written to, by a task named for the caller', async () => {
    const world = await served();
    const { kernel } = world;
    const { node, handle } = await opened(world, 'online', WRONLY);
    const { error, body } = await kernel.write(node, handle, '0\n', 77);
    expect([error, kernel.order.u32(body, 0)]).toEqual([0, 2]);
    expect(world.stored).toEqual([{ text: '0\n', by: expect.stringMatching(new RegExp(`^\\S+\\[${process.pid}\\]$`)) }]);
    expect(world.stored[0]!.by).not.toContain('?');
  });

  it('takes a page of a longer write, bytes that are no text, and nothing behind a zero byte', async () => {
    const world = await served();
    const { kernel } = world;
    const { node, handle } = await opened(world, 'online', WRONLY);
    expect(kernel.order.u32((await kernel.write(node, handle, 'y'.repeat(5000))).body, 0)).toBe(4096);
    expect(kernel.order.u32((await kernel.write(node, handle, Buffer.from([0xff, 0xfe, 0x31]))).body, 0)).toBe(3);
    expect(kernel.order.u32((await kernel.write(node, handle, '1\0rest')).body, 0)).toBe(6);
    expect(world.stored.map((one) => one.text.length)).toEqual([4096, 3, 1]);
  });

  it('passes the errno of a store on', async () => {
    const world = await served();
    expect(await storeInto(world, 'busy', '1')).toBe(EBUSY);
  });

  it('answers -ENODEV on open handles of an attribute that was removed, also when an equal one has come in its place', async () => {
    const world = await served();
    const { kernel, card } = world;
    const { node, handle } = await opened(world, 'online', RDWR);
    const def = { name: 'late', mode: 0o644, show: () => 'late\n', store: () => 0 };
    card.addAttribute(def, null);
    const late = await opened(world, 'late', RDWR);
    await asAdmin(world, (task) => card.removeAttribute(task, 'late'));
    card.addAttribute(def, null);
    expect((await kernel.read(late.node, late.handle)).error).toBe(ENODEV);
    expect((await kernel.write(late.node, late.handle, '1')).error).toBe(ENODEV);
    expect((await kernel.open(late.node, RDONLY)).error).toBe(ENODEV);
    expect(await kernel.walk(`${CARD}/late`)).not.toBe(late.node);
    await asAdmin(world, (task) => card.remove(task));
    expect((await kernel.read(node, handle)).error).toBe(ENODEV);
    expect((await kernel.write(node, handle, '1')).error).toBe(ENODEV);
    expect((await kernel.release(node, handle)).error).toBe(0);
    expect(world.stored).toEqual([]);
  });

  it('answers what is no file of sysfs can do', async () => {
    const world = await served();
    const { kernel } = world;
    const { node, handle } = await opened(world, 'online', RDWR);
    expect((await kernel.ask(Opcode.IOCTL, node, layout(kernel.order, 32, { u64: { 0: handle } }))).error).toBe(ENOTTY);
    for (const opcode of [Opcode.CREATE, Opcode.MKNOD]) expect((await kernel.ask(opcode, ROOT_ID)).error).toBe(EACCES);
    for (const opcode of [Opcode.MKDIR, Opcode.UNLINK, Opcode.RMDIR, Opcode.RENAME, Opcode.RENAME2, Opcode.LINK, Opcode.SYMLINK]) {
      expect((await kernel.ask(opcode, ROOT_ID)).error).toBe(EPERM);
    }
    for (const opcode of [Opcode.FLUSH, Opcode.POLL, Opcode.GETXATTR, Opcode.SETXATTR, Opcode.LISTXATTR, 4711]) {
      expect((await kernel.ask(opcode, node)).error).toBe(ENOSYS);
    }
    expect((await kernel.ask(Opcode.STATFS, ROOT_ID)).body.length).toBe(80);
  });
});

describe('device nodes', () => {
  it('go on working when their name has gone, with their ioctl, and are released once', async () => {
    const done: string[] = [];
    const file: FileNode = {
      ...{ kind: 'file', mode: 0o666, inode: nextInode(), size: 0, outlivesName: true },
      same: (other) => other === file,
      open: (_task, { caller, read, write }) => {
        done.push(`open by ${caller.uid} ${read} ${write}`);
        return {
          ioctl: (_self, { command, argument, input, outputSize, compat }) => {
            done.push(`ioctl ${command.toString(16)} ${argument} ${compat}`);
            return command === 1
              ? EACCES
              : { result: 5, output: Buffer.concat([input, Buffer.from('!')]).subarray(0, outputSize + (command === 2 ? 9 : 0)) };
          },
          release: () => void done.push('release'),
        };
      },
    };
    const dev = new FixedDirectory();
    dev.add('z90crypt', file);
    const { kernel } = await served(undefined, dev);
    const node = await kernel.walk('z90crypt');
    const handle = kernel.handleOf(await kernel.open(node, RDWR, { uid: 7 }));
    expect(dev.delete('z90crypt')).toBe(true);
    const ioctl = (command: number, input: string, out: number): Promise<Reply> => {
      const head = layout(kernel.order, 32, { u32: { 8: 1, 12: command, 24: input.length, 28: out }, u64: { 0: handle, 16: 4096 } });
      return kernel.ask(Opcode.IOCTL, node, Buffer.concat([head, Buffer.from(input)]));
    };
    const { error, body } = await ioctl(0xc0107aff, 'abc', 4);
    expect([error, kernel.order.u32(body, 0), body.subarray(16).toString()]).toEqual([0, 5, 'abc!']);
    expect((await ioctl(1, '', 0)).error).toBe(EACCES);
    expect((await ioctl(2, 'longer than it may', 4)).error).toBe(EIO);
    expect((await kernel.read(node, handle)).error).toBe(EIO);
    expect((await kernel.release(node, handle)).error).toBe(0);
    expect((await kernel.open(node, RDWR)).error).toBe(ENODEV);
    expect(done).toEqual(['open by 7 true true', 'ioctl c0107aff 4096 true', 'ioctl 1 4096 true', 'ioctl 2 4096 true', 'release']);
  });
});

describe('requests that wait', () => {
  it('lets several writers into the store of one attribute, and leads the next one who looks to another inode meanwhile', async () => {
    const world = await served();
    const { kernel, lock } = world;
    const { node, handle } = await opened(world, 'locked', WRONLY);
    await asAdmin(world, async (task) => {
      using _held = await lock.acquire(task);
      const first = kernel.postWrite(node, handle, '1').reply;
      await twoTurns();
      const second = await opened(world, 'locked', WRONLY);
      expect(second.node).not.toBe(node);
      expect(kernel.notifications).toContainEqual({ code: 3, parent: await kernel.walk(CARD), name: 'locked' });
      const other = kernel.postWrite(second.node, second.handle, '2').reply;
      await hostTurn();
      expect(world.connection.core.inFlight).toBe(2);
      _held.release();
      expect([(await first).error, (await other).error]).toEqual([0, 0]);
    });
    await asAdmin(world, (task) => world.card.remove(task));
    expect((await kernel.write(node, handle, '1')).error).toBe(ENODEV);
  });

  it('does not care for an interrupt where the kernel would not, and ends an interruptible wait with -EINTR', async () => {
    const world = await served();
    const { kernel, lock } = world;
    const [hard, soft] = [await opened(world, 'locked', WRONLY), await opened(world, 'patient', WRONLY)];
    await asAdmin(world, async (task) => {
      using held = await lock.acquire(task);
      const first = kernel.postWrite(hard.node, hard.handle, '1');
      const second = kernel.postWrite(soft.node, soft.handle, '1');
      await hostTurn();
      for (const { unique } of [first, second]) {
        const body = Buffer.alloc(8);
        kernel.order.putBig(body, 0, unique);
        kernel.raw(kernel.message(Opcode.INTERRUPT, 0, body).bytes);
      }
      expect((await second.reply).error).toBe(EINTR);
      await hostTurn();
      expect(kernel.replies.has(first.unique)).toBe(false);
      held.release();
      expect((await first.reply).error).toBe(0);
    });
  });

  it('answers a store only when the kernel has been told of what it made vanish, and lookups meanwhile', async () => {
    const world = await served();
    const { kernel } = world;
    expect(await storeInto(world, 'make', 'm1')).toBe(0);
    const matrix = await kernel.walk('devices/matrix/m1/matrix');
    const handle = kernel.handleOf(await kernel.open(matrix, RDONLY));
    let told = (): void => undefined;
    kernel.gate = new Promise((resolve) => (told = resolve));
    const { node, handle: drop } = await opened(world, 'drop', WRONLY);
    const { unique, reply } = kernel.postWrite(node, drop, 'm1');
    await hostTurn();
    // Somebody looks into the directory, and holds its lock, for which the notification waits.
    const look = await kernel.lookup(await kernel.walk('devices/matrix'), 'm1');
    expect([look.error, kernel.order.u64(look.body, 0)]).toEqual([0, 0]);
    await hostTurn();
    expect(kernel.replies.has(unique)).toBe(false);
    told();
    expect((await reply).error).toBe(0);
    expect(kernel.notifications[0]).toEqual({ code: 3, parent: await kernel.walk('devices/matrix'), name: 'm1' });
    expect((await kernel.read(matrix, handle)).error).toBe(ENODEV);
  });

  it('releases open files and lets stores go on when the kernel goes away', async () => {
    const world = await served();
    const { kernel, lock, connection } = world;
    const { node, handle } = await opened(world, 'locked', WRONLY);
    await asAdmin(world, async (task) => {
      using held = await lock.acquire(task);
      kernel.postWrite(node, handle, '1');
      await hostTurn();
      kernel.end('ECONNABORTED');
      expect(await connection.closed).toBe('ECONNABORTED');
      expect(connection.core.openHandles).toBe(0);
      held.release();
    });
    await hostTurn();
    expect(connection.core.inFlight).toBe(0);
    expect(world.failures).toEqual([]);
  });

  it('answers -EIO for a store that breaks, and lets the run know', async () => {
    const world = await served();
    world.card.addAttribute({ name: 'broken', mode: 0o200, store: () => Promise.reject(new Error('a broken invariant')) }, null);
    expect(await storeInto(world, 'broken', '1')).toBe(EIO);
    await hostTurn();
    expect(world.failures).toHaveLength(1);
  });
});
