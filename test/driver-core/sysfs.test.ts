/**
 * Sysfs: paths, errors, links, and removal while somebody is inside an attribute.
 */
import { describe, expect, test } from 'vitest';
import { EACCES, EBUSY, EINVAL, EISDIR, ENODEV, ENOENT, ENOTDIR, OK } from '../../src/base/errno.ts';
import type { AttributeDef } from '../../src/driver-core/attribute.ts';
import type { Directory } from '../../src/driver-core/directory.ts';
import type { OpenAttribute } from '../../src/driver-core/sysfs.ts';
import { LockClass } from '../../src/locks/lock-class.ts';
import type { Task } from '../../src/runtime/task.ts';
import { RUNTIMES, inWorld } from './world.ts';

interface Box {
  text: string;
}

const VALUE: AttributeDef<Box> = {
  name: 'value',
  mode: 0o644,
  show: (_task, box) => `${box.text}\n`,
  store(_task, box, text) {
    if (text.startsWith('bad')) return EBUSY;
    box.text = text.trim();
    return OK;
  },
};
const WRITE_ONLY: AttributeDef<Box> = { name: 'poke', mode: 0o200, show: () => 'never', store: () => 17 };
const READ_ONLY: AttributeDef<Box> = { name: 'peek', mode: 0o444, show: () => '', store: () => OK };
const FAILING: AttributeDef<Box> = { name: 'broken', mode: 0o444, show: () => EINVAL };

const GATE = new LockClass('test gate');
const LOCK = new LockClass('test lock');

describe.each(RUNTIMES)('on the %s runtime', (kind) => {
  test('reads, writes and errors', async () => {
    const findings = await inWorld(kind, async ({ sysfs }, task) => {
      const box = { text: 'one' };
      const dir = sysfs.mkdir('/sys/kernel/box');
      dir.addAttributes([VALUE, WRITE_ONLY, READ_ONLY, FAILING], box);
      const at = '/sys/kernel/box';
      expect(await sysfs.read(task, `${at}/value`)).toBe('one\n');
      expect(await sysfs.write(task, `${at}/value`, 'two\n')).toBe(4);
      expect(box.text).toBe('two');
      expect(await sysfs.write(task, `${at}/value`, 'bad')).toBe(EBUSY);
      expect(await sysfs.write(task, `${at}/value`, 'zwölf')).toBe(6);
      expect(await sysfs.write(task, `${at}/value`, '')).toBe(0);
      expect(box.text).toBe('zwölf');
      // A store is given a C string; what is behind its end was taken all the same.
      expect(await sysfs.write(task, `${at}/value`, 'zwei\0drei')).toBe(9);
      expect(box.text).toBe('zwei');
      // What a successful store answers does not matter.
      expect(await sysfs.write(task, `${at}/poke`, 'x')).toBe(1);
      expect(await sysfs.read(task, `${at}/poke`)).toBe(EACCES);
      expect(await sysfs.write(task, `${at}/peek`, 'x')).toBe(EACCES);
      expect(await sysfs.read(task, `${at}/peek`)).toBe('');
      expect(await sysfs.read(task, `${at}/broken`)).toBe(EINVAL);
      expect(await sysfs.read(task, at)).toBe(EISDIR);
      expect(await sysfs.write(task, at, 'x')).toBe(EISDIR);
      expect(await sysfs.read(task, `${at}/none`)).toBe(ENOENT);
      expect(await sysfs.read(task, `${at}/value/more`)).toBe(ENOTDIR);
      expect(sysfs.list(at)).toEqual(['broken', 'peek', 'poke', 'value']);
      expect(sysfs.list(`${at}/value`)).toBe(ENOTDIR);
      expect(sysfs.stat(`${at}/poke`)).toEqual({ kind: 'attribute', mode: 0o200 });
      await expect(sysfs.read(task, '/proc/self')).rejects.toThrow('below /sys');
    });
    expect(findings).toEqual([]);
  });

  test('a write of more than a page is cut', async () => {
    await inWorld(kind, async ({ sysfs }, task) => {
      const box = { text: '' };
      sysfs.mkdir('/sys/box').addAttributes([VALUE], box);
      expect(await sysfs.write(task, '/sys/box/value', 'x'.repeat(5000))).toBe(4096);
      expect(box.text).toHaveLength(4096);
    });
  });

  test('links are followed anywhere in a path', async () => {
    await inWorld(kind, async ({ sysfs }, task) => {
      const box = { text: 'linked' };
      const target = sysfs.mkdir('/sys/devices/a/b');
      target.addAttributes([VALUE], box);
      sysfs.mkdir('/sys/class/x').addLink('b', target);
      expect(sysfs.readlink('/sys/class/x/b')).toBe('../../devices/a/b');
      expect(await sysfs.read(task, '/sys/class/x/b/value')).toBe('linked\n');
      expect(sysfs.list('/sys/class/x/b')).toEqual(['value']);
      // As the kernel walks: .. of the target, not of the link.
      expect(sysfs.list('/sys/class/x/b/..')).toEqual(['b']);
      expect(sysfs.readlink('/sys/class/x/b/value')).toBe(EINVAL);
      expect(sysfs.stat('/sys/class/x/b')).toEqual({ kind: 'link', mode: 0o777 });
      expect(sysfs.exists('/sys/class/x/c')).toBe(false);
      await target.remove(task);
      sysfs.mkdir('/sys/class/x').removeLink('b');
      expect(sysfs.readlink('/sys/class/x/b')).toBe(ENOENT);
    });
  });

  test('opened before, read after the removal: -ENODEV', async () => {
    await inWorld(kind, async ({ sysfs }, task) => {
      const dir = sysfs.mkdir('/sys/box');
      dir.addAttribute(VALUE, { text: 'here' });
      const file = sysfs.open('/sys/box/value') as OpenAttribute;
      expect(await file.read(task)).toBe('here\n');
      expect(await dir.removeAttribute(task, 'value')).toBe(true);
      expect(await dir.removeAttribute(task, 'value')).toBe(false);
      expect(await file.read(task)).toBe(ENODEV);
      expect(await file.write(task, 'x')).toBe(ENODEV);
      expect(await sysfs.read(task, '/sys/box/value')).toBe(ENOENT);
      // The same definition, but another object: the old file must not reach it.
      dir.addAttribute(VALUE, { text: 'again' });
      expect(await file.read(task)).toBe(ENODEV);
    });
  });

  test.each(['attribute', 'directory'])('removal of the %s waits for a running show', async (what) => {
    const order: string[] = [];
    const findings = await inWorld(kind, async ({ rt, layer, sysfs }, task) => {
      const gate = layer.waitQueue(layer.map(GATE, 'gate'));
      let inside = false;
      let open = false;
      const slow: AttributeDef<null> = {
        name: 'slow',
        mode: 0o444,
        async show(reader) {
          inside = true;
          gate.wakeAll(reader);
          await gate.wait(reader, () => open);
          order.push('shown');
          return 'done\n';
        },
      };
      const parent = sysfs.mkdir('/sys/p');
      const dir = parent.ensure('d');
      dir.addAttribute(slow, null);
      let text: string | number = '';
      const reader = rt.spawn('reader', async (t) => void (text = await sysfs.read(t, '/sys/p/d/slow')));
      await gate.wait(task, () => inside);
      const remover = rt.spawn('remover', async (t) => {
        if (what === 'attribute') await dir.removeAttribute(t, 'slow');
        else await parent.remove(t);
        order.push('removed');
      });
      while (sysfs.exists('/sys/p/d/slow')) await rt.sleep(task, 1);
      // A newcomer is turned away while the removal waits.
      expect(await sysfs.read(task, '/sys/p/d/slow')).toBe(ENOENT);
      await rt.sleep(task, 2);
      expect(order).toEqual([]);
      open = true;
      gate.wakeAll(task);
      await rt.join(task, reader);
      await rt.join(task, remover);
      expect(text).toBe('done\n');
    });
    expect(order).toEqual(['shown', 'removed']);
    expect(findings).toEqual([]);
  });

  test('removal under a lock that a show takes is reported, also when nobody reads', async () => {
    const findings = await inWorld(kind, async ({ layer, sysfs }, task) => {
      const lock = layer.mutex(LOCK, 'the lock');
      const locked: AttributeDef<null> = {
        name: 'locked',
        mode: 0o444,
        async show(reader) {
          using _held = await lock.acquire(reader);
          return 'x\n';
        },
      };
      const dir = sysfs.mkdir('/sys/d');
      dir.addAttribute(locked, null);
      await sysfs.read(task, '/sys/d/locked');
      using _held = await lock.acquire(task);
      await dir.removeAttribute(task, 'locked');
    });
    expect(findings.join()).toMatch(/circular.*test lock.*kn->active#locked/);
  });

  test('an attribute removes itself from inside its store; of two writers one does it', async () => {
    const results: boolean[] = [];
    const findings = await inWorld(kind, async ({ rt, layer, sysfs }, task) => {
      const both = layer.waitQueue(layer.map(GATE, 'both inside'));
      let inside = 0;
      const remove: AttributeDef<Directory> = {
        name: 'remove',
        mode: 0o200,
        async store(writer, dir) {
          inside++;
          both.wakeAll(writer);
          await both.wait(writer, () => inside === 2);
          const first = await dir.removeSelf(writer, 'remove');
          results.push(first);
          if (first) await dir.remove(writer);
          return OK;
        },
      };
      const dir = sysfs.mkdir('/sys/d');
      dir.addAttribute(remove, dir);
      const write = async (t: Task): Promise<void> => expect(await sysfs.write(t, '/sys/d/remove', '1')).toBe(1);
      const writers = [rt.spawn('a', write), rt.spawn('b', write)];
      for (const writer of writers) await rt.join(task, writer);
      expect(sysfs.exists('/sys/d')).toBe(false);
    });
    expect(results.filter((first) => first)).toHaveLength(1);
    expect(results).toHaveLength(2);
    expect(findings).toEqual([]);
  });
});

test('a store that removes its own attribute the wrong way never ends: the deadlock is found', async () => {
  await expect(
    inWorld('controlled', async ({ sysfs }, task) => {
      const remove: AttributeDef<Directory> = {
        name: 'remove',
        mode: 0o200,
        async store(writer, dir) {
          await dir.removeAttribute(writer, 'remove');
          return OK;
        },
      };
      const dir = sysfs.mkdir('/sys/d');
      dir.addAttribute(remove, dir);
      await sysfs.write(task, '/sys/d/remove', '1');
    }),
  ).rejects.toThrow('deadlock');
});

test('over many schedules a read against a removal gives the text or -ENOENT, never anything else', async () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 60; seed++) {
    await inWorld(
      'controlled',
      async ({ rt, sysfs }) => {
        const dir = sysfs.mkdir('/sys/d');
        dir.addAttribute(VALUE, { text: 'v' });
        rt.spawn('reader', async (t) => void seen.add(String(await sysfs.read(t, '/sys/d/value'))));
        rt.spawn('remover', async (t) => void (await dir.removeAttribute(t, 'value')));
      },
      seed,
    );
  }
  // Looked up in time and gone by then: -ENODEV. Too late: -ENOENT.
  expect([...seen].toSorted()).toEqual([String(ENODEV), String(ENOENT), 'v\n'].toSorted());
});
