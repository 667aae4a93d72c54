/**
 * Goal: a task that puts together members of a group from before and from after somebody else's change is reported, and only then.
 */
import { describe, expect, test } from 'vitest';
import { LockClass } from '../../src/locks/lock-class.ts';
import type { LockLayer } from '../../src/locks/lock-layer.ts';
import { beginOperation } from '../../src/locks/task-memory.ts';
import type { Task } from '../../src/runtime/task.ts';
import { WORLDS } from '../helpers/lock-world.ts';
import { MDEV, SMALL_HOSTS, UUID, type SmallHost } from '../helpers/small-host.ts';

const [A, B, Q, W] = ['group-a', 'group-b', 'group-wq', 'group-work'].map((name) => new LockClass(name)) as [
  LockClass,
  LockClass,
  LockClass,
  LockClass,
];
const OWNER = { name: 'mdev1' };
const MIXED = 'invariant: reader has seen mdev1 in mixed versions: matrix from before and shadow from after a change by writer';

function group(locks: LockLayer) {
  const [a, b] = [locks.mutex(A, 'a'), locks.mutex(B, 'b')];
  const [matrix, shadow, kvm] = [locks.field(OWNER, 'matrix', 0), locks.field(OWNER, 'shadow', 0), locks.field(OWNER, 'kvm', 0)];
  for (const field of [matrix, shadow, kvm]) field.guardedBy([a, b]);
  locks.state.group(OWNER, [matrix, shadow, kvm]);
  return { a, b, matrix, shadow, kvm };
}

type Group = ReturnType<typeof group>;

/** Changes matrix and shadow together after 5 ms. */
const writer =
  (locks: LockLayer, { a, b, matrix, shadow }: Group) =>
  async (task: Task): Promise<void> => {
    await locks.rt.sleep(task, 5);
    using _a = await a.acquire(task);
    using _b = await b.acquire(task);
    matrix.set(task, 1);
    shadow.set(task, 1);
  };

/** One section before the change and one after it. */
const inTwo =
  (locks: LockLayer, { a }: Group, [first, second]: readonly [(task: Task) => unknown, (task: Task) => unknown]) =>
  async (task: Task): Promise<void> => {
    {
      using _ = await a.acquire(task);
      first(task);
    }
    await locks.rt.sleep(task, 10);
    using _ = await a.acquire(task);
    await second(task);
  };

describe.each(WORLDS)('%s', (_name, make) => {
  const run = async (sections: (all: Group, locks: LockLayer) => readonly [(task: Task) => unknown, (task: Task) => unknown]) => {
    const { locks, play, found, findings } = make();
    const all = group(locks);
    await play({ reader: inTwo(locks, all, sections(all, locks)), writer: writer(locks, all) });
    return { found, findings };
  };

  test('one member before the change and another one after it', async () => {
    const { found, findings } = await run(({ matrix, shadow }) => [(task) => matrix.get(task), (task) => shadow.get(task)]);
    expect(found()).toEqual([MIXED]);
    expect(findings[0]?.tasks).toEqual(['reader', 'writer']);
    expect(findings[0]?.place?.[0]).toMatch(/^test\/locks\/invariant-group\.test\.ts:\d+/);
    expect(findings[0]?.notes).toEqual(['matrix, shadow, kvm belong together']);
  });

  test('a guard held throughout keeps the members together', async () => {
    const { locks, play, found } = make();
    const all = group(locks);
    await play({
      reader: async (task) => {
        using _ = await all.b.acquire(task);
        all.matrix.get(task);
        await locks.rt.sleep(task, 10);
        all.shadow.get(task);
      },
      writer: writer(locks, all),
    });
    expect([found(), all.shadow.inspect()]).toEqual([[], 1]);
  });

  test('whoever looks at all of it again sees one version, in any order and with waits under the lock between', async () => {
    const { found } = await run(({ matrix, shadow }, locks) => [
      (task) => matrix.get(task),
      async (task) => {
        shadow.get(task);
        await locks.rt.sleep(task, 1);
        matrix.get(task);
      },
    ]);
    expect(found()).toEqual([]);
  });

  test('looking again after having let go of the new version is too late', async () => {
    const { locks, play, found } = make();
    const all = group(locks);
    const look = async (task: Task, field: Group['matrix']): Promise<void> => {
      using _ = await all.a.acquire(task);
      field.get(task);
    };
    await play({
      reader: async (task) => {
        await look(task, all.matrix);
        await locks.rt.sleep(task, 10);
        await look(task, all.shadow);
        expect(found()).toEqual([]);
        await look(task, all.matrix);
        expect(found()).toEqual([MIXED]);
      },
      writer: writer(locks, all),
    });
    expect(found()).toEqual([MIXED]);
  });

  test('looking again at what was read before begins anew', async () => {
    const { found } = await run(({ matrix, shadow, kvm }) => [
      (task) => [matrix.get(task), shadow.get(task)],
      (task) => [shadow.get(task), kvm.get(task)],
    ]);
    expect(found()).toEqual([]);
  });

  test('without a change, or after a change of something else, there is nothing to mix', async () => {
    const { locks, play, found } = make();
    const all = group(locks);
    const other = locks.field(OWNER, 'other', 0);
    await play({
      reader: inTwo(locks, all, [(task) => all.matrix.get(task), (task) => all.shadow.get(task)]),
      idle: async (task) => {
        await locks.rt.sleep(task, 5);
        using _a = await all.a.acquire(task);
        using _b = await all.b.acquire(task);
        all.shadow.set(task, all.shadow.get(task));
        other.set(task, 1);
      },
    });
    expect(found()).toEqual([]);
  });

  test('a task may mix its own changes, and those of work that it waits for', async () => {
    const { locks, play, found } = make();
    const all = group(locks);
    const item = locks.workItem(locks.workQueue(Q, 'events'), W, { name: 'filter', body: async (task) => all.shadow.set(task, 2) });
    await play({
      only: async (task) => {
        using _a = await all.a.acquire(task);
        using _b = await all.b.acquire(task);
        all.kvm.get(task);
        all.matrix.set(task, 1);
        item.queueWork(task);
        await item.flush(task);
        all.shadow.get(task);
      },
    });
    expect([found(), all.shadow.inspect()]).toEqual([[], 2]);
  });

  test('two operations of one task are not put together', async () => {
    const { found } = await run(({ matrix, shadow }) => [
      (task) => matrix.get(task),
      (task) => {
        beginOperation(task);
        shadow.get(task);
      },
    ]);
    expect(found()).toEqual([]);
  });

  test.each([true, false])('without any lock the code up to the next await counts: mixed %s', async (mixed) => {
    const { locks, play, found } = make();
    const all = group(locks);
    for (const field of [all.matrix, all.shadow]) field.guardedBy('unguarded');
    await play({
      reader: async (task) => {
        all.matrix.get(task);
        await locks.rt.sleep(task, 10);
        all.shadow.get(task);
        if (!mixed) all.matrix.get(task);
        await locks.rt.sleep(task, 1);
        expect(found()).toEqual(mixed ? [MIXED] : []);
      },
      writer: writer(locks, all),
    });
    expect(found()).toHaveLength(mixed ? 1 : 0);
  });
});

test('a field is in one group at most', () => {
  for (const [, make] of WORLDS) {
    const { locks } = make();
    const { matrix } = group(locks);
    expect(() => locks.state.group(OWNER, [matrix])).toThrow('mdev1.matrix is in an invariant group already');
  }
});

describe.each(SMALL_HOSTS)('the host, %s', (_name, run) => {
  const unassign = async (task: Task, { machine, rt }: SmallHost): Promise<void> => {
    await rt.sleep(task, 5);
    expect(await machine.sysfs.write(task, `${MDEV}/unassign_domain`, '5')).toBeGreaterThan(0);
  };

  test('a driver that looks at the matrix, lets go and looks at the shadow mixes them', async () => {
    const { found } = await run({
      reader: async (task, { machine, mdev, rt }) => {
        const { design } = machine.vfioAp;
        await design.inspect(task, () => mdev.matrix.get(task));
        await rt.sleep(task, 500);
        await design.inspect(task, () => mdev.shadow.get(task));
      },
      admin: unassign,
    });
    expect(found()).toEqual([
      `invariant: reader has seen ${UUID} in mixed versions: matrix from before and shadow_apcb from after a change by admin`,
    ]);
  });

  test('a user who reads two attributes one after the other does what users do', async () => {
    const seen: unknown[] = [];
    const { found } = await run({
      reader: async (task, { machine, rt }) => {
        seen.push(await machine.sysfs.read(task, `${MDEV}/matrix`));
        await rt.sleep(task, 500);
        seen.push(await machine.sysfs.read(task, `${MDEV}/guest_matrix`));
      },
      admin: unassign,
    });
    expect([found(), seen]).toEqual([[], ['05.0004\n05.0005\n', '05.0004\n']]);
  });
});
