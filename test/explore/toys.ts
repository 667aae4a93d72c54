/**
 * Small programs with a known bug, or known to have none: what strategies, reductions and shrinkers are measured with. Their shapes are those
 * of the history of vfio_ap (an ABBA, a hook called after its mdev was freed, a wake-up that nobody hears) and of the literature.
 */
import type { Program, ProgramRun, World } from '../../src/explore/program.ts';
import type { FindingKind } from '../../src/locks/finding.ts';
import type { GuardedField } from '../../src/locks/guarded-field.ts';
import { LockClass } from '../../src/locks/lock-class.ts';
import type { LockLayer } from '../../src/locks/lock-layer.ts';
import type { Mutex } from '../../src/locks/mutex.ts';
import type { Task } from '../../src/runtime/task.ts';

export interface Toy extends Program {
  /** What some of its schedules come to, apart from predictions (lock order); null when none of them fails. */
  readonly finds: FindingKind | null;
}

const CLASSES = Array.from({ length: 8 }, (_, i) => new LockClass(`toy_lock${i}`));
const PRIVATE = new LockClass('toy_private');
const TRYABLE = [new LockClass('toy_try0', { tryable: true }), new LockClass('toy_try1', { tryable: true })];
const RW = new LockClass('toy_rwsem');
const QUEUE = new LockClass('toy_queue');
const TOY = { name: 'toy' };

const toy = (name: string, finds: FindingKind | null, build: (world: World) => ProgramRun): Toy => ({ name, finds, build });

/** A field of which every access is a step of its own. */
function open<T>(layer: LockLayer, label: string, value: T): GuardedField<T> {
  const field = layer.field(TOY, label, value);
  field.guardedBy('unguarded');
  return field;
}

function broken(layer: LockLayer, kind: FindingKind, title: string): void {
  layer.findings.report({ kind, key: `toy:${title}`, title, tasks: [], time: layer.rt.now() });
}

const mutexes = (layer: LockLayer, n: number): Mutex[] => Array.from({ length: n }, (_, i) => layer.mutex(CLASSES[i]!, `lock${i}`));

/** Each of n tasks (2 to 8) takes a lock and then its neighbour's; ordered, the last one takes them the other way round, and nothing fails. */
export function abba(n: number, ordered = false): Toy {
  return toy(ordered ? `abba${n}-ordered` : `abba${n}`, ordered ? null : 'deadlock', ({ rt, layer }) => {
    const locks = mutexes(layer, n);
    return {
      start: () => {
        for (let i = 0; i < n; i++) {
          const swap = ordered && i === n - 1;
          const outer = locks[swap ? 0 : i]!;
          const inner = locks[swap ? i : (i + 1) % n]!;
          rt.spawn(`t${i}`, async (task) => {
            using _outer = await outer.acquire(task);
            using _inner = await inner.acquire(task);
          });
        }
      },
    };
  });
}

/** The deadlock of 2021: masks are set under the matrix lock, Secure Execution starts, and a vCPU executes PQAP. */
export const threeLockCycle: Toy = toy('three-lock-cycle', 'deadlock', ({ rt, layer }) => {
  const [kvm, vcpu, matrix] = ['kvm', 'vcpu', 'matrix'].map((name, i) => layer.mutex(CLASSES[i]!, name)) as [Mutex, Mutex, Mutex];
  const hook = layer.field(TOY, 'hook', 0);
  hook.guardedBy([matrix]);
  return {
    start: () => {
      rt.spawn('set-masks', async (task) => {
        using _matrix = await matrix.acquire(task);
        hook.set(task, 1);
        using _kvm = await kvm.acquire(task);
        using _vcpu = await vcpu.acquire(task);
      });
      rt.spawn('secure-start', async (task) => {
        using _kvm = await kvm.acquire(task);
        using _vcpu = await vcpu.acquire(task);
      });
      rt.spawn('pqap', async (task) => {
        using _vcpu = await vcpu.acquire(task);
        using _matrix = await matrix.acquire(task);
        hook.get(task);
      });
    },
    digest: () => String(hook.inspect()),
  };
});

/** Is it in use? No. While the answer is on its way the queue is assigned, and then the host takes it back as well. */
export const stolenQueue: Toy = toy('stolen-queue', 'invariant', ({ rt, layer }) => {
  const [perms, matrix] = mutexes(layer, 2) as [Mutex, Mutex];
  const assigned = layer.field(TOY, 'assigned', false);
  assigned.guardedBy([matrix]);
  const hostOwns = open(layer, 'hostOwns', false);
  return {
    start: () => {
      rt.spawn('apmask', async (task) => {
        using _perms = await perms.acquire(task);
        const asked = await matrix.acquire(task);
        const inUse = assigned.get(task);
        asked.release();
        if (!inUse) await hostOwns.write(task, true);
      });
      rt.spawn('assign', async (task) => {
        using _matrix = await matrix.acquire(task);
        if (!(await hostOwns.read(task))) assigned.set(task, true);
      });
    },
    finish: async (task) => {
      using _matrix = await matrix.acquire(task);
      if (assigned.get(task) && (await hostOwns.read(task))) broken(layer, 'invariant', 'a queue belongs to the host and to an mdev');
    },
    digest: () => `${assigned.inspect()} ${hostOwns.inspect()}`,
  };
});

/** The vCPU has read the hook, the mdev behind it is freed, the vCPU calls it. */
export const hookUseAfterFree: Toy = toy('hook-use-after-free', 'use-after-free', ({ rt, layer }) => {
  const [vcpu, matrix] = mutexes(layer, 2) as [Mutex, Mutex];
  const mdev = layer.state.lifetime({ name: 'mdev0' }, 'ap_matrix_mdev');
  const hook = open<typeof mdev | null>(layer, 'hook', mdev);
  return {
    start: () => {
      rt.spawn('pqap', async (task) => {
        using _vcpu = await vcpu.acquire(task);
        const called = await hook.read(task);
        if (called === null) return;
        using _matrix = await matrix.acquire(task);
        called.use(task, 'called');
      });
      rt.spawn('remove', async (task) => {
        await hook.write(task, null);
        using _matrix = await matrix.acquire(task);
        mdev.free(task);
      });
    },
    digest: () => `${hook.inspect() === null} ${mdev.freed}`,
  };
});

/** A semaphore taken for writing is released as by a reader: in every schedule. */
export const wrongModeRelease: Toy = toy('wrong-mode-release', 'assertion', ({ rt, layer }) => {
  const rwsem = layer.rwSemaphore(RW, 'rwsem');
  return {
    start: () => {
      rt.spawn('failed-open', async (task) => {
        await rwsem.write(task);
        rwsem.releaseRead(task);
      });
      rt.spawn('pqap', async (task) => {
        using _read = await rwsem.read(task);
      });
    },
  };
});

/**
 * kvm_busy is looked at outside of the lock: between the look and the sleep the setter may be done and wake nobody. The setter has other
 * things to do before, so that the waiter has to be late, and the waiter has others to do afterwards, which make it seem in a hurry.
 */
export const lostWakeUp: Toy = toy('lost-wake-up', 'hung-task', ({ rt, layer }) => {
  const matrix = layer.mutex(CLASSES[0]!, 'matrix');
  const [setters, waiters] = ['setter', 'waiter'].map((name) => layer.mutex(PRIVATE, name)) as [Mutex, Mutex];
  const queue = layer.waitQueue(layer.map(QUEUE, 'kvm_busy'));
  const busy = open(layer, 'busy', false);
  let wakes = 0;
  return {
    start: () => {
      rt.spawn('setter', async (task) => {
        for (let i = 0; i < 5; i++) (await setters.acquire(task)).release();
        await busy.write(task, true);
        using _matrix = await matrix.acquire(task);
        busy.set(task, false);
        wakes++;
        queue.wakeAll(task);
      });
      rt.spawn('waiter', async (task) => {
        if (!(await busy.read(task))) return;
        const before = await matrix.acquire(task);
        const seen = wakes;
        await queue.wait(task, () => wakes > seen, { drop: before });
        before.release();
        for (let i = 0; i < 2; i++) (await waiters.acquire(task)).release();
      });
    },
    digest: () => `${busy.inspect()} ${wakes}`,
  };
});

/** Two AQICs for one queue, without a lock: both save their page where the other one's is forgotten. */
const leakedPage: Toy = toy('leaked-page', 'stale-write', ({ rt, layer }) => {
  const saved = open(layer, 'saved', 0);
  let pinned = 0;
  const aqic = (page: number) => async (task: Task) => {
    const before = await saved.read(task);
    pinned++;
    await saved.write(task, page);
    if (before !== 0) pinned--;
  };
  return {
    start: () => {
      rt.spawn('aqic1', aqic(1));
      rt.spawn('aqic2', aqic(2));
    },
    finish: async (task) => {
      const last = await saved.read(task);
      if (pinned > (last === 0 ? 0 : 1)) broken(layer, 'leak', 'a page stays pinned');
    },
    digest: () => `${saved.inspect()} ${pinned}`,
  };
});

/**
 * Two tasks that must take strict turns, `turns` each: one order of all turns fails, and whoever is a turn further on the way to it has
 * handed over something new.
 */
export function chain(turns: number): Toy {
  return toy(`chain${turns}`, 'invariant', ({ rt, layer }) => {
    const lock = layer.mutex(CLASSES[0]!, 'turn');
    const taken = Array.from({ length: 2 * turns }, (_, i) => layer.field(TOY, `turn${i}`, false));
    for (const field of taken) field.guardedBy([lock]);
    const player = (first: number) => async (task: Task) => {
      for (let turn = first; turn < 2 * turns; turn += 2) {
        using _lock = await lock.acquire(task);
        if (turn > 0 && !taken[turn - 1]!.get(task)) continue;
        taken[turn]!.set(task, true);
        if (turn === 2 * turns - 1) broken(layer, 'invariant', 'strict turns to the end');
      }
    };
    return {
      start: () => {
        rt.spawn('even', player(0));
        rt.spawn('odd', player(1));
      },
      digest: () => taken.map((field) => field.inspect()).join(),
    };
  });
}

/** n writers set a, then b; a reader must not see a without b. Almost all writers have to be stopped half way for it. */
export function reorder(n: number): Toy {
  return toy(`reorder${n}`, 'invariant', ({ rt, layer }) => {
    const a = open(layer, 'a', 0);
    const b = open(layer, 'b', 0);
    return {
      start: () => {
        for (let i = 0; i < n; i++) {
          rt.spawn(`writer${i}`, async (task) => {
            await a.write(task, 1);
            await b.write(task, 1);
          });
        }
        rt.spawn('reader', async (task) => {
          const seen = await a.read(task);
          if (seen !== (await b.read(task))) broken(layer, 'invariant', 'half of a pair is seen');
        });
      },
      digest: () => `${a.inspect()} ${b.inspect()}`,
    };
  });
}

/** Polls until the other task has set a flag; `set` false: nobody ever does. */
export function poll(set: boolean): Toy {
  return toy(set ? 'poll' : 'poll-in-vain', set ? null : 'hung-task', ({ rt, layer }) => {
    const flag = open(layer, 'flag', false);
    return {
      start: () => {
        rt.spawn('poller', async (task) => {
          while (!(await flag.read(task))) await rt.sleep(task, 1);
        });
        rt.spawn('setter', async (task) => {
          await flag.write(task, set);
        });
      },
      digest: () => String(flag.inspect()),
    };
  });
}

/** A trylock is repeated, with nothing in between, until it succeeds. */
export const tryLoop: Toy = toy('try-loop', null, ({ rt, layer }) => {
  const lock = layer.mutex(TRYABLE[0]!, 'lock');
  return {
    start: () => {
      rt.spawn('holder', async (task) => {
        using _outer = await lock.acquire(task);
        using _inner = await layer.mutex(PRIVATE, 'private').acquire(task);
      });
      rt.spawn('trier', async (task) => {
        for (;;) {
          const guard = await lock.tryAcquire(task);
          if (guard === null) continue;
          guard.release();
          return;
        }
      });
    },
  };
});

/** The remedy of an ABBA by trylock: nobody waits with a lock held. */
export const tryInstead: Toy = toy('try-instead', null, ({ rt, layer }) => {
  const [a, b] = TRYABLE.map((cls, i) => layer.mutex(cls, `try${i}`)) as [Mutex, Mutex];
  const failed = open(layer, 'failed', 0);
  const both = (outer: Mutex, inner: Mutex) => async (task: Task) => {
    using _outer = await outer.acquire(task);
    const guard = await inner.tryAcquire(task);
    if (guard === null) await failed.write(task, 1);
    else guard.release();
  };
  return {
    start: () => {
      rt.spawn('ab', both(a, b));
      rt.spawn('ba', both(b, a));
    },
    digest: () => String(failed.inspect()),
  };
});

/** A reset is started by one task and answered by the device's timer; a response code is a choice of the environment, and one of them is forgotten. */
const timedReset: Toy = toy('timed-reset', 'invariant', ({ rt, layer }) => {
  const done = layer.completion(QUEUE, 'reset done');
  const used = open(layer, 'used', false);
  let code = 0;
  return {
    start: () => {
      rt.spawn('resetter', async (task) => {
        rt.timer('reset', 1, () => {
          code = rt.choose(null, 'response code', 3);
          done.completeAll(null);
        });
        await done.wait(task);
        if (code === 2 && (await used.read(task))) broken(layer, 'invariant', 'a queue in use has failed its reset');
      });
      rt.spawn('user', async (task) => {
        await used.write(task, true);
      });
    },
    digest: () => `${code} ${used.inspect()}`,
  };
});

/** Two spawned children race, a parent joins them: one read is between two writes. */
const spawnedRace: Toy = toy('spawned-race', 'stale-write', ({ rt, layer }) => {
  const sum = open(layer, 'sum', 0);
  const add = async (task: Task): Promise<void> => {
    const before = await sum.read(task);
    await sum.write(task, before + 1);
  };
  return {
    start: () => {
      rt.spawn('parent', async (task) => {
        const children = [rt.spawn('child0', add), rt.spawn('child1', add)];
        for (const child of children) await rt.join(task, child);
        if ((await sum.read(task)) !== 2) broken(layer, 'invariant', 'an addition is lost');
      });
    },
    digest: () => String(sum.inspect()),
  };
});

/** Every toy that is small enough for all its schedules, or traces, to be walked, except those that poll. */
export const TOYS: readonly Toy[] = [
  abba(2),
  abba(2, true),
  abba(3),
  abba(3, true),
  threeLockCycle,
  stolenQueue,
  hookUseAfterFree,
  wrongModeRelease,
  lostWakeUp,
  leakedPage,
  chain(3),
  reorder(2),
  tryInstead,
  timedReset,
  spawnedRace,
];
