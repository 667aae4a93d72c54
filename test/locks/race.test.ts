/**
 * Goal: two accesses to a field of which nobody says how it is guarded are reported when they are in no order and no lock keeps them
 * apart, in any schedule that leaves them unordered, and never otherwise.
 */
import { describe, expect, test } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { LockClass } from '../../src/locks/lock-class.ts';
import type { LockLayer } from '../../src/locks/lock-layer.ts';
import type { Task } from '../../src/runtime/task.ts';
import { WORLDS } from '../helpers/lock-world.ts';
import { randomTraceProgram, runTrace, type TraceEvent } from '../helpers/trace-program.ts';

const [A, RW] = [new LockClass('race-a'), new LockClass('race-rw')];
const OWNER = { name: 'vm' };

function shared(locks: LockLayer) {
  return { field: locks.state.shared(OWNER, 'users', 0), later: (task: Task) => locks.rt.sleep(task, 5) };
}

describe.each(WORLDS)('%s', (_name, make) => {
  test('two tasks that know nothing of each other race, and the report says what each of them held', async () => {
    const { locks, play, findings } = make({ state: { places: true } });
    const { field, later } = shared(locks);
    const [a, rw] = [locks.mutex(A, 'a'), locks.rwSemaphore(RW, 'rw')];
    let line = 0;
    await play({
      first: async (task) => {
        using _ = await a.acquire(task);
        line = Number(/race\.test\.ts:(\d+)/.exec(new Error('here').stack ?? '')?.[1]) + 1;
        field.set(task, 1);
      },
      second: async (task) => {
        await later(task);
        using _ = await rw.read(task);
        field.set(task, 2);
      },
    });
    const title = 'vm.users is written by second and was written by first, in no order, and no lock keeps the two apart';
    expect(findings.map((finding) => [finding.kind, finding.title])).toEqual([['data-race', title]]);
    expect(findings[0]?.tasks).toEqual(['second', 'first']);
    expect(findings[0]?.place?.[0]).toMatch(/^test\/locks\/race\.test\.ts:\d+/);
    expect(findings[0]?.notes?.[0]).toBe('second holds rw (read)');
    expect(findings[0]?.notes?.[1]).toMatch(new RegExp(`^first held a at test/locks/race\\.test\\.ts:${line}\\b`));
  });

  test('a read after an unordered write races, and a write after an unordered read; two reads do not', async () => {
    const { locks, play, found } = make();
    const [written, read, quiet] = ['written', 'read', 'quiet'].map((label) => locks.state.shared(OWNER, label, 0)) as [
      ReturnType<typeof shared>['field'],
      ReturnType<typeof shared>['field'],
      ReturnType<typeof shared>['field'],
    ];
    await play({
      first: async (task) => {
        written.set(task, 1);
        read.get(task);
        quiet.get(task);
      },
      second: async (task) => {
        await locks.rt.sleep(task, 5);
        written.get(task);
        read.set(task, 1);
        quiet.get(task);
      },
    });
    expect(found()).toEqual([
      'data-race: vm.written is read by second and was written by first, in no order, and no lock keeps the two apart',
      'data-race: vm.read is written by second and was read by first, in no order, and no lock keeps the two apart',
    ]);
  });

  test('a common lock keeps apart, readers and writers of an rw semaphore too, but not two of its readers', async () => {
    const { locks, play, found } = make();
    const { field, later } = shared(locks);
    const careless = locks.state.shared(OWNER, 'careless', 0);
    const [a, rw] = [locks.mutex(A, 'a'), locks.rwSemaphore(RW, 'rw')];
    const underRw = locks.state.shared(OWNER, 'under-rw', 0);
    const body = (mode: 'read' | 'write') => async (task: Task) => {
      await later(task);
      {
        using _ = await a.acquire(task);
        field.set(task, field.get(task) + 1);
      }
      using _ = await rw[mode](task);
      if (mode === 'write') underRw.set(task, 1);
      else {
        underRw.get(task);
        careless.set(task, careless.inspect() + 1);
      }
    };
    await play({ writer: body('write'), r1: body('read'), r2: body('read') });
    expect(field.inspect()).toBe(3);
    expect(found().map((text) => text.slice(0, 22))).toEqual(['data-race: vm.careless']);
  });

  test('reads and writes that are operations of their own are judged in the same way', async () => {
    const { locks, play, found } = make();
    const { field } = shared(locks);
    const body = async (task: Task): Promise<void> => field.write(task, (await field.read(task)) + 1);
    await play({ a: body, b: body });
    expect(found()).not.toEqual([]);
  });
});

/** Judged from the trace alone: reachability over program order and unlock -> lock, pair by pair. */
function races(trace: readonly TraceEvent[]): boolean {
  const after = trace.map(() => new Set<number>());
  for (let to = trace.length - 1; to >= 0; to--) {
    for (let from = 0; from < to; from++) {
      const [x, y] = [trace[from]!, trace[to]!];
      if (x.task === y.task || (x.kind === 'unlock' && y.kind === 'lock' && x.i === y.i)) after[from]!.add(to);
    }
  }
  const reaches = (from: number, to: number): boolean =>
    after[from]!.has(to) || [...after[from]!].some((next) => next < to && reaches(next, to));
  return trace.some((y, to) =>
    trace.some((x, from) => {
      if (from >= to || x.task === y.task || x.i !== y.i) return false;
      const kinds = [x.kind, y.kind];
      return kinds.every((kind) => kind === 'read' || kind === 'write') && kinds.includes('write') && !reaches(from, to);
    }),
  );
}

test('random programs race in exactly the schedules that are reported', async () => {
  const random = new Prng(5);
  let [racy, clean] = [0, 0];
  for (let n = 0; n < 800; n++) {
    const { trace, found } = await runTrace(randomTraceProgram(random, 6), n, 'shared');
    const expected = races(trace);
    expect({ n, races: found.length > 0, trace }).toEqual({ n, races: expected, trace });
    if (expected) racy++;
    else clean++;
  }
  expect([racy > 50, clean > 50]).toEqual([true, true]);
});
