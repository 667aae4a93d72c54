/**
 * Names of real processes of this machine.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { expect, it } from 'vitest';
import { Callers } from '../../src/fuse/callers.ts';

it('reads a name anew each time, shows nothing that a terminal would obey, and knows when the process has ended', async () => {
  const callers = new Callers();
  const child = spawn('sh', ['-c', 'read a; printf "a\\tb\\033[2J" > /proc/$$/comm; echo renamed; read b']);
  const pid = child.pid!;
  expect(callers.comm(pid)).toBe('sh');
  let said = '';
  child.stdin.write('\n');
  while (!said.includes('\n')) said += ((await once(child.stdout, 'data')) as [Buffer])[0].toString();
  expect(callers.comm(pid)).toBe('a?b?[2J');
  child.stdin.end('\n');
  await once(child, 'exit');
  expect(callers.comm(pid)).toBe('?');
  callers.close();
});

it('has no name for a process that another pid namespace hides, or that never was', () => {
  const callers = new Callers();
  expect([callers.comm(0), callers.comm(0x7fff_ffff)]).toEqual(['?', '?']);
});

it('keeps a bounded number of files open, and none when it is closed', () => {
  const names = (): string[] =>
    readdirSync('/proc/self/fd').flatMap((file) => {
      try {
        return [readlinkSync(`/proc/self/fd/${file}`)];
      } catch {
        return [];
      }
    });
  const comms = (): number => names().filter((name) => /^\/proc\/\d+\/comm$/.test(name)).length;
  const callers = new Callers();
  const before = comms();
  const tasks = readdirSync(`/proc/${process.pid}/task`);
  const pids = [...readdirSync('/proc').filter((name) => /^\d+$/.test(name)), ...tasks].map(Number);
  for (const pid of pids) callers.comm(pid);
  expect(comms()).toBeGreaterThan(before);
  expect(comms() - before).toBeLessThanOrEqual(64);
  callers.close();
  expect(comms()).toBe(before);
});
