/**
 * An attribute cycle (open, read, close) on the mounted tree against the same on the machine's own sysfs, both from another process and in
 * turns. Once for each way to read requests; the goal is for the one that is used where nothing else is said.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Sysfs } from '../src/driver-core/sysfs.ts';
import { READERS, type ReaderKind } from '../src/fuse/device-reader.ts';
import { mountFuse, type FuseMount } from '../src/fuse/mount.ts';
import { MountError } from '../src/fuse/mount-point.ts';
import { SysfsTree } from '../src/fuse/sysfs-tree.ts';
import { LockLayer } from '../src/locks/lock-layer.ts';
import { LiveRuntime } from '../src/runtime/live.ts';
import { median, type Figure } from './measure.ts';
import { goalOf } from './reader-goal.ts';

const ROUNDS = 7;
const CYCLES = 3000;
/** An attribute that every machine has, on the file system that is meant. */
const REAL = '/sys/kernel/uevent_seqnum';

/** Prints the microseconds of one cycle on each of its files, in turns. */
const CLIENT = `
const { openSync, readSync, closeSync } = require('node:fs');
const [cycles, ...files] = process.argv.slice(1);
const buffer = Buffer.alloc(4096);
const took = files.map((file) => {
  const since = process.hrtime.bigint();
  for (let i = 0; i < Number(cycles); i++) {
    const fd = openSync(file, 'r');
    readSync(fd, buffer, 0, 4096, null);
    closeSync(fd);
  }
  return Number(process.hrtime.bigint() - since) / 1000 / Number(cycles);
});
console.log(JSON.stringify(took));
`;

async function measure(mount: FuseMount, reader: ReaderKind): Promise<Figure> {
  const emulated = join(mount.at, 'devices/ap/card05/depth');
  const real: number[] = [];
  const ours: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', CLIENT, String(CYCLES), REAL, emulated]);
    const [a, b] = JSON.parse(stdout) as [number, number];
    real.push(a);
    ours.push(b);
  }
  const ratio = median(ours.map((one, i) => one / real[i]!));
  const note = `${median(ours).toFixed(1)} us against ${median(real).toFixed(1)} us`;
  return { name: `attribute cycle on the mount (${reader}), times that on real sysfs`, value: ratio, ...goalOf(reader, 12), note };
}

export async function sysfs(): Promise<Figure[]> {
  if (!existsSync(REAL)) {
    console.log(`sysfs: skipped, there is no ${REAL} to compare with`);
    return [];
  }
  const rt = new LiveRuntime(1);
  const layer = new LockLayer(rt);
  const tree = new Sysfs(layer);
  tree.mkdir('/sys/devices/ap/card05').addAttribute({ name: 'depth', mode: 0o444, show: () => '8\n' }, null);
  const at = mkdtempSync(join(tmpdir(), 'apemu-bench-'));
  try {
    const figures: Figure[] = [];
    for (const reader of READERS) {
      const mount = await mountFuse({ rt, tree: new SysfsTree(tree), at, reader });
      try {
        figures.push(await measure(mount, reader));
      } finally {
        await mount.unmount();
      }
    }
    return figures;
  } catch (error) {
    if (!(error instanceof MountError)) throw error;
    console.log(`sysfs: skipped, ${error.message}`);
    return [];
  } finally {
    rmdirSync(at);
    rt.shutdown();
  }
}
