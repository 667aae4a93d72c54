/**
 * The device nodes of zcrypt as a tree: which are there, what opening them gives, what a program reads off an answer.
 */
import { describe, expect, test } from 'vitest';
import { EBADF, EINTR, ENODEV, ENOTTY, EPERM } from '../../src/base/errno.ts';
import { Ioctl } from '../../src/ap-bus/zcrypt/ioctl-numbers.ts';
import type { FileNode, IoctlAnswer, OpenFile } from '../../src/fuse/file-tree.ts';
import { ZcryptDevices } from '../../src/fuse/z90crypt.ts';
import type { Task } from '../../src/runtime/task.ts';
import { onMachine, type Machine } from '../ap-bus/machine.ts';
import { FakeProgram } from './fake-program.ts';

const ABI = { littleEndian: true, pointerSize: 8 } as const;
const CALLER = { pid: 42, uid: 1000, gid: 1000, comm: 'prog' };

const devicesOf = (m: Machine): ZcryptDevices => new ZcryptDevices(m.bus.zcrypt, { owner: 1000, files: new FakeProgram(ABI) });

function fileAt(devices: ZcryptDevices, name: string): FileNode {
  const node = devices.child(name);
  if (node?.kind !== 'file') throw new Error(`expected a file ${name}, got ${node?.kind ?? 'nothing'}`);
  return node;
}

const open = (task: Task, node: FileNode) => node.open(task, { caller: CALLER, read: true, write: false, flags: 0 });

async function opened(task: Task, node: FileNode): Promise<OpenFile> {
  const file = await open(task, node);
  if (typeof file === 'number') throw new Error(`not opened: ${file}`);
  return file;
}

const ask = (task: Task, file: OpenFile, command: number, outputSize: number): Promise<IoctlAnswer | number> =>
  Promise.resolve(file.ioctl!(task, { caller: CALLER, command, argument: 16n, input: Buffer.alloc(0), outputSize, compat: false }));

const numberIn = (answer: IoctlAnswer | number): number => (typeof answer === 'number' ? answer : answer.output!.readInt32LE(0));

describe('the nodes', () => {
  test('come and go with create and destroy, and who watches is told before the store returns', () =>
    onMachine('live', {}, async (m, task) => {
      const devices = devicesOf(m);
      const told: string[] = [];
      const end = devices.watch((identity, name) => {
        expect(identity).toBe(devices);
        told.push(name);
      });
      const names = (): string[] => [...devices.list()].map(([name]) => name);
      expect(names()).toEqual(['z90crypt']);
      await m.write(task, '/sys/class/zcrypt/create', 'my');
      await m.write(task, '/sys/class/zcrypt/create', '\n');
      expect([names(), told]).toEqual([
        ['z90crypt', 'my', 'zcrypt_1'],
        ['my', 'zcrypt_1'],
      ]);
      const node = fileAt(devices, 'my');
      expect(node.same(fileAt(devices, 'my'))).toBe(true);
      expect(node.same(fileAt(devices, 'z90crypt'))).toBe(false);
      await m.write(task, '/sys/class/zcrypt/destroy', 'my');
      expect([names(), told, devices.child('my')]).toEqual([['z90crypt', 'zcrypt_1'], ['my', 'zcrypt_1', 'my'], null]);
      // It is another one, although it has the name.
      await m.write(task, '/sys/class/zcrypt/create', 'my');
      expect(node.same(fileAt(devices, 'my'))).toBe(false);
      expect(await open(task, node)).toBe(ENODEV);
      end();
      await m.write(task, '/sys/class/zcrypt/destroy', 'my');
      expect(told).toEqual(['my', 'zcrypt_1', 'my', 'my']);
    }));

  test('one that has the name of the first does not hide it', () =>
    onMachine('live', {}, async (m, task) => {
      const devices = devicesOf(m);
      const base = devices.child('z90crypt');
      await m.write(task, '/sys/class/zcrypt/create', 'z90crypt');
      expect([...devices.list()].map(([name]) => name)).toEqual(['z90crypt']);
      expect(devices.child('z90crypt')).toBe(base);
    }));

  test('each file that is open counts, until it is released', () =>
    onMachine('live', {}, async (m, task) => {
      const node = fileAt(devicesOf(m), 'z90crypt');
      const first = await opened(task, node);
      const second = await opened(task, node);
      expect(numberIn(await ask(task, first, Ioctl.Z90STAT_TOTALOPEN_COUNT, 4))).toBe(2);
      await second.release!(task);
      expect(numberIn(await ask(task, first, Ioctl.Z90STAT_TOTALOPEN_COUNT, 4))).toBe(1);
      expect(await ask(task, second, Ioctl.Z90STAT_TOTALOPEN_COUNT, 4)).toBe(EBADF);
    }));

  test('there is nothing to read or write, and no other ioctl', () =>
    onMachine('live', {}, async (m, task) => {
      const file = await opened(task, fileAt(devicesOf(m), 'z90crypt'));
      expect(await file.read!(task, { caller: CALLER, offset: 0, size: 10 })).toBe(EPERM);
      expect(await file.write!(task, { caller: CALLER, offset: 0, data: Buffer.from('1') })).toBe(EPERM);
      expect(await ask(task, file, 0x80047a99, 4)).toBe(ENOTTY);
    }));

  test('the masks of a node count for its files', () =>
    onMachine('live', {}, async (m, task) => {
      await m.write(task, '/sys/class/zcrypt/create', 'my');
      await m.write(task, '/sys/class/zcrypt/my/ioctlmask', '+0x47');
      const file = await opened(task, fileAt(devicesOf(m), 'my'));
      expect(numberIn(await ask(task, file, Ioctl.Z90STAT_DOMAIN_INDEX, 4))).toBe(6);
      expect(await ask(task, file, Ioctl.Z90STAT_TOTALOPEN_COUNT, 4)).toBe(EPERM);
    }));

  test('a signal while the attribute mutex is waited for is EINTR for the program', () =>
    onMachine('live', {}, async (m, task) => {
      await m.write(task, '/sys/class/zcrypt/create', 'my');
      const node = m.bus.zcrypt.nodes!.node('my')!;
      const devices = devicesOf(m);
      Object.defineProperty(node, 'open', { value: async () => -512 });
      expect(await open(task, fileAt(devices, 'my'))).toBe(EINTR);
    }));
});
