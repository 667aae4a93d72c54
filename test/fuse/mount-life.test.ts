/**
 * A server in a process of its own, and every way in which it may end.
 */
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { READERS, type ReaderKind } from '../../src/fuse/device-reader.ts';
import { mountAt } from '../../src/fuse/mount-table.ts';
import { runProgram } from '../../src/fuse/run-program.ts';
import { fuseProblem } from '../helpers/fuse-probe.ts';
import { mountPoint, start, type Started } from './real-mount.ts';

const problem = fuseProblem();
const SERVER = fileURLToPath(new URL('fixtures/serve.ts', import.meta.url));

interface Server extends Started {
  readonly lines: Interface;
  readonly said: string;
}

/** Starts a server and waits for the first thing that it says. */
async function serveWith(reader: ReaderKind, at: string): Promise<Server> {
  const started = start(process.execPath, ['--import', 'tsx', SERVER, at], { env: { APEMU_FUSE_READER: reader } });
  const lines = createInterface(started.child.stdout!);
  const [said] = (await once(lines, 'line')) as [string];
  return { ...started, lines, said };
}

async function stuckWriter(server: Server, at: string): Promise<Started> {
  const inside = once(server.lines, 'line');
  const writer = start('tee', [join(at, 'devices/stuck')]);
  writer.child.stdin!.end('1');
  expect(await inside).toEqual(['inside']);
  return writer;
}

describe.skipIf(problem !== null).each(READERS)(
  `the life of a mount with reader %s${problem === null ? '' : ` (skipped: ${problem})`}`,
  (reader) => {
    const serve = (place: string): Promise<Server> => serveWith(reader, place);
    let at = '';
    beforeEach(() => {
      at = mountPoint();
    });
    afterEach(async () => {
      while (mountAt(at) !== null) await runProgram('umount', ['-l', at]);
      rmSync(at, { recursive: true });
    });

    it.each([
      ['exit', { code: 3, signal: null }],
      ['throw', { code: 1, signal: null }],
    ])('ends with the process by %s, although a caller is stuck', async (word, end) => {
      const server = await serve(at);
      const writer = await stuckWriter(server, at);
      server.child.stdin!.write(`${word}\n`);
      expect(await server.end).toMatchObject(end);
      expect((await writer.end).code).toBe(1);
      expect(mountAt(at)).toBeNull();
    });

    it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('ends with the process by %s, which then dies of it', async (signal) => {
      const server = await serve(at);
      const writer = await stuckWriter(server, at);
      server.child.kill(signal);
      expect(await server.end).toMatchObject({ signal });
      expect((await writer.end).code).toBe(1);
      expect(mountAt(at)).toBeNull();
    });

    it('ends when somebody unmounts it, and the process goes on to its end', async () => {
      const server = await serve(at);
      expect((await runProgram('umount', [at])).status).toBe(0);
      expect(await server.end).toMatchObject({ code: 0, out: 'mounted\nclosed ENODEV\n' });
    });

    it('ends also when somebody took the mount away while it was in use', async () => {
      const server = await serve(at);
      const writer = await stuckWriter(server, at);
      expect((await runProgram('umount', ['-l', at])).status).toBe(0);
      server.child.stdin!.write('exit\n');
      expect((await server.end).code).toBe(3);
      expect((await writer.end).code).toBe(1);
    });

    it('says whether somebody still used it', async () => {
      const server = await serve(at);
      const cat = await start('cat', [join(at, 'devices/plain')]).end;
      expect(cat.out).toBe('text\n');
      const writer = await stuckWriter(server, at);
      server.child.stdin!.write('unmount\n');
      expect((await server.end).out).toContain('was busy');
      expect((await writer.end).code).toBe(1);
    });

    it('leaves a dead mount after SIGKILL, which the next start removes', async () => {
      const first = await serve(at);
      const writer = await stuckWriter(first, at);
      first.child.kill('SIGKILL');
      await first.end;
      expect((await writer.end).code).toBe(1);
      expect((await start('ls', [at]).end).err).toContain('not connected');
      const second = await serve(at);
      expect(second.said).toBe('mounted');
      second.child.stdin!.write('unmount\n');
      expect((await second.end).out).toContain('was idle');
      expect(mountAt(at)).toBeNull();
    });

    // A thread that waits would keep it.
    const bareExit = reader === 'poll' ? ['process.exit()'] : [];
    it.each(bareExit)('does not keep the process, even if nothing of ours runs at %s', async () => {
      const server = await serve(at);
      const writer = await stuckWriter(server, at);
      server.child.stdin!.write('bare-exit\n');
      expect((await server.end).code).toBe(4);
      expect((await writer.end).code).toBe(1);
      expect(mountAt(at)).not.toBeNull();
    });

    it('is refused where it cannot be, in one line, and changes nothing', async () => {
      const refusal = async (place: string): Promise<string> => (await serve(place)).said;
      const file = join(at, 'file');
      writeFileSync(file, '');
      expect(await refusal(join(at, 'missing'))).toBe(`expected ${at}/missing to be an empty directory, it does not exist`);
      expect(await refusal(join(file, 'below'))).toBe(
        `expected ${file}/below to be an empty directory, what should be a directory above it is none`,
      );
      expect(await refusal(file)).toBe(`expected ${file} to be an empty directory, it is a file`);
      expect(await refusal(at)).toBe(`expected ${at} to be an empty directory, it has 1 entry`);
      expect(await refusal('/proc')).toBe('expected /proc to be an empty directory, a file system of type proc is mounted on it');
      rmSync(file);
      const server = await serve(at);
      expect(await refusal(at)).toBe(`expected ${at} to be an empty directory, another apemu is mounted on it and runs`);
      server.child.stdin!.write('unmount\n');
      expect((await server.end).code).toBe(0);
    });
  },
);
