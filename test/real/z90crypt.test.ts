/**
 * A native program, compiled here, that uses /dev/z90crypt of the emulated host as libica uses the real one.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EBADF, EFAULT, EINVAL, ENODEV, ENOTTY, EPERM } from '../../src/base/errno.ts';
import { Ioctl } from '../../src/ap-bus/zcrypt/ioctl-numbers.ts';
import { rsaKeys } from '../../src/guest/rsa-key-pool.ts';
import { findProgram } from '../helpers/real-programs.ts';
import { describeReal, mounts, program, root } from '../helpers/real-tools.ts';
import { RealShell } from '../helpers/real-shell.ts';
import { ROOT } from '../tidy/tree.ts';

const DEVICE = '/dev/z90crypt';
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const errno = (value: number): string => `errno ${-value}\n`;

describeReal('a native program on /dev/z90crypt', [root, mounts, program('gcc')], () => {
  const folder = mkdtempSync(join(tmpdir(), 'apemu-client-'));
  const client = join(folder, 'client');
  let shell: RealShell;
  const use = (...args: string[]): Promise<string> => shell.good(`${client} ${DEVICE} ${args.join(' ')}`);
  beforeAll(async () => {
    const source = join(ROOT, 'test/fuse/z90crypt-client.c');
    const { status, stderr } = spawnSync(findProgram('gcc')!, ['-Wall', '-O1', '-pthread', '-o', client, source], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    chmodSync(folder, 0o755);
    shell = await RealShell.start(['--dev', join(ROOT, 'test/fixtures/real/three-cards.yaml')]);
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    expect(await shell.end()).toMatchObject({ status: 0, left: [] });
  });

  test('ICARSAMODEXPO: 7 to the power of 5 modulo 1001 is 791', async () => {
    expect(await use('mex', '03e9', '0005', '0007')).toBe(`${(791).toString(16).padStart(4, '0')}\n`);
  });

  test('ICARSAMODEXPO and ICARSACRT with a key of 2048 bits undo each other', async () => {
    const { n, e, p, q, dp, dq, qi } = rsaKeys(2048)[0]!;
    const message = new Uint8Array(n.length).fill(0x5a, 1);
    const exponent = new Uint8Array(n.length);
    exponent.set(e, n.length - e.length);
    const sealed = (await use('mex', hex(n), hex(exponent), hex(message))).trim();
    expect(sealed).not.toBe(hex(message));
    const padded = (part: Uint8Array): string => '00'.repeat(8) + hex(part);
    expect(await use('crt', padded(p), hex(q), padded(dp), hex(dq), padded(qi), sealed)).toBe(`${hex(message)}\n`);
  });

  test('ZCRYPT_DEVICE_STATUS tells of each queue, in the bit fields of this machine', async () => {
    await shell.good('echo 0 >/sys/devices/ap/card05/05.000d/online');
    expect(await use('status')).toBe(
      [
        '03.0006 type 14 online 1 functions 24',
        '03.000d type 14 online 1 functions 24',
        '04.0006 type 14 online 1 functions 1a',
        '04.000d type 14 online 1 functions 1a',
        '05.0006 type 14 online 1 functions 21',
        '05.000d type 14 online 0 functions 21',
        '',
      ].join('\n'),
    );
    await shell.good('echo 1 >/sys/devices/ap/card05/05.000d/online');
  });

  test('what the kernel copies itself: the default domain, the number of open files', async () => {
    await shell.good('echo 6 >/sys/bus/ap/ap_domain');
    const int = (value: number): string => `${hex(new Uint8Array(Int32Array.of(value).buffer))}\n`;
    expect(await use('stat', String(Ioctl.Z90STAT_DOMAIN_INDEX), '4')).toBe(int(6));
    expect(await use('stat', String(Ioctl.Z90STAT_TOTALOPEN_COUNT), '4')).toBe(int(1));
    expect((await use('stat', String(Ioctl.ZCRYPT_STATUS_MASK), '256')).slice(6, 12)).toBe('070c0c');
  });

  test('bad pointers are EFAULT, unknown commands ENOTTY, numbers of no length EINVAL, numbers too long for every card ENODEV', async () => {
    expect(await use('raw', String(Ioctl.ICARSAMODEXPO))).toBe(errno(EFAULT));
    expect(await use('raw', String(Ioctl.ICARSACRT))).toBe(errno(EFAULT));
    expect(await use('raw', String(Ioctl.ZSECSENDCPRB))).toBe(errno(EFAULT));
    expect(await use('raw', String(Ioctl.ZCRYPT_DEVICE_STATUS))).toBe(errno(EFAULT));
    expect(await use('raw', String(Ioctl.ZCRYPT_STATUS_MASK))).toBe(errno(EFAULT));
    expect(await use('raw', String(0xc0007a99))).toBe(errno(ENOTTY));
    expect(await use('mex', '""', '""', '""')).toBe(errno(EINVAL));
    const long = '01'.repeat(513);
    expect(await use('mex', long, long, long)).toBe(errno(ENODEV));
  });

  test('memory that the program may not write or read is EFAULT, and stays as it is', async () => {
    expect(await use('readonly')).toBe(`${errno(EFAULT)}55 4\n`);
    expect(await use('nothing')).toBe(`${errno(EFAULT)}55 4\n`);
    expect(await use('beside')).toBe('ok 0\n03170000\n');
  });

  test('it does not matter which thread asks, or how the file was opened', async () => {
    expect(await use('thread')).toBe('other 03175555 2\n');
    expect(await use('reader')).toBe('03175555 2\n');
    const closed = await use('close');
    expect(closed.endsWith(errno(EBADF))).toBe(true);
  });

  test.each([
    ['0', '1000', '0'],
    ['1000', '0', '0'],
    ['0', '0', '1000'],
    ['1000', '1000', '1000'],
  ])('a process with the uids %s, %s and %s is not looked into, although it has the file open', async (...ids) => {
    const answer = await use('user', ...ids);
    // The kernel itself keeps away those whose uids are all others, where the mount is the owner's alone.
    expect([errno(EPERM), 'errno 13\n']).toContain(answer);
  });
});
