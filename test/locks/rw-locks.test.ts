/**
 * Goal: what is particular to locks with readers: downgrade, a writer that gives up, stealing and batched wake-up as choices, readers that
 * are preferred, release in the wrong mode. Method: scripts ordered by sleeps on both runtimes; choices over many schedules.
 */
import { describe, expect, test } from 'vitest';
import { LockClass } from '../../src/locks/lock-class.ts';
import type { RwSemaphoreOptions } from '../../src/locks/rw-semaphore.ts';
import { RandomStrategy } from '../../src/runtime/random-strategy.ts';
import type { TaskBody } from '../../src/runtime/task.ts';
import { WORLDS, controlledWorld, type LockWorld } from '../helpers/lock-world.ts';

const RW = new LockClass('rw-test', { tryable: true });
const PLAIN = new LockClass('rw-test-plain');

describe.each(WORLDS)('%s: rw semaphore', (_name, make) => {
  test('a downgrade lets readers in and no writer between; the entry keeps its place in the stack', async () => {
    const { rt, locks, play, found } = make();
    const [rw, inner] = [locks.rwSemaphore(RW, 'rw'), locks.mutex(PLAIN, 'inner')];
    const log: string[] = [];
    await play({
      owner: async (task) => {
        using guard = await rw.write(task);
        using _ = await inner.acquire(task);
        await rt.sleep(task, 20);
        log.push('downgrade');
        rw.downgrade(guard);
        expect([rw.heldBy(task), rw.heldExclusivelyBy(task), inner.heldBy(task)]).toEqual([true, false, true]);
        await rt.sleep(task, 30);
        log.push('owner leaves');
      },
      reader: async (task) => {
        await rt.sleep(task, 5);
        using _ = await rw.read(task);
        log.push('reader');
      },
      writer: async (task) => {
        await rt.sleep(task, 30);
        using _ = await rw.write(task);
        log.push('writer');
      },
    });
    expect([log, found()]).toEqual([['downgrade', 'reader', 'owner leaves', 'writer'], []]);
  });

  test('a downgrade of what is read, or not held any more, is reported', async () => {
    const { locks, play, found } = make();
    const rw = locks.rwSemaphore(RW, 'rw');
    await play({
      only: async (task) => {
        const guard = await rw.read(task);
        rw.downgrade(guard);
        guard.release();
        const old = await rw.write(task);
        old.release();
        rw.downgrade(old);
      },
    });
    expect(found()).toEqual([
      'assertion: only downgrades rw, which it holds as a reader',
      'assertion: only downgrades rw, which it holds no more',
    ]);
  });

  test('readers behind a writer that gives up get in at once', async () => {
    const { rt, locks, play, found } = make();
    const rw = locks.rwSemaphore(RW, 'rw');
    const log: string[] = [];
    await play({
      holder: async (task) => {
        using _ = await rw.read(task);
        while (!log.includes('reader')) await rt.sleep(task, 5);
        log.push('holder leaves');
      },
      writer: async (task) => {
        await rt.sleep(task, 10);
        const guard = await rw.write(task, { timeoutMs: 30 });
        log.push(guard === null ? 'gave up' : 'wrote');
      },
      reader: async (task) => {
        await rt.sleep(task, 20);
        using _ = await rw.read(task);
        log.push('reader');
      },
    });
    expect([log.toSorted(), log.at(-1), found()]).toEqual([['gave up', 'holder leaves', 'reader'], 'holder leaves', []]);
  });

  test('a try to read is refused behind a waiting writer, a try to write by a reader', async () => {
    const { rt, locks, play } = make();
    const rw = locks.rwSemaphore(RW, 'rw');
    const log: unknown[] = [];
    await play({
      reader: async (task) => {
        using _ = await rw.read(task);
        await rt.sleep(task, 30);
      },
      writer: async (task) => {
        await rt.sleep(task, 15);
        using _ = await rw.write(task);
      },
      tries: async (task) => {
        await rt.sleep(task, 5);
        log.push(await rw.tryWrite(task));
        const guard = await rw.tryRead(task);
        log.push(guard === null);
        guard?.release();
        await rt.sleep(task, 15);
        log.push(await rw.tryRead(task));
      },
    });
    expect(log).toEqual([null, false, null]);
  });

  test('a wait drops it as it was held, and takes it again so', async () => {
    const { rt, locks, play, found } = make();
    const rw = locks.rwSemaphore(RW, 'rw');
    const queue = locks.waitQueue(locks.map(PLAIN, 'map'));
    let ready = false;
    const log: string[] = [];
    await play({
      waiter: async (task) => {
        using drop = await rw.read(task);
        expect(await queue.wait(task, () => ready, { drop })).toBe(true);
        log.push(rw.heldExclusivelyBy(task) ? 'writes' : 'reads');
      },
      setter: async (task) => {
        await rt.sleep(task, 10);
        using _ = await rw.write(task);
        ready = true;
        queue.wakeAll(task);
        log.push('set');
      },
    });
    expect([log, found()]).toEqual([['set', 'reads'], []]);
  });

  test('release by name: the owner may, in the mode it has; everything else is its own report', async () => {
    const { rt, locks, play, findings } = make();
    const [rw, m] = [locks.rwSemaphore(RW, 'rw'), locks.mutex(PLAIN, 'm')];
    await play({
      only: async (task) => {
        await rw.read(task);
        rw.releaseWrite(task);
        rw.releaseRead(task);
        await rw.write(task);
        rw.releaseRead(task);
        rw.releaseWrite(task);
        rw.releaseWrite(task);
        await m.acquire(task);
        m.release(task);
        await m.acquire(task);
        await rt.sleep(task, 20);
        m.release(task);
      },
      thief: async (task) => {
        await rt.sleep(task, 8);
        m.release(task);
      },
    });
    expect(findings.map(({ key, title }) => [key.split(':')[0], title])).toEqual([
      ['wrong-mode-release', 'only releases rw as a writer, but holds it as a reader'],
      ['wrong-mode-release', 'only releases rw as a reader, but holds it as a writer'],
      ['not-held', 'only releases rw, which nobody holds'],
      ['foreign-release', 'thief releases m, which only holds'],
    ]);
    expect(findings[0]?.notes?.[0]).toContain('rw was taken by only (read) at test/locks/rw-locks.test.ts');
    expect(findings[3]?.notes?.[0]).toContain('m was taken by only (write) at test/locks/rw-locks.test.ts');
  });
});

describe.each(WORLDS)('%s: reader-preferring lock', (_name, make) => {
  test('a reader passes a writer that waits, also one that reads already', async () => {
    const { rt, locks, play, found } = make();
    const rw = locks.readerPreferringLock(RW, 'rw');
    const log: string[] = [];
    const outcome = await play({
      r1: async (task) => {
        using _ = await rw.read(task);
        await rt.sleep(task, 20);
        using __ = await rw.read(task);
        log.push('again');
        await rt.sleep(task, 20);
      },
      writer: async (task) => {
        await rt.sleep(task, 5);
        using _ = await rw.write(task);
        log.push('writer');
      },
      r2: async (task) => {
        await rt.sleep(task, 10);
        using _ = await rw.read(task);
        log.push('r2');
      },
    });
    expect([outcome, log, found()]).toEqual(['done', ['r2', 'again', 'writer'], []]);
  });

  test('a reader waits for a writer inside, and goes before one that waits', async () => {
    const { rt, locks, play } = make();
    const rw = locks.readerPreferringLock(RW, 'rw');
    const log: string[] = [];
    const at =
      (start: number, how: 'read' | 'write', name: string): TaskBody =>
      async (task) => {
        await rt.sleep(task, start);
        using _ = await rw[how](task);
        log.push(name);
        await rt.sleep(task, 30);
      };
    await play({ r: at(12, 'read', 'r'), w1: at(0, 'write', 'w1'), w2: at(6, 'write', 'w2') });
    expect(log).toEqual(['w1', 'r', 'w2']);
  });
});

/** Orders in which a writer, another writer and two readers get in, who all come while the first writer is inside. */
async function orders(options: RwSemaphoreOptions, seeds: number): Promise<Set<string>> {
  const all = new Set<string>();
  for (let seed = 0; seed < seeds; seed++) {
    const world = controlledWorld({}, { strategy: new RandomStrategy(seed) });
    const log: string[] = [];
    expect(await world.play(contenders(world, options, log))).toBe('done');
    expect(world.found()).toEqual([]);
    all.add(log.join(' '));
  }
  return all;
}

function contenders({ rt, locks }: LockWorld, options: RwSemaphoreOptions, log: string[]): Record<string, TaskBody> {
  const rw = locks.rwSemaphore(PLAIN, 'rw', options);
  const inside = { r: 0, w: 0 };
  const body =
    (how: 'read' | 'write', name: string): TaskBody =>
    async (task) => {
      using _ = await rw[how](task);
      const kind = how === 'read' ? 'r' : 'w';
      inside[kind]++;
      expect(inside.w === 0 || (inside.w === 1 && inside.r === 0)).toBe(true);
      log.push(name);
      await rt.sleep(task, 1);
      inside[kind]--;
    };
  return { w1: body('write', 'w1'), w2: body('write', 'w2'), r1: body('read', 'r1'), r2: body('read', 'r2') };
}

describe('choices of the controlled runtime', () => {
  const none: RwSemaphoreOptions = {};

  test.each([none, { stealing: true }, { batchedWake: true }, { stealing: true, batchedWake: true }])(
    'with %o nobody is inside with a writer, and all get through',
    async (options) => {
      expect((await orders(options, 200)).size).toBeGreaterThan(10);
    },
  );

  /** Writer w2 waits behind the reader r0; w3 after it. Who gets in after r0 has left? */
  async function afterReader(options: RwSemaphoreOptions, late: 'read' | 'write'): Promise<Set<string>> {
    const first = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const { rt, locks, play } = controlledWorld({}, { strategy: new RandomStrategy(seed) });
      const rw = locks.rwSemaphore(PLAIN, 'rw', options);
      const log: string[] = [];
      let waits = false;
      await play({
        r0: async (task) => {
          using _ = await rw.read(task);
          while (!waits) await rt.sleep(task, 1);
          await rt.sleep(task, 5);
        },
        w2: async (task) => {
          await rt.sleep(task, 1);
          const asked = rw.write(task);
          waits = true;
          using _ = await asked;
          log.push('w2');
        },
        late: async (task) => {
          await rt.sleep(task, 3);
          using _ = await rw[late](task);
          log.push('late');
        },
      });
      first.add(log.join(' '));
    }
    return first;
  }

  test.each(['read', 'write'] as const)('a newcomer that wants to %s steals it only where that is allowed', async (late) => {
    expect(await afterReader(none, late)).toContain('w2 late');
    expect(await afterReader({ stealing: true }, late)).toContain('late w2');
  });

  /** The first writer leaves; r1, w2, r2 have come in this order. Does r2 overtake w2? */
  async function overtakes(options: RwSemaphoreOptions): Promise<Set<string>> {
    const seen = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const { rt, locks, play } = controlledWorld({}, { seed, strategy: new FirstWithChoices(seed) });
      const rw = locks.rwSemaphore(PLAIN, 'rw', options);
      const log: string[] = [];
      const body =
        (start: number, how: 'read' | 'write', name: string): TaskBody =>
        async (task) => {
          await rt.sleep(task, start);
          using _ = await rw[how](task);
          log.push(name);
          await rt.sleep(task, 10);
        };
      await play({ w1: body(0, 'write', 'w1'), r1: body(2, 'read', 'r1'), w2: body(4, 'write', 'w2'), r2: body(6, 'read', 'r2') });
      seen.add(log.join(' '));
    }
    return seen;
  }

  test('a batched wake-up may let readers pass a waiting writer, or not', async () => {
    const places = new Set([...(await overtakes({ batchedWake: true }))].map((order) => order.split(' ').indexOf('w2')));
    expect(places).toEqual(new Set([2, 3]));
  });
});

/** Tasks in order of spawning, data choices at random. */
class FirstWithChoices extends RandomStrategy {
  override choose(): number {
    return 0;
  }
}

describe('live', () => {
  const live = WORLDS[0]![1];

  test.each([true, false])(
    'stealing %s: the one that releases and asks again at once may get it before the one that waits',
    async (stealing) => {
      const { rt, locks, play, found } = live();
      const rw = locks.rwSemaphore(PLAIN, 'rw', { stealing });
      let [stolen, turns, waiting, over] = [0, 0, false, false];
      const outcome = await play({
        greedy: async (task) => {
          while (!over) {
            const guard = await rw.write(task);
            await rt.sleep(task, 0);
            const [before, waited] = [turns, waiting];
            guard.release();
            using _ = await rw.write(task);
            if (waited && turns === before) stolen++;
          }
        },
        patient: async (task) => {
          for (let i = 0; i < 40; i++) {
            waiting = true;
            using _ = await rw.write(task);
            waiting = false;
            turns++;
            await rt.sleep(task, 0);
          }
          over = true;
        },
      });
      expect([outcome, stolen > 0, found()]).toEqual(['done', stealing, []]);
    },
  );

  test('a batched wake-up may let readers pass a waiting writer, or not', async () => {
    const seen = new Set<string>();
    const { rt, locks, play, found } = live();
    await play({
      rounds: async (task) => {
        for (let round = 0; round < 16; round++) {
          const rw = locks.rwSemaphore(PLAIN, 'rw', { batchedWake: true });
          const log: string[] = [];
          const w1 = await rw.write(task);
          const others = (['r1', 'w2', 'r2'] as const).map((name) =>
            rt.spawn(name, async (other) => {
              using _ = await rw[name === 'w2' ? 'write' : 'read'](other);
              log.push(name);
              await rt.sleep(other, 0);
            }),
          );
          await rt.sleep(task, 1);
          w1.release();
          for (const other of others) await rt.join(task, other);
          seen.add(log.join(' '));
        }
      },
    });
    expect([[...seen].toSorted(), found()]).toEqual([['r1 r2 w2', 'r1 w2 r2'], []]);
  });
});
