/**
 * The merged design: its declared order is what really happens, every explored schedule completes, and the same design with two locks
 * the wrong way round is caught although nobody gets stuck.
 */
import { describe, expect, test } from 'vitest';
import { EPERM, OK } from '../../src/base/errno.ts';
import { secureExecution } from '../../src/kvm/secure-execution.ts';
import type { Task } from '../../src/runtime/task.ts';
import { GuestsLock } from '../../src/vfio-ap/locking/guests-lock.ts';
import type { ApMatrixMdev } from '../../src/vfio-ap/ap-matrix-mdev.ts';
import { sameLock, type Body, type Target } from '../../src/vfio-ap/locking/port.ts';
import { M1, M2, RUNTIMES, onHost, type Host } from '../helpers/host.ts';
import { SCENARIOS } from './scenarios.ts';
import { walk, type Scenario } from './walk.ts';

const ON = { ir: true, isc: 3, nib: 0x20000 };
const OFF = { ir: false, isc: 0, nib: 0 };

/** Every kind of operation that takes locks of the design, at once in five tasks. */
async function everything(host: Host, task: Task): Promise<void> {
  await host.create(task, M1, { adapters: [5], domains: [4] });
  await host.create(task, M2, { adapters: [6], domains: [0x47] });
  const bodies: ((t: Task) => Promise<unknown>)[] = [
    async (t) => {
      await host.attach(t, 'guest1', M1);
      await host.mdev(M1).device.reset(t);
      await host.detach(t, 'guest1');
      await host.attach(t, 'guest1', M1);
    },
    async (t) => {
      await host.assign(t, M1, { adapters: [6], control: [4] });
      await host.store(t, M1, 'unassign_adapter', '6');
      await host.show(t, M1, 'guest_matrix');
      await host.write(t, '/sys/bus/ap/apmask', '+5');
      await host.write(t, '/sys/bus/ap/apmask', '-9');
    },
    async (t) => {
      for (const operand of [ON, OFF, ON])
        await host
          .cpu('guest1')
          .aqic(t, 0x0504, operand)
          .catch(() => undefined);
    },
    async (t) => {
      await secureExecution(t, host.vm('guest1').kvm, true);
      await secureExecution(t, host.vm('guest1').kvm, false);
    },
    async (t) => {
      await host.unbind(t, '05.0004');
      await host.bind(t, '05.0004');
      await host.status(t, '05.0004');
      host.hardware.unplug(6);
      await host.machine.bus.scan(t);
      await host.store(t, M2, 'remove', '1');
    },
  ];
  const tasks = bodies.map((body, i) => host.rt.spawn(`t${i}`, async (t) => void (await body(t))));
  for (const other of tasks) await host.rt.join(task, other);
}

/** Pairs of classes that the validator has learnt, as `outer > inner`. */
const learnt = (host: Host): Set<string> =>
  new Set([...host.layer.lockdep!.graph.edges()].map(({ from, to }) => `${from.name} > ${to.name}`));

/** Everything that the chains say: also what follows from two of them. */
function implied(chains: readonly (readonly string[])[]): Set<string> {
  const pairs = new Set(chains.flatMap((chain) => chain.slice(1).map((inner, i) => `${chain[i]!} > ${inner}`)));
  const names = [...new Set(chains.flat())];
  for (const via of names)
    for (const from of names)
      for (const to of names) if (pairs.has(`${from} > ${via}`) && pairs.has(`${via} > ${to}`)) pairs.add(`${from} > ${to}`);
  return pairs;
}

describe('guests-lock', () => {
  test.each(RUNTIMES)('the declared order agrees with what was learnt on the %s runtime, and nothing of it is made up', (kind) =>
    onHost(kind, {}, async (host, task) => {
      await everything(host, task);
      // What a random schedule may leave out is done once more in sequence.
      await host.attach(task, 'guest2', M1);
      await host.cpu('guest1').aqic(task, 0x0504, ON);
      const { order } = host.machine.vfioAp.design;
      const seen = learnt(host);
      const allowed = implied(order);
      const names = new Set(order.flat());
      const among = [...seen].filter((edge) => edge.split(' > ').every((name) => names.has(name)));
      expect(among.length).toBeGreaterThan(0);
      expect(among.filter((edge) => !allowed.has(edge))).toEqual([]);
      const adjacent = order.flatMap((chain) => chain.slice(1).map((inner, i) => `${chain[i]!} > ${inner}`));
      expect(adjacent.filter((edge) => !seen.has(edge))).toEqual([]);
    }),
  );

  test.each(Array.from({ length: 30 }, (_, i) => i + 1))('vfio-N17: attach, Secure Execution and AQIC complete on schedule %i', (seed) =>
    onHost('controlled', { seed }, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      const { kvm } = host.vm('guest1');
      const tasks = [
        host.rt.spawn('attach', async (t) => void (await host.attach(t, 'guest1', M1))),
        host.rt.spawn('pv', async (t) => void (await secureExecution(t, kvm, true))),
        host.rt.spawn(
          'vcpu',
          async (t) =>
            void (await host
              .cpu('guest1')
              .aqic(t, 0x0504, ON)
              .catch(() => undefined)),
        ),
        host.rt.spawn('assign', (t) => host.assign(t, M1, { adapters: [6] })),
        host.rt.spawn('probe', async (t) => {
          await host.unbind(t, '06.0004');
          await host.bind(t, '06.0004');
        }),
      ];
      for (const other of tasks) await host.rt.join(task, other);
      expect(kvm.protectedGuest).toBe(true);
      expect(host.mdev(M1).kvm.inspect()).toBe(kvm);
      expect(host.masks('guest1')).toMatchObject({ apm: [5, 6], aqm: [4] });
    }),
  );
});

const SCHEDULES = Array.from({ length: 30 }, (_, i) => i + 1);

describe('vfio-N17: what earlier designs got wrong ends as it would in sequence', () => {
  test.each(SCHEDULES)(
    'of two mdevs that are opened for one VM at once, one gets it and the other is refused: schedule %i',
    async (seed) => {
      const answers: number[] = [];
      const scenario: Scenario = {
        setup: SCENARIOS.rivals.setup,
        tasks: (host) => {
          const open = (uuid: string) => async (t: Task) => void answers.push(await host.mdev(uuid).device.open(t, host.vm('guest1').qemu));
          return { first: open(M1), second: open(M2) };
        },
        after: async (host, task) => {
          const { kvm } = host.vm('guest1');
          const [winner, loser] = host.mdev(M1).kvm.inspect() === kvm ? [M1, M2] : [M2, M1];
          expect([host.mdev(winner).kvm.inspect(), host.mdev(loser).kvm.inspect()]).toEqual([kvm, null]);
          expect(kvm.pqapHook.inspect()).toBe(host.mdev(winner));
          expect(host.masks('guest1')).toEqual({ apm: [winner === M1 ? 5 : 6], aqm: [4], adm: [] });
          await host.mdev(winner).device.close(task);
        },
      };
      const { outcome, findings, errors } = await walk('guests-lock', scenario, seed);
      expect({ outcome, findings, errors, answers: answers.toSorted((a, b) => a - b) }).toEqual({
        outcome: 'done',
        findings: [],
        errors: [],
        answers: [EPERM, OK],
      });
    },
  );

  test.each(SCHEDULES)('an assignment beside an unbind and a probe leaves what filtering alone would: schedule %i', async (seed) => {
    const scenario: Scenario = {
      setup: async (host, task) => {
        await host.create(task, M1, { adapters: [5], domains: [4] });
        await host.attach(task, 'guest1', M1);
        await host.unbind(task, '06.0004');
      },
      tasks: (host) => ({
        admin: (t) => host.assign(t, M1, { adapters: [6], domains: [0x47] }),
        probe: (t) => host.bind(t, '06.0004'),
        unbind: (t) => host.unbind(t, '05.0047'),
      }),
      after: async (host, task) => {
        // Adapter 5 has lost 05.0047, adapter 6 has all of its queues: whatever the order was.
        expect(host.masks('guest1')).toEqual({ apm: [6], aqm: [4, 0x47], adm: [] });
        expect(await host.show(task, M1, 'guest_matrix')).toBe('06.0004\n06.0047\n');
        const linked = [...host.mdev(M1).qtable.inspect().keys()].toSorted((a, b) => a - b);
        expect(linked).toEqual([0x0504, 0x0604, 0x0647]);
      },
    };
    const { outcome, findings, errors } = await walk('guests-lock', scenario, seed);
    expect({ outcome, findings, errors }).toEqual({ outcome: 'done', findings: [], errors: [] });
  });
});

/** mdevs_lock before guests_lock, in `change` only: what a careless patch would do. */
class WrongWayRound extends GuestsLock {
  override readonly name = 'wrong-way-round';

  override async change(task: Task, target: Target, body: Body): Promise<number> {
    if (target.kind !== 'control-domain') return await super.change(task, target, body);
    using _mdevs = await this.stateLock.acquire(task);
    using _guests = await this['guestsLock'].acquire(task);
    return await body(this['section'](target.mdev, null));
  }
}

describe('a design with two locks the wrong way round', () => {
  test.each(RUNTIMES)('is reported on the %s runtime with both tasks and places, without a deadlock', (kind) =>
    onHost(kind, { design: (context) => new WrongWayRound(context), findings: true }, async (host, task) => {
      await host.create(task, M1, { adapters: [5], domains: [4] });
      const right = host.rt.spawn('right', async (t) => void (await host.attach(t, 'guest1', M1)));
      await host.rt.join(task, right);
      expect(host.layer.findings.list).toEqual([]);
      const wrong = host.rt.spawn('wrong', async (t) =>
        expect(await host.store(t, M1, 'assign_control_domain', '0x99')).toBeGreaterThan(OK),
      );
      await host.rt.join(task, wrong);
      const found = host.layer.findings.list.filter(({ kind: what }) => what === 'lock-order');
      expect(found.length).toBeGreaterThan(0);
      const [{ cycle, title, tasks }] = found as [(typeof found)[number]];
      expect(title).toContain('guests_lock');
      expect(title).toContain('mdevs_lock');
      expect(tasks).toContain('wrong');
      const edge = (from: string, to: string) => cycle!.find((step) => step.from === from && step.to === to);
      const bad = edge('mdevs_lock', 'guests_lock')!;
      expect(bad.task).toBe('wrong');
      expect(bad.fromPlace[0]).toContain('test/designs/guests-lock.test.ts');
      expect(bad.toPlace[0]).toContain('test/designs/guests-lock.test.ts');
      const good = edge('guests_lock', 'mdevs_lock')!;
      expect(good.task).not.toBe('wrong');
      expect(good.fromPlace[0]).toContain('src/vfio-ap/locking/guests-lock.ts');
      expect(tasks).toContain(good.task);
      expect(host.layer.findings.list.filter(({ kind: what }) => what === 'deadlock')).toEqual([]);
    }),
  );
});

/** kvm->lock and mdevs_lock change places in `detach`, both under guests_lock. */
class SwappedDetach extends GuestsLock {
  override readonly name = 'swapped-detach';

  override async detach(task: Task, mdev: ApMatrixMdev): Promise<void> {
    const kvm = (await mdev.kvm.read(task))!;
    await this['closed'](task, kvm, mdev);
    using _guests = await this['guestsLock'].acquire(task);
    using _mdevs = await this.stateLock.acquire(task);
    using _kvm = await kvm.lock.acquire(task);
    await this['steps'].clearMasks(task, kvm);
    await this['steps'].resetQueues(task, mdev, sameLock);
    this['steps'].unbind(task, mdev, kvm);
  }
}

test.each(RUNTIMES)('two locks that change places under guests_lock are reported on the %s runtime, and graded as guarded by it', (kind) =>
  onHost(kind, { design: (context) => new SwappedDetach(context), findings: true }, async (host, task) => {
    await host.create(task, M1, { adapters: [5], domains: [4] });
    await host.attach(task, 'guest1', M1);
    await host.detach(task, 'guest1');
    const found = host.layer.findings.list.find(({ title }) => title.includes('mdevs_lock -> kvm->lock'));
    expect(found).toMatchObject({ kind: 'lock-order', grade: 'GUARDED' });
    // All that is common is named: the sightings are of one guest, so its big lock is among them.
    expect(found!.guards).toContain('guests_lock');
  }),
);
