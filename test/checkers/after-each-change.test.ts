/**
 * Goal: under a design without a state lock the invariants are looked at after each change, and never in the middle of one.
 */
import { expect, test } from 'vitest';
import { watchHost } from '../../src/checkers/watch-host.ts';
import { Findings } from '../../src/locks/finding.ts';
import { designByName } from '../../src/vfio-ap/locking/designs.ts';
import { M1, RUNTIMES, onHost } from '../helpers/host.ts';

const design = designByName('mutex-condvar-rwlock')!;

test.each(RUNTIMES)('what a change leaves behind is reported at its end, on the %s runtime', (kind) =>
  onHost(kind, { design, findings: true, leftovers: true }, async (host, task) => {
    expect(host.machine.vfioAp.design.stateLock).toBeNull();
    await host.create(task, M1, { adapters: [5], domains: [4] });
    const findings = new Findings();
    const watch = watchHost(host.machine, findings, { everyRelease: true });
    await host.attach(task, 'guest1', M1);
    expect([watch.checks > 0, findings.list]).toEqual([true, []]);
    host.vm('guest2').kvm.gisa.register(3);
    expect(findings.list).toEqual([]);
    await host.mdev(M1).device.reset(task);
    expect(findings.list.map(({ title }) => title)).toEqual([expect.stringContaining('guest2 has 1 reference of ISC 3')]);
    host.vm('guest2').kvm.gisa.unregister(3);
  }),
);

test('nothing is looked at while somebody else is in the middle of a change', () =>
  onHost('controlled', { design, findings: true }, async (host, task) => {
    await host.create(task, M1, { adapters: [5], domains: [4] });
    const watch = watchHost(host.machine, new Findings(), { everyRelease: true });
    const { matrixDev, design: watched } = host.machine.vfioAp;
    const seen: number[] = [];
    await watched.change(task, { kind: 'control-domain', mdev: host.mdev(M1) }, async () => {
      const before = watch.checks;
      const probe = host.rt.spawn('other', (t) => watched.changeEach(t, { each: () => Promise.resolve() }).then(() => undefined));
      await host.rt.sleep(task, 1);
      seen.push(watch.checks - before);
      expect(probe.ended).toBe(false);
      return 0;
    });
    while (watch.checks === 0) await host.rt.sleep(task, 1);
    expect(seen).toEqual([0]);
    expect(matrixDev.mdevs.inspect()).toHaveLength(1);
  }));
