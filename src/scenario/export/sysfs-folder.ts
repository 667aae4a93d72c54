/**
 * A copy of the sysfs tree of a host as a folder: attributes as files with their content and mode, links as relative links. What cannot be read is
 * an empty file. No kernel counterpart; what `cp -a` of /sys would make.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sysfs } from '../../driver-core/sysfs.ts';
import type { Task } from '../../runtime/task.ts';
import { ScenarioError } from '../place.ts';

/** ScenarioError when it can be no new folder. Nothing is left of it when that is found out. */
export function checkFolder(folder: string): void {
  const refuse = (got: string): never => {
    throw new ScenarioError({ file: folder, line: 1, column: 1 }, [], { expected: 'a folder that is empty or not there yet', got });
  };
  if (!existsSync(folder)) return;
  let names: string[] = [];
  try {
    names = readdirSync(folder);
  } catch (error) {
    refuse((error as Error).message.split(',')[0]!);
  }
  if (names.length > 0) refuse(`one with ${names[0]} in it`);
}

/** All or nothing. */
export async function writeSysfs(task: Task, sysfs: Sysfs, folder: string): Promise<void> {
  const fresh = !existsSync(folder);
  try {
    mkdirSync(folder, { recursive: true });
    await writeFolder(task, sysfs, { from: '/sys', to: folder });
  } catch (error) {
    for (const name of fresh || !existsSync(folder) ? [] : readdirSync(folder))
      rmSync(join(folder, name), { recursive: true, force: true });
    if (fresh) rmSync(folder, { recursive: true, force: true });
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    const got = (error as Error).message.split(',')[0]!;
    throw new ScenarioError({ file: folder, line: 1, column: 1 }, [], { expected: 'a folder that can be written', got });
  }
}

async function writeFolder(task: Task, sysfs: Sysfs, { from, to }: { from: string; to: string }): Promise<void> {
  for (const name of sysfs.list(from) as string[]) {
    const path = `${from}/${name}`;
    const target = join(to, name);
    const info = sysfs.stat(path);
    if (typeof info === 'number') continue;
    if (info.kind === 'link') symlinkSync(sysfs.readlink(path) as string, target);
    else if (info.kind === 'directory') {
      mkdirSync(target);
      await writeFolder(task, sysfs, { from: path, to: target });
    } else {
      const text = await sysfs.read(task, path);
      writeFileSync(target, typeof text === 'number' ? '' : text);
      chmodSync(target, info.mode);
    }
  }
}
