/**
 * Goal: a predicted cycle carries the grade that its sightings deserve, with the guards by name, on both runtimes; the report shows it.
 */
import { describe, expect, test } from 'vitest';
import { LockClass } from '../../src/locks/lock-class.ts';
import type { Finding } from '../../src/locks/finding.ts';
import type { Guard } from '../../src/locks/guard.ts';
import { splatLines } from '../../src/report/splat.ts';
import type { Task } from '../../src/runtime/task.ts';
import { WORLDS } from '../helpers/lock-world.ts';

type Take = (task: Task) => Guard | Promise<Guard> | void | Promise<void>;
const [G, K, M, R] = ['grade-g', 'grade-k', 'grade-m', 'grade-r'].map((name) => new LockClass(name)) as [
  LockClass,
  LockClass,
  LockClass,
  LockClass,
];

/** Takes all, one inside the other, and gives them back. */
async function nest(task: Task, [first, ...rest]: readonly Take[]): Promise<void> {
  if (first === undefined) return;
  const guard = await first(task);
  await nest(task, rest);
  guard?.release(task);
}

describe.each(WORLDS)('%s', (_name, make) => {
  async function graded(sections: (locks: ReturnType<typeof make>['locks']) => readonly (readonly Take[])[], tasks = 9): Promise<Finding> {
    const { locks, play, findings } = make({ waitFor: false });
    const all = sections(locks);
    const bodies: Record<string, (task: Task) => Promise<void>> = {};
    for (const i of all.keys()) {
      if (i >= tasks) break;
      bodies[`t${i}`] = async (task) => {
        // One after another: the cycle is predicted, never run into.
        await locks.rt.sleep(task, 10 * i);
        for (const section of i === tasks - 1 ? all.slice(i) : [all[i]!]) await nest(task, section);
      };
    }
    await play(bodies);
    expect(findings.map(({ kind }) => kind)).toEqual(['lock-order']);
    return findings[0]!;
  }
  const three = (locks: ReturnType<typeof make>['locks']): [Take, Take, Take] => {
    const [g, k, m] = [locks.mutex(G, 'g'), locks.mutex(K, 'k'), locks.mutex(M, 'm')];
    return [(t) => g.acquire(t), (t) => k.acquire(t), (t) => m.acquire(t)];
  };

  test('REACHABLE, SINGLE-TASK: the same sections in two tasks and in one', async () => {
    const abba = (locks: ReturnType<typeof make>['locks']): Take[][] => {
      const [, k, m] = three(locks);
      return [[k, m], [m, k]]; // prettier-ignore
    };
    const two = await graded(abba);
    expect([two.grade, two.guards]).toEqual(['REACHABLE', undefined]);
    expect(splatLines(two).join('\n')).toContain('grade: REACHABLE (tasks');
    expect((await graded(abba, 1)).grade).toBe('SINGLE-TASK');
  });

  test('GUARDED: by the lock that all hold; not when one sighting is without it', async () => {
    const guarded = await graded((locks) => {
      const [g, k, m] = three(locks);
      return [[g, k, m], [g, m, k]]; // prettier-ignore
    });
    expect([guarded.grade, guarded.guards]).toEqual(['GUARDED', ['g']]);
    expect(splatLines(guarded).join('\n')).toContain('grade: GUARDED (g keeps the tasks apart)');
    const bare = await graded((locks) => {
      const [g, k, m] = three(locks);
      return [[g, k, m], [k, m], [g, m, k]]; // prettier-ignore
    });
    expect(bare.grade).toBe('REACHABLE');
  });

  test('CLASS-ONLY: other locks of the same class', async () => {
    const found = await graded((locks) => {
      const [, k, m] = three(locks);
      const k2 = locks.mutex(K, 'k2');
      return [[k, m], [m, (t) => k2.acquire(t)]]; // prettier-ignore
    });
    expect(found.grade).toBe('CLASS-ONLY');
  });

  test('NEEDS-WRITER: readers alone; REACHABLE once a writer was seen; a class that is only named means any lock of it', async () => {
    const readers = (written: boolean) => (locks: ReturnType<typeof make>['locks']) => {
      const r = locks.rwSemaphore(R, 'r');
      const k = locks.mutex(K, 'k');
      const read: Take = (t) => r.read(t);
      const hold: Take = (t) => k.acquire(t);
      return [...(written ? [[(t: Task) => r.write(t)]] : []), [read, hold], [hold, read]];
    };
    expect((await graded(readers(false))).grade).toBe('NEEDS-WRITER');
    expect((await graded(readers(true))).grade).toBe('REACHABLE');
    const named = await graded((locks) => {
      const [, k, m] = three(locks);
      return [[k, m], [m, (t) => locks.checkWait(t, K)]]; // prettier-ignore
    });
    expect(named.grade).toBe('REACHABLE');
  });

  test('a declared counterpart: no grade, and a note that says why', async () => {
    const found = await graded((locks) => {
      locks.lockdep!.declareOrder([K.name, M.name], 'the design');
      const [, k, m] = three(locks);
      return [[m, k]];
    });
    expect(found.grade).toBeUndefined();
    expect(found.notes).toContain('not graded: grade-k -> grade-m is declared, not observed');
  });
});

test('the way to bring it about again is printed where it is known', () => {
  const edge = { fromMode: 'write', toMode: 'write', task: 't', pid: 1, time: 0, fromPlace: [], toPlace: [], held: [] };
  const cycle = [{ ...edge, from: 'a', to: 'b' }, { ...edge, from: 'b', to: 'a' }]; // prettier-ignore
  const finding: Finding = { kind: 'lock-order', key: 'x', title: 'x', tasks: ['t'], time: 0, cycle, replay: 'replay-7' };
  expect(splatLines(finding)).toContain('replay: replay-7');
});
