/**
 * A small sysfs behind a FUSE connection to a fake kernel: /devices/ap/card05 with attributes of all kinds, a bus link to it, and a folder
 * where directories come and go.
 */
import { EBUSY, ERESTARTSYS, OK } from '../../src/base/errno.ts';
import { Directory } from '../../src/driver-core/directory.ts';
import { Sysfs } from '../../src/driver-core/sysfs.ts';
import type { FileTree } from '../../src/fuse/file-tree.ts';
import { FuseConnection } from '../../src/fuse/fuse-connection.ts';
import type { ByteOrder } from '../../src/fuse/byte-order.ts';
import { SysfsTree } from '../../src/fuse/sysfs-tree.ts';
import { LockClass } from '../../src/locks/lock-class.ts';
import { LockLayer } from '../../src/locks/lock-layer.ts';
import type { Mutex } from '../../src/locks/mutex.ts';
import { LiveRuntime } from '../../src/runtime/live.ts';
import type { Task } from '../../src/runtime/task.ts';
import { FakeKernel, type Reply } from './fake-kernel.ts';

const MDEVS_LOCK = new LockClass('mdevs_lock', { protects: 'the mdevs of this test', tryable: true });

/** The directory with the attributes. */
export const CARD = 'devices/ap/card05';

export interface SysfsWorld {
  readonly rt: LiveRuntime;
  readonly layer: LockLayer;
  readonly sysfs: Sysfs;
  readonly card: Directory;
  readonly folder: Directory;
  /** Taken by a store to `locked` and to `patient`. */
  readonly lock: Mutex;
  /** What came to `online`, and the names of the tasks that brought it. */
  readonly stored: { text: string; by: string }[];
  /** How often `count` was shown. */
  shows: number;
  readonly failures: unknown[];
}

export function sysfsWorld(): SysfsWorld {
  const rt = new LiveRuntime(5);
  const layer = new LockLayer(rt);
  const sysfs = new Sysfs(layer);
  const card = sysfs.mkdir('/sys/devices/ap/card05');
  const folder = sysfs.mkdir('/sys/devices/matrix');
  const lock = layer.mutex(MDEVS_LOCK, 'mdevs_lock');
  const world: SysfsWorld = { rt, layer, sysfs, card, folder, lock, stored: [], shows: 0, failures: [] };
  rt.onTaskEnd((_task, error) => {
    if (error !== undefined) world.failures.push(error);
  });
  const plainly = async (task: Task): Promise<number> => {
    using _guard = await lock.acquire(task);
    return OK;
  };
  const patiently = async (task: Task): Promise<number> => {
    using guard = await lock.acquire(task, { interruptible: true });
    return guard === null ? ERESTARTSYS : OK;
  };
  card.addAttributes(
    [
      { name: 'type', mode: 0o444, show: () => 'CEX8C\n' },
      { name: 'count', mode: 0o444, show: () => `${++world.shows}\n` },
      { name: 'long', mode: 0o444, show: () => 'x'.repeat(5000) },
      { name: 'online', mode: 0o644, show: () => '1\n', store: (task, _o, text) => (world.stored.push({ text, by: task.name }), OK) },
      { name: 'busy', mode: 0o200, store: () => EBUSY },
      { name: 'locked', mode: 0o200, store: plainly },
      { name: 'patient', mode: 0o200, store: patiently },
      {
        name: 'make',
        mode: 0o200,
        store(_task, _owner, name) {
          const made = new Directory(layer, folder, { name });
          made.addAttributes([{ name: 'matrix', mode: 0o444, show: () => `${name}\n` }], null);
          return made.publish() ? OK : EBUSY;
        },
      },
      {
        name: 'drop',
        mode: 0o200,
        async store(task, _owner, name) {
          await (folder.entry(name) as Directory | null)?.remove(task);
          return OK;
        },
      },
    ],
    null,
  );
  sysfs.mkdir('/sys/bus/ap/devices').addLink('card05', card);
  return world;
}

export interface Served extends SysfsWorld {
  readonly kernel: FakeKernel;
  readonly connection: FuseConnection;
}

/** The world with a connection that has been negotiated; it serves the sysfs, or another tree. */
export async function served(order?: ByteOrder, tree?: FileTree): Promise<Served> {
  const world = sysfsWorld();
  const kernel = new FakeKernel(order);
  const connection = new FuseConnection({
    ...{ rt: world.rt, tree: tree ?? new SysfsTree(world.sysfs), transport: kernel, order: kernel.order },
    ...{ owner: { uid: 0, gid: 0 }, time: 1_700_000_000 },
  });
  await kernel.init();
  return Object.assign(world, { kernel, connection });
}

/** Runs `body` as a task of the world and waits for its end. */
export function asAdmin<T>(world: SysfsWorld, body: (task: Task) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    world.rt.spawn('admin', (task) => body(task).then(resolve, reject));
  });
}

/** A new handle of an attribute of the card, for access mode `flags`. */
export async function opened(world: Served, name: string, flags: number): Promise<{ node: number; handle: number }> {
  const { kernel } = world;
  const node = await kernel.walk(`${CARD}/${name}`);
  return { node, handle: kernel.handleOf(await kernel.open(node, flags, { pid: process.pid })) };
}

/** Opens an attribute, writes to it, and answers 0 or the errno. */
export async function storeInto(world: Served, name: string, text: string): Promise<number> {
  const { node, handle } = await opened(world, name, 1);
  return (await world.kernel.write(node, handle, text)).error;
}

export const textOf = ({ error, body }: Reply): string | number => (error === 0 ? body.toString() : error);
