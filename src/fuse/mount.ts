/**
 * Mounts a file tree (kernel: fs/fuse/inode.c): opens /dev/fuse and lets mount(8) tie the descriptor to a directory, without any helper
 * of libfuse.
 */
import type { Runtime } from '../runtime/runtime.ts';
import { hostTime } from '../runtime/host-clock.ts';
import { HOST_ORDER } from './byte-order.ts';
import type { ReaderKind } from './device-reader.ts';
import { DeviceTransport } from './device-transport.ts';
import type { FileTree } from './file-tree.ts';
import { FuseConnection } from './fuse-connection.ts';
import { abortMount, addLiveMount, removeLiveMount, type LiveMount } from './live-mounts.ts';
import { FILE_SYSTEM, MountError, prepareMountPoint } from './mount-point.ts';
import { mountAt } from './mount-table.ts';
import { openDevice, wantedReader, WITHOUT } from './open-device.ts';
import { runProgram } from './run-program.ts';

export interface MountOptions {
  readonly rt: Runtime;
  readonly tree: FileTree;
  /** An empty directory. */
  readonly at: string;
  /** What stands in the first column of mount(8). Default `apemu`. */
  readonly name?: string;
  /** Other users may come in, as far as the permission bits let them. Default: only the owner of this process, not even root. */
  readonly allowOther?: boolean;
  /** How requests are read. Default: what APEMU_FUSE_READER says, else what works best here. */
  readonly reader?: ReaderKind;
}

export class FuseMount {
  /** Without links. */
  readonly at: string;
  readonly connection: FuseConnection;
  /** Ends with the reason when the connection has ended, whoever ended it. */
  readonly closed: Promise<string>;
  private readonly live: LiveMount;
  private ended = false;

  constructor(live: LiveMount, connection: FuseConnection) {
    this.at = live.at;
    this.connection = connection;
    this.live = live;
    addLiveMount(this.live);
    this.closed = connection.closed.then((reason) => {
      this.ended = true;
      removeLiveMount(this.live);
      return reason;
    });
  }

  /** True when nobody used it any more; otherwise those who did are cut off with an error. Ends when the connection has ended. */
  async unmount(): Promise<boolean> {
    if (this.ended) return true;
    const ours = mountAt(this.at)?.minor === this.live.minor;
    const idle = ours && (await runProgram('umount', ['-c', '-i', '-n', this.at])).status === 0;
    if (!idle && !this.ended) this.abort();
    await this.closed;
    return idle;
  }

  /** Cuts off everybody at once and takes the mount away. */
  abort(): void {
    if (this.ended) return;
    if (!abortMount(this.live))
      throw new MountError(`expected to end the connection of ${this.at}, found no way: neither umount nor fusectl`);
  }
}

/** Throws MountError for what the user can change. */
export async function mountFuse(options: MountOptions): Promise<FuseMount> {
  const at = await prepareMountPoint(options.at);
  const progress = { done: false };
  const { file, kind, reader } = openDevice(options.reader ?? wantedReader(), progress);
  const owner = { uid: process.getuid!(), gid: process.getgid!() };
  const transport = new DeviceTransport(file, reader);
  const connection = new FuseConnection({
    ...{ rt: options.rt, tree: options.tree, transport, order: HOST_ORDER },
    owner,
    time: hostTime(),
  });
  const modes = ['fd=3', 'rootmode=40000', `user_id=${owner.uid}`, `group_id=${owner.gid}`, 'default_permissions'];
  const flags = ['nosuid', 'nodev', 'noexec', ...modes, ...(options.allowOther === true ? ['allow_other'] : [])].join(',');
  const { status, said } = await runProgram('mount', ['-i', '-t', FILE_SYSTEM, '-o', flags, options.name ?? 'apemu', at], { file });
  progress.done = true;
  if (status !== 0) throw new MountError(`expected to mount on ${at}, mount says: ${said === '' ? `status ${status}` : said}; ${WITHOUT}`);
  const entry = mountAt(at);
  if (entry?.type !== FILE_SYSTEM) throw new MountError(`expected ${at} to be mounted, it was unmounted at once`);
  return new FuseMount({ at, minor: entry.minor, reader: kind }, connection);
}
