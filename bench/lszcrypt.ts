/**
 * `lszcrypt -V` of s390-tools on 400 queues: on the mounted tree against the same on a static copy of it, in turns. Once for each way to read
 * requests; the goal is for the one that is used where nothing else is said.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { EventLog } from '../src/base/event-log.ts';
import { createLogger } from '../src/base/logger.ts';
import { READERS, type ReaderKind } from '../src/fuse/device-reader.ts';
import { mountFuse } from '../src/fuse/mount.ts';
import { MountError } from '../src/fuse/mount-point.ts';
import { SysfsTree } from '../src/fuse/sysfs-tree.ts';
import { LockLayer } from '../src/locks/lock-layer.ts';
import { Machine } from '../src/machine/machine.ts';
import { LiveRuntime } from '../src/runtime/live.ts';
import type { Task } from '../src/runtime/task.ts';
import { designByName } from '../src/vfio-ap/locking/designs.ts';
import { s390xProgram } from '../test/helpers/real-programs.ts';
import { median, type Figure } from './measure.ts';
import { goalOf } from './reader-goal.ts';

const TWENTY = Array.from({ length: 20 }, (_, i) => i);
const ROUNDS = 5;
/** Cards, queues, and two lines of head. */
const LINES = 20 + 400 + 2;

/** Two places where the same is asked. */
interface Compared {
  readonly mounted: string;
  readonly copy: string;
  readonly reader: ReaderKind;
}

const run = promisify(execFile);

/** Milliseconds that it takes with this root. */
async function timed(command: readonly string[], root: string): Promise<number> {
  const [program, ...args] = command;
  const since = process.hrtime.bigint();
  const { stdout } = await run(program!, [...args, '-V'], { env: { ...process.env, SYSFS_ROOT: root } });
  const took = Number(process.hrtime.bigint() - since) / 1e6;
  const lines = stdout.trimEnd().split('\n').length;
  if (lines !== LINES) throw new Error(`expected ${LINES} lines of lszcrypt, got ${lines}`);
  return took;
}

async function copyTree(mounted: string, copy: string): Promise<void> {
  for (const part of ['bus/ap', 'devices/ap']) {
    mkdirSync(join(copy, part), { recursive: true });
    // Some files can only be written, or have nothing to say: cp's status tells of those, the count of lines of the rest.
    await run('cp', ['-a', `${join(mounted, part)}/.`, join(copy, part)]).catch(() => undefined);
  }
}

async function measure(command: readonly string[], { mounted, copy, reader }: Compared): Promise<Figure> {
  const [ours, still]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    still.push(await timed(command, copy));
    ours.push(await timed(command, mounted));
  }
  const ratio = median(ours.map((one, i) => one / still[i]!));
  const note = `${median(ours).toFixed(0)} ms against ${median(still).toFixed(0)} ms`;
  return { name: `lszcrypt -V of 400 queues (${reader}), times that on a copy`, value: ratio, ...goalOf(reader, 3), note };
}

export async function lszcrypt(): Promise<Figure[]> {
  const command = s390xProgram('lszcrypt');
  if (command === null) {
    console.log('lszcrypt: skipped, there is no s390-tools for s390x with an emulator here (scripts/install-real-tools.sh)');
    return [];
  }
  const rt = new LiveRuntime(1);
  const machine = new Machine({
    ...{ layer: new LockLayer(rt), design: designByName('guests-lock')!, seed: 1, events: new EventLog(() => rt.now()) },
    log: createLogger({ level: 'silent', now: () => rt.now() }),
    spec: {
      ...{ kernel: 'current', adapters: TWENTY.map((id) => ({ id, type: 'CEX8C' })), domains: TWENTY, controlDomains: TWENTY },
      ...{ apmask: null, aqmask: null, serviceScale: 0, mdevs: [], guests: [] },
    },
  });
  const folder = mkdtempSync(join(tmpdir(), 'apemu-bench-'));
  const [at, copy] = [join(folder, 'sys'), join(folder, 'copy')];
  mkdirSync(at);
  try {
    await new Promise<void>((resolve, reject) => {
      rt.spawn('admin', (task: Task) => machine.boot(task).then(resolve, reject));
    });
    const figures: Figure[] = [];
    for (const reader of READERS) {
      const mount = await mountFuse({ rt, tree: new SysfsTree(machine.sysfs), at, reader });
      try {
        if (figures.length === 0) await copyTree(at, copy);
        figures.push(await measure(command, { mounted: at, copy, reader }));
      } finally {
        await mount.unmount();
      }
    }
    return figures;
  } catch (error) {
    if (!(error instanceof MountError)) throw error;
    console.log(`lszcrypt: skipped, ${error.message}`);
    return [];
  } finally {
    machine.bus.stop();
    rt.shutdown();
    rmSync(folder, { recursive: true });
  }
}
