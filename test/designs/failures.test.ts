/**
 * The failures for which designs were given up, one by one: who waits for whom, what is freed under whom, what a guest gets to see.
 */
import { describe, expect, test } from 'vitest';
import { EPERM } from '../../src/base/errno.ts';
import type { Task } from '../../src/runtime/task.ts';
import { designByName } from '../../src/vfio-ap/locking/designs.ts';
import { M1, M2, RUNTIMES, TASKS_FIRST, onHost, script, type Host } from '../helpers/host.ts';
import { OFF, ON, SCENARIOS, aqic } from './scenarios.ts';
import { walk, walks, type Scenario } from './walk.ts';

const SEEDS = 300;

async function firstDeadlock(design: string, scenario: Scenario): Promise<string> {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const found = (await walk(design, scenario, seed)).findings.find(({ kind }) => kind === 'deadlock');
    if (found !== undefined) return found.title;
  }
  return 'none';
}

/** Classes along every cycle that was reported. */
const cyclesOf = async (design: string, scenario: Scenario): Promise<string[]> => [
  ...((await walks(design, scenario, { seeds: 1 })).get('lock-order') ?? []),
];

describe('three tasks wait for each other: attach or detach, Secure Execution, a vCPU in AQIC', () => {
  test.each([
    ['vfio-N1', 'global-mutex', 'attach', 'matrix_dev->lock'],
    ['vfio-N1', 'global-mutex', 'detach', 'matrix_dev->lock'],
    ['vfio-N7', 'pqap-rwsem', 'attach', 'guest1 pqap_hook_rwsem'],
    ['corpus 2', 'kvm-busy', 'detach', `kvm_busy of ${M1}`],
    ['corpus 2', 'dynamic-kvm-busy', 'detach', `kvm_busy of ${M1}`],
  ] as const)('%s: %s on %s, with the vCPU behind %s', async (_id, design, scenario, lock) => {
    const title = await firstDeadlock(design, SCENARIOS[scenario]);
    expect(title).toContain('deadlock of 3 tasks');
    expect(title).toContain('set waits for guest1 kvm->lock');
    expect(title).toContain('pv waits for guest1 vcpu0->mutex');
    expect(title).toContain(`vcpu waits for ${lock}`);
  });

  test.each([
    ['vfio-N1', 'global-mutex', 'matrix_dev->lock'],
    ['vfio-N7', 'pqap-rwsem', 'pqap_hook_rwsem'],
  ])('%s: %s is reported for its cycle through %s and both locks of KVM, also where nobody is stuck', async (_id, design, lock) => {
    const cycles: string[][] = [];
    for (let seed = 1; seed <= 20; seed++) {
      const { outcome, findings } = await walk(design, SCENARIOS.attach, seed);
      if (outcome !== 'done') continue;
      cycles.push(
        ...findings.flatMap(({ kind, cycle }) => (kind === 'lock-order' && cycle !== undefined ? [cycle.map(({ from }) => from)] : [])),
      );
    }
    const [first, ...rest] = [lock, 'kvm->lock', 'vcpu->mutex'];
    const fromLock = (names: string[]): string[] => [...names.slice(names.indexOf(first!)), ...names.slice(0, names.indexOf(first!))];
    expect(cycles.filter((names) => names.includes(first!)).map(fromLock)).toContainEqual([first, ...rest]);
  });

  test('hot plug under the mutex brings the deadlock of global-mutex back, without attach and detach', async () => {
    const title = await firstDeadlock('dynamic-kvm-busy', SCENARIOS.plug);
    expect(title).toContain('admin waits for guest1 kvm->lock');
    expect(title).toContain('vcpu waits for matrix_dev->lock');
  });
});

describe('vfio-N3: Secure Execution in one VM and AP in another, one after the other', () => {
  test.each([
    ['global-mutex', 'matrix_dev->lock'],
    ['kvm-busy', 'kvm_busy'],
    ['pqap-rwsem', 'pqap_hook_rwsem'],
  ])('%s is reported for the cycle through %s, and nobody hangs', async (design, lock) => {
    expect((await walk(design, SCENARIOS.apart, 1)).outcome).toBe('done');
    const cycles = await cyclesOf(design, SCENARIOS.apart);
    expect(cycles.some((title) => ['kvm->lock', 'vcpu->mutex', lock].every((name) => title.includes(name)))).toBe(true);
  });
});

test('vfio-N5: under kvm-busy two mdevs attach the same VM, and both succeed', async () => {
  const answers = new Set<string>();
  const scenario: Scenario = {
    ...SCENARIOS.rivals,
    after: async (host, task) => {
      const { kvm } = host.vm('guest1');
      answers.add([M1, M2].map((uuid) => host.mdev(uuid).kvm.inspect() === kvm).join(' '));
      await SCENARIOS.rivals.after(host, task);
    },
  };
  for (let seed = 1; seed <= 60; seed++) await walk('kvm-busy', scenario, seed);
  expect(answers).toContain('true true');
});

/** A second mdev for a guest that has one, with what its own open answers. */
async function secondOpen(host: Host, task: Task): Promise<number> {
  await host.create(task, M1, { adapters: [5], domains: [4] });
  await host.create(task, M2, { adapters: [6], domains: [4] });
  await host.attach(task, 'guest1', M1);
  return await host.mdev(M2).device.open(task, host.vm('guest1').qemu);
}

describe('a second mdev is opened for a guest that has one', () => {
  test.each(RUNTIMES)('vfio-N15: under kvm-lock-outside its AQIC answers 01 until the first mdev is detached, on the %s runtime', (kind) =>
    onHost(kind, { design: designByName('kvm-lock-outside')!, findings: true }, async (host, task) => {
      expect(await secondOpen(host, task)).toBe(EPERM);
      expect(host.vm('guest1').kvm.pqapHook.inspect()).toBe(host.mdev(M2));
      expect(await aqic(host, task, ON)).toBe(1);
      await host.detach(task, 'guest1');
      await host.attach(task, 'guest1', M1);
      expect(await aqic(host, task, ON)).toBe(0);
    }),
  );

  test.each(RUNTIMES)('under guests-lock the first one goes on working on the %s runtime', (kind) =>
    onHost(kind, {}, async (host, task) => {
      expect(await secondOpen(host, task)).toBe(EPERM);
      expect(await aqic(host, task, ON)).toBe(0);
    }),
  );

  test('under pqap-rwsem the refusal releases the semaphore as a reader, and the next AQIC never ends', async () => {
    const scenario: Scenario = {
      setup: async (host, task) => void (await secondOpen(host, task)),
      tasks: (host) => ({ vcpu: (t) => aqic(host, t, ON) }),
    };
    const { findings, outcome, host } = await walk('pqap-rwsem', scenario, 1);
    expect(findings.map(({ title }) => title)).toContain('test releases guest1 pqap_hook_rwsem as a reader, but holds it as a writer');
    expect(outcome).toBe('deadlock');
    expect(
      host
        .vm('guest1')
        .kvm.pqapHookRwsem.users()
        .waiters.map(({ name }) => name),
    ).toEqual(['vcpu']);
  });
});

test('vfio-N9: under pqap-rwsem a detach that drops the last reference writes to the freed VM', () =>
  onHost('controlled', { design: designByName('pqap-rwsem')!, findings: true, leftovers: true }, async (host, task) => {
    const { design } = host.machine.vfioAp;
    const mdev = await host.create(task, M1, { adapters: [5], domains: [4] });
    const { kvm } = host.vm('guest1');
    // As in kernels where vfio had no reference of its own: that of the file descriptor goes before the device is closed.
    await design.attach(task, mdev, kvm);
    kvm.put();
    await design.detach(task, mdev);
    expect(kvm.freed).toBe(true);
    expect(host.layer.findings.list.filter(({ kind }) => kind === 'use-after-free').map(({ title }) => title)).toEqual([
      'use after free: kvm guest1 is written (pqap_hook) by test, but the last reference freed it',
    ]);
  }));

test('vfio-N11: under pqap-rwsem AQIC goes on with a queue that was unbound and freed', async () => {
  const found = await walks('pqap-rwsem', SCENARIOS.unbind, { seeds: SEEDS, until: ['use-after-free'] });
  const titles = [...(found.get('use-after-free') ?? [])];
  expect(titles.length).toBeGreaterThan(0);
  for (const title of titles) expect(title).toContain('vfio_ap queue 05.0004');
});

test('under pqap-rwsem two vCPUs release the page of one queue twice', async () => {
  const found = await walks('pqap-rwsem', SCENARIOS.vcpus, { seeds: SEEDS, until: ['error'] });
  expect([...(found.get('error') ?? [])].join()).toContain('double unpin');
});

test('under kvm-busy a vCPU that was woken finds its mdev freed', async () => {
  const found = await walks('kvm-busy', SCENARIOS.remove, { seeds: SEEDS, until: ['use-after-free'] });
  expect([...(found.get('use-after-free') ?? [])].join()).toContain(`matrix mdev ${M1} is read (kvm) by vcpu, but admin freed it`);
});

test('corpus 9: under unlocked-masks the ISC of a guest that has gone stays registered', () =>
  onHost('controlled', { design: designByName('unlocked-masks')!, findings: true, leftovers: true }, async (host, task) => {
    await host.create(task, M1, { adapters: [5], domains: [4] });
    await host.attach(task, 'guest1', M1);
    expect(await aqic(host, task, ON)).toBe(0);
    await host.detach(task, 'guest1');
    expect(host.vm('guest1').kvm.gisa.totalReferences).toBe(1);
    expect(host.log.join()).toContain('the guest ISC cannot be unregistered: no guest is attached');
  }));

describe('vfio-N13: a reader in a long disable, a writer that waits, a second vCPU', () => {
  test.each(['pqap-rwsem', 'kvm-lock-outside'])('under %s the second vCPU waits behind the writer', (name) =>
    onHost('controlled', { design: designByName(name)!, findings: true, strategy: TASKS_FIRST }, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      await host.attach(task, 'guest1', M1);
      const { kvm } = host.vm('guest1');
      const { rt } = host;
      script(host.hardware, 'aqic', 0x0504, [5, 5, 5]);
      const order: string[] = [];
      const spawn = (who: string, body: (t: Task) => Promise<unknown>): Task =>
        rt.spawn(who, async (t) => {
          await body(t);
          order.push(who);
        });
      const reader = spawn('reader', (t) => aqic(host, t, OFF));
      await rt.sleep(task, 1);
      expect(kvm.pqapHookRwsem.users().holders).toEqual([reader]);
      const writer = spawn('writer', async (t) => {
        using _hook = await kvm.pqapHookRwsem.write(t);
      });
      await rt.sleep(task, 1);
      const second = spawn('second', (t) => aqic(host, t, OFF, 1));
      for (const other of [reader, writer, second]) await rt.join(task, other);
      expect(order).toEqual(['reader', 'writer', 'second']);
    }),
  );
});

describe('vfio-N25: masks and AQIC are readers of the matrix lock, assignment is its writer', () => {
  const outcomesOf = async (design: string, scenario: Scenario, seeds: number): Promise<string[]> => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= seeds; seed++) seen.add((await walk(design, scenario, seed)).outcome);
    return [...seen];
  };

  test.each(['fair-rwlock', 'reader-preferring-rwlock'])(
    'without a writer the schedules of global-mutex complete under %s',
    async (design) => {
      expect(await outcomesOf(design, SCENARIOS.attach, 60)).toEqual(['done']);
    },
  );

  test('with a writer queued between the two readers a fair lock hangs', async () => {
    const title = await firstDeadlock('fair-rwlock', SCENARIOS.writer);
    expect(title).toContain('deadlock of 4 tasks');
    for (const wait of ['vcpu waits for matrix_dev->lock', 'admin waits for matrix_dev->lock', 'set waits for guest1 kvm->lock'])
      expect(title).toContain(wait);
    expect(title).toContain('pv waits for guest1 vcpu0->mutex');
  });

  test('with a lock that prefers readers nobody hangs', async () => {
    expect(await outcomesOf('reader-preferring-rwlock', SCENARIOS.writer, 100)).toEqual(['done']);
  });

  // Two vCPUs in turn: whenever one of them leaves the lock, the other one is inside.
  test.each([
    ['reader-preferring-rwlock', 'in front of nobody', ['reader', 'reader', 'reader', 'reader', 'reader', 'reader', 'writer']],
    ['fair-rwlock', 'behind those who were inside', ['reader', 'reader', 'writer', 'reader', 'reader', 'reader', 'reader']],
  ])('under %s a writer comes %s while AQICs go on', (design, _where, expected) =>
    onHost('controlled', { design: designByName(design)!, findings: true, strategy: TASKS_FIRST }, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4, 0x47] });
      await host.create(task, M2, { adapters: [6], domains: [4] });
      await host.attach(task, 'guest1', M1);
      const { rt } = host;
      const busy = Array.from({ length: 9 }, () => [5, 5, 7]).flat();
      const order: string[] = [];
      const stream = (vcpu: number, apqn: number): Task => {
        script(host.hardware, 'aqic', apqn, busy);
        script(
          host.hardware,
          'tapq',
          apqn,
          Array.from({ length: 9 }, () => 0),
        );
        return rt.spawn(`vcpu${vcpu}`, async (t) => {
          for (let i = 0; i < 3; i++) {
            await host.cpu('guest1', vcpu).aqic(t, apqn, OFF);
            order.push('reader');
          }
        });
      };
      const tasks = [stream(0, 0x0504)];
      await rt.sleep(task, 20);
      tasks.push(stream(1, 0x0547));
      await rt.sleep(task, 5);
      tasks.push(
        rt.spawn('writer', async (t) => {
          expect(await host.store(t, M2, 'assign_control_domain', '4')).toBe(1);
          order.push('writer');
        }),
      );
      for (const other of tasks) await rt.join(task, other);
      expect(order).toEqual(expected);
    }),
  );
});

describe('vfio-H5: apmask, an assignment and a control domain at the same time', () => {
  const outcomes = async (design: string): Promise<Set<string>> => {
    const seen = new Set<string>();
    const { setup } = SCENARIOS.masks;
    for (let seed = 1; seed <= 60; seed++) {
      const answers = { mask: 0, admin: 0 };
      const { outcome } = await walk(
        design,
        {
          setup,
          tasks: (host) => ({
            mask: async (t) => void (answers.mask = await host.write(t, '/sys/bus/ap/apmask', '+5')),
            admin: async (t) => void (answers.admin = await host.store(t, M1, 'assign_adapter', '5')),
            other: (t) => host.store(t, M1, 'assign_control_domain', '4'),
          }),
        },
        seed,
      );
      if (outcome === 'done') seen.add(`${answers.mask > 0} ${answers.admin > 0}`);
    }
    return seen;
  };

  test('under guests-lock exactly one of the two is refused', async () => {
    expect([...(await outcomes('guests-lock'))].toSorted()).toEqual(['false true', 'true false']);
  });

  test('under trylock-perms both may be refused because of the third, and never both granted', async () => {
    const seen = await outcomes('trylock-perms');
    expect(seen).toContain('false false');
    expect(seen).not.toContain('true true');
  });
});
