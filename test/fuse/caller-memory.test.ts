/**
 * Whose memory may be looked into, and which parts of it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { EPERM, ESRCH } from '../../src/base/errno.ts';
import { AddressSpace, CallerMemory, type ProcessFiles } from '../../src/fuse/caller-memory.ts';
import { FakeProgram } from './fake-program.ts';

const ABI = { littleEndian: true, pointerSize: 8 } as const;

async function opened(program: FakeProgram, pid = 42, owner = 1000): Promise<CallerMemory> {
  const memory = await CallerMemory.open(pid, owner, program);
  if (typeof memory === 'number') throw new Error(`not opened: ${memory}`);
  return memory;
}

describe('who may be looked into', () => {
  test('a process of the owner, identified before and after its memory is opened', async () => {
    const program = new FakeProgram(ABI);
    const memory = await opened(program);
    expect(program.asked).toEqual(['status', 'stat', 'mem', 'status', 'stat']);
    await memory.close();
    expect(program.opened).toBe(0);
  });

  test('a caller that this server does not see is refused without a look at /proc', async () => {
    const program = new FakeProgram(ABI);
    expect(await CallerMemory.open(0, 1000, program)).toBe(EPERM);
    expect(program.asked).toEqual([]);
  });

  test.each([
    ['real', '0\t1000\t1000\t1000'],
    ['effective', '1000\t0\t1000\t1000'],
    ['saved', '1000\t1000\t0\t1000'],
    ['file-system', '1000\t1000\t1000\t0'],
    ['every', '1001\t1001\t1001\t1001'],
  ])('a process with another %s uid is refused before its memory is opened', async (_which, uids) => {
    const program = new FakeProgram(ABI);
    program.uids = uids;
    expect(await CallerMemory.open(42, 1000, program)).toBe(EPERM);
    expect(program.asked).not.toContain('mem');
    // Root's server keeps out of it just the same.
    expect(await CallerMemory.open(42, 0, program)).toBe(EPERM);
  });

  test.each<[string, (program: FakeProgram) => void]>([
    ['another process has its number', (program) => void program.start++],
    ['it runs a program of another user', (program) => void (program.uids = '1000\t0\t0\t0')],
  ])('when %s by the time its memory is open, that is closed again', async (_what, change) => {
    const program = new FakeProgram(ABI);
    const files: ProcessFiles = {
      text: (pid, file) => program.text(pid, file),
      memory: () => {
        change(program);
        return program.memory();
      },
    };
    expect(await CallerMemory.open(42, 1000, files)).toBe(ESRCH);
    expect(program.opened).toBe(0);
  });

  test.each([
    ['ENOENT', ESRCH],
    ['ESRCH', ESRCH],
    ['EACCES', EPERM],
    ['EPERM', EPERM],
  ])('%s of /proc is %i for the caller', async (code, errno) => {
    const program = new FakeProgram(ABI);
    program.memory = () => Promise.reject(Object.assign(new Error(code), { code }));
    expect(await CallerMemory.open(42, 1000, program)).toBe(errno);
  });
});

describe('what may be read and written', () => {
  test('every byte of it, over regions that touch, and no byte more', () => {
    const space = new AddressSpace(
      ['1000-2000 r--p 0 00:00 0', '2000-3000 rw-p 0 00:00 0 [heap]', '5000-6000 -w-p 0 00:00 0', '7000-8000 ---p 0 00:00 0'].join('\n'),
    );
    expect(space.allows('readable', 0x1000, 0x2000)).toBe(true);
    expect(space.allows('readable', 0x1000, 0x2001)).toBe(false);
    expect(space.allows('readable', 0xfff, 2)).toBe(false);
    expect(space.allows('writable', 0x2000, 0x1000)).toBe(true);
    expect(space.allows('writable', 0x1fff, 2)).toBe(false);
    expect(space.allows('readable', 0x5000, 1)).toBe(false);
    expect(space.allows('writable', 0x5000, 1)).toBe(true);
    expect(space.allows('readable', 0x7000, 1)).toBe(false);
    expect(space.allows('readable', 0x4000, 1)).toBe(false);
    expect(space.allows('readable', 0, 0)).toBe(true);
    expect(space.allows('readable', 2 ** 64, 1)).toBe(false);
  });

  test('long reads and writes go on until everything has moved', async () => {
    const program = new FakeProgram(ABI);
    const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i & 0xff);
    const address = program.place(bytes);
    const memory = await opened(program);
    const space = await memory.addressSpace();
    expect(await memory.read(space, address, 1000)).toEqual(bytes);
    expect(await memory.write([{ address, bytes: new Uint8Array(1000).fill(7) }])).toBe(true);
    expect(bytes).toEqual(new Uint8Array(1000).fill(7));
  });

  test('one write that is not possible prevents all', async () => {
    const program = new FakeProgram(ABI);
    const good = new Uint8Array(10);
    const constant = new Uint8Array(10);
    const [first, second] = [program.place(good), program.place(constant, 'r--p')];
    const memory = await opened(program);
    const ones = new Uint8Array(10).fill(1);
    expect(
      await memory.write([
        { address: first, bytes: ones },
        { address: second, bytes: ones },
      ]),
    ).toBe(false);
    expect([...good, ...constant].every((byte) => byte === 0)).toBe(true);
  });
});

test.skipIf(process.platform !== 'linux')(
  'the memory of a real process is gone when the process is, whoever has its number then',
  async () => {
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    const memory = await CallerMemory.open(child.pid!, process.getuid!());
    if (typeof memory === 'number') throw new Error(`not opened: ${memory}`);
    const before = await memory.addressSpace();
    const at = Number(`0x${/^([0-9a-f]+)-/.exec(await readFile(`/proc/${child.pid}/maps`, 'utf8'))![1]!}`);
    expect(await memory.read(before, at, 4)).toEqual(Uint8Array.from([0x7f, 0x45, 0x4c, 0x46]));
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await memory.read(before, at, 4)).toBeNull();
    expect(await memory.write([{ address: at, bytes: new Uint8Array(4) }])).toBe(false);
    await memory.close();
    expect(await CallerMemory.open(child.pid!, process.getuid!())).toBe(ESRCH);
  },
);
