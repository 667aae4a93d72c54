/**
 * Programs of the machine on a real mount, whose server is this process.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { READERS, type ReaderKind } from '../../src/fuse/device-reader.ts';
import { mountAt } from '../../src/fuse/mount-table.ts';
import { hostTurn } from '../../src/runtime/host-clock.ts';
import { fuseProblem } from '../helpers/fuse-probe.ts';
import { onMount, start } from './real-mount.ts';
import { asAdmin } from './served-world.ts';

const problem = fuseProblem();
const NOBODY = 65_534;

/** The state letter of a process, asked again and again until it is the one that is waited for. */
async function reaches(pid: number, state: string): Promise<void> {
  const now = (): string =>
    readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .slice(0, 1);
  while (now() !== state) await hostTurn();
}

describe.skipIf(problem !== null).each(READERS)(
  `programs on a real mount with reader %s${problem === null ? '' : ` (skipped: ${problem})`}`,
  (reader) => {
    it('read, write and list as they do on sysfs', async () => {
      await onMount(reader, async ({ sh, at, stored }) => {
        expect((await sh('cat type && ls -1 ../../../bus/ap/devices && readlink -f ../../../bus/ap/devices/card05')).out).toBe(
          `CEX8C\ncard05\n${at}/devices/ap/card05\n`,
        );
        expect((await sh('stat -c "%A %s %F" online busy . ../../../bus/ap/devices/card05')).out).toBe(
          '-rw-r--r-- 4096 regular file\n--w------- 4096 regular file\ndrwxr-xr-x 0 directory\nlrwxrwxrwx 26 symbolic link\n',
        );
        expect(
          await sh(
            'echo 0 > online && printf 1 >> online && dd if=/dev/zero bs=5000 count=1 2>/dev/null | tr "\\0" x | dd bs=5000 of=online 2>/dev/null',
          ),
        ).toMatchObject({ code: 0 });
        expect(stored.map(({ text }) => text.length)).toEqual([2, 1, 4096, 904]);
        expect(stored[0]!.by).toMatch(/^sh\[\d+\]$/);
      });
    });

    it('get the errno of the store as their message, and the refusals of sysfs also as root', async () => {
      await onMount(reader, async ({ sh }) => {
        const said = async (script: string): Promise<string> => (await sh(script)).err.trim().replace(/^.*: /s, '');
        expect(await said('echo 1 | tee busy')).toBe('Device or resource busy');
        expect(await said('cat busy')).toBe('Permission denied');
        expect(await said('echo 1 | tee type')).toBe('Permission denied');
        expect(await said('touch new')).toBe('Permission denied');
        expect(await said('mkdir new')).toBe('Operation not permitted');
        expect(await said('rm -f type')).toBe('Operation not permitted');
        expect(await said('mv type other')).toBe('Operation not permitted');
        expect(await said('cat absent')).toBe('No such file or directory');
        expect(await sh('chmod 0600 online && stat -c %a online && truncate -s 0 online')).toMatchObject({ code: 0, out: '600\n' });
      });
    });

    it('are let into the store of one attribute side by side, with O_TRUNC, too', async () => {
      await onMount(reader, async (world) => {
        let inside = 0;
        let [first, both] = [(): void => undefined, (): void => undefined];
        const [firstIn, bothIn] = [new Promise<void>((resolve) => (first = resolve)), new Promise<void>((resolve) => (both = resolve))];
        const store = async (): Promise<number> => {
          first();
          if (++inside === 2) both();
          await bothIn;
          return 0;
        };
        world.card.addAttribute({ name: 'barrier', mode: 0o644, show: () => '', store }, null);
        const one = world.sh('echo 1 > barrier');
        await firstIn;
        // The kernel is told a turn later to lead the next one to another inode.
        await hostTurn();
        await hostTurn();
        await world.mount.connection.core.invalidations.settled();
        expect([(await world.sh('echo 2 > barrier')).code, (await one).code]).toEqual([0, 0]);
      });
    });

    it('wait for a lock in D state after SIGKILL, with their names in the list of those who wait', async () => {
      await onMount(reader, async (world) => {
        const { child, end } = await asAdmin(world, async (task) => {
          using held = await world.lock.acquire(task);
          const writer = world.start('exec tee locked');
          writer.child.stdin!.end('1');
          const { tasks } = world.rt;
          const waiting = (): boolean =>
            [...tasks].some((one) => one.name === `tee[${writer.child.pid}]` && one.blockedOn?.name === 'mdevs_lock');
          while (!waiting()) await hostTurn();
          writer.child.kill('SIGKILL');
          await reaches(writer.child.pid!, 'D');
          expect(waiting()).toBe(true);
          held.release();
          return writer;
        });
        expect((await end).signal).toBe('SIGKILL');
        expect(child.killed).toBe(true);
      });
    });

    it('get -ENODEV from a file that was removed while they had it open, and find nothing of it', async () => {
      await onMount(reader, async ({ sh }) => {
        const script =
          'printf m1 > make && exec 3< ../../matrix/m1/matrix && printf m1 > drop; cat <&3; ls ../../matrix; cat ../../matrix/m1/matrix';
        const { err, out } = await sh(script);
        expect(out).toBe('');
        expect(err).toContain('No such device');
        expect(err).toContain('No such file or directory');
      });
    });

    it('see 300 directories come and go at once, while others list and stat them', async () => {
      await onMount(reader, async ({ at, mount }) => {
        const walker = `
        const fs = require('node:fs');
        const dir = process.argv[1];
        process.stdin.on('end', () => process.exit(0)).resume();
        (function round() {
          for (const name of [...fs.readdirSync(dir), 'm1', 'm150']) { try { fs.statSync(dir + '/' + name); fs.readFileSync(dir + '/' + name + '/matrix'); }
            catch (error) { if (error.code !== 'ENOENT' && error.code !== 'ENODEV') throw error; } }
          setImmediate(round);
        })();`;
        const churn = `
        const fs = require('node:fs');
        const [dir, card] = process.argv.slice(1);
        let stale = 0;
        for (let i = 0; i < 300; i++) {
          const name = 'm' + (i % 200);
          if (fs.existsSync(dir + '/' + name)) stale++;
          fs.writeFileSync(card + '/make', name);
          if (fs.readFileSync(dir + '/' + name + '/matrix', 'utf8') !== name + '\\n') stale++;
          if (!fs.readdirSync(dir).includes(name)) stale++;
          fs.writeFileSync(card + '/drop', name);
          if (fs.existsSync(dir + '/' + name) || fs.existsSync(dir + '/' + name + '/matrix')) stale++;
        }
        console.log('stale ' + stale);`;
        const folder = `${at}/devices/matrix`;
        const walkers = [0, 1].map(() => start(process.execPath, ['-e', walker, folder]));
        expect(await start(process.execPath, ['-e', churn, folder, `${at}/devices/ap/card05`]).end).toMatchObject({
          code: 0,
          out: 'stale 0\n',
        });
        for (const { child, end } of walkers) {
          child.stdin!.end();
          expect(await end).toMatchObject({ code: 0, err: '' });
        }
        expect(mount.connection.core.inFlight).toBe(0);
      });
    });

    it('of another user come in only when they were allowed to, and then as far as the modes let them', async () => {
      const script = 'cat type; echo 1 > online';
      await onMount(reader, async ({ sh, at }) => {
        expect((await sh(script, { uid: NOBODY })).err).toContain('Permission denied');
        expect((await start('ls', [at], { uid: NOBODY }).end).code).not.toBe(0);
      });
      await onMount(
        reader,
        async ({ sh }) => {
          const { out, err } = await sh(script, { uid: NOBODY });
          expect([out, err.includes('Permission denied')]).toEqual(['CEX8C\n', true]);
        },
        { allowOther: true },
      );
    });

    it('hold 1,000 files open, and the server forgets them when they end', async () => {
      await onMount(reader, async ({ at, mount }) => {
        const client = `
        const fs = require('node:fs');
        const files = Array.from({ length: 1000 }, () => fs.openSync(process.argv[1], 'r'));
        console.log(new Set(files.map((file) => fs.readFileSync(file, 'utf8'))).size);`;
        expect(
          (
            await start('sh', ['-c', 'ulimit -n 4096; exec "$@"', 'sh', process.execPath, '-e', client, `${at}/devices/ap/card05/count`])
              .end
          ).out,
        ).toBe('1000\n');
        while (mount.connection.core.openHandles > 0) await hostTurn();
      });
    });

    it('that are stuck get an error when the server gives up, and nothing stays mounted', async () => {
      await onMount(reader, async (world) => {
        const { at, mount, card } = world;
        let begun = (): void => undefined;
        const inside = new Promise<void>((resolve) => (begun = resolve));
        const store = (): Promise<number> => (begun(), new Promise(() => undefined));
        card.addAttribute({ name: 'stuck', mode: 0o200, store }, null);
        const writer = world.start('exec tee stuck');
        writer.child.stdin!.end('1');
        await inside;
        expect(await mount.unmount()).toBe(false);
        expect(mountAt(at)).toBeNull();
        expect((await writer.end).code).not.toBe(0);
      });
    });
  },
);

describe.skipIf(problem !== null)(`mounts of one process${problem === null ? '' : ` (skipped: ${problem})`}`, () => {
  /** A sentence of every one of these mounts, read while all of them are there. */
  async function all(readers: readonly ReaderKind[], then: () => Promise<void>): Promise<void> {
    const [reader, ...others] = readers;
    if (reader === undefined) return await then();
    await onMount(reader, async ({ sh }) => {
      await all(others, then);
      expect((await sh('cat type && printf m1 > make && cat ../../matrix/m1/matrix')).out).toBe('CEX8C\nm1\n');
    });
  }

  it('are as many as one likes while the event loop reads for all of them', async () => {
    await all(Array<ReaderKind>(6).fill('poll'), async () => undefined);
  });

  it.each([
    { there: ['pool', 'pool'], third: 'pool' },
    { there: ['poll', 'pool'], third: 'poll' },
    { there: ['poll', 'poll'], third: 'pool' },
  ] as const)('are refused where threads could wait for each other: $third beside $there', async ({ there, third }) => {
    await all(there, async () => {
      await expect(onMount(third, async () => undefined)).rejects.toThrow(
        'expected at least 6 threads for one more mount, UV_THREADPOOL_SIZE gives 4',
      );
    });
  });
});
