/**
 * Puts the files of a live host where programs can open them: its /sys, and its device nodes. No kernel counterpart.
 */
import type { FileTree } from '../fuse/file-tree.ts';
import { mountFuse, type FuseMount } from '../fuse/mount.ts';
import { SysfsTree } from '../fuse/sysfs-tree.ts';
import { ZcryptDevices } from '../fuse/z90crypt.ts';
import type { SessionMount } from './host-session.ts';
import type { LiveHost } from './live-host.ts';

export interface MountPlace {
  /** An empty directory. */
  readonly at: string;
  /** Other users may come in. */
  readonly allowOther: boolean;
  /** Other namespaces show it too, and may go on doing so: its end does not wait for them, but cuts them off. Default false. */
  readonly forOthers?: boolean;
}

export const sysfsTree = ({ machine }: LiveHost): FileTree => new SysfsTree(machine.sysfs);

/** Throws MountError for what the user can change. */
export async function mountTree(
  { layer }: LiveHost,
  tree: FileTree,
  { at, allowOther, forOthers = false }: MountPlace,
): Promise<SessionMount> {
  return asSessionMount(await mountFuse({ rt: layer.rt, tree, at, allowOther }), forOthers);
}

/** z90crypt and the nodes that are made beside it. */
export async function mountDevices(host: LiveHost, place: MountPlace): Promise<SessionMount> {
  const devices = new ZcryptDevices(host.machine.bus.zcrypt, { owner: process.getuid?.() ?? 0 });
  return await mountTree(host, devices, place);
}

function asSessionMount(mount: FuseMount, forOthers: boolean): SessionMount {
  return {
    directory: mount.at,
    ended: mount.closed.then(() => undefined),
    unmount: async () => {
      if (!forOthers) return void (await mount.unmount());
      mount.abort();
      await mount.closed;
    },
  };
}
