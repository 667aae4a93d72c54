/**
 * What a design says of its lock order is what it does: every declared pair is learnt when everything has happened once, one thing after
 * the other, and nothing else is learnt between the locks that it names.
 */
import { describe, expect, test } from 'vitest';
import { secureExecution } from '../../src/kvm/secure-execution.ts';
import type { Task } from '../../src/runtime/task.ts';
import { designByName, designNames } from '../../src/vfio-ap/locking/designs.ts';
import { M1, M2, RUNTIMES, onHost, type Host } from '../helpers/host.ts';
import { OFF, ON } from './scenarios.ts';

/** KVM's own, whatever the design: Secure Execution stops the vCPUs of a VM. */
const KVM_EDGE = 'kvm->lock > vcpu->mutex';

/** What a design does against its own order: the reason why it was given up. */
const AGAINST: Readonly<Record<string, readonly string[]>> = {
  'perms-inside': ['ap_attr_mutex > guests_lock', 'ap_attr_mutex > mdevs_lock'],
};

async function everythingOnce(host: Host, task: Task): Promise<void> {
  await host.create(task, M1, { adapters: [5], domains: [4], control: [4] });
  await host.create(task, M2, { adapters: [6], domains: [0x47] });
  await host.attach(task, 'guest1', M1);
  for (const operand of [ON, OFF, ON]) await host.cpu('guest1').aqic(task, 0x0504, operand);
  await host.store(task, M1, 'assign_domain', '0xab');
  await host.store(task, M1, 'unassign_domain', '0xab');
  await host.mdev(M1).device.reset(task);
  const { container } = host.vm('guest1').qemu;
  await container.unmap(task);
  await container.map(task);
  await host.show(task, M1, 'guest_matrix');
  await host.status(task, '05.0004');
  for (const text of ['-9', '+9']) await host.write(task, '/sys/bus/ap/apmask', text);
  await host.unbind(task, '05.0004');
  await host.bind(task, '05.0004');
  host.hardware.unplug(6);
  await host.machine.bus.scan(task);
  for (const on of [true, false]) await secureExecution(task, host.vm('guest2').kvm, on);
  await host.detach(task, 'guest1');
  await host.store(task, M2, 'remove', '1');
}

/** What somebody did: a declared order is an edge of the graph, too. */
const learnt = (host: Host): string[] =>
  [...host.layer.lockdep!.graph.edges()]
    .filter(({ contexts }) => contexts.some(({ origin }) => origin === 'observed'))
    .map(({ from, to }) => `${from.name} > ${to.name}`);

/** Pairs of one chain, neighbours or not. */
const pairs = (chain: readonly string[]): string[] => chain.flatMap((outer, i) => chain.slice(i + 1).map((inner) => `${outer} > ${inner}`));

/** What the chains say together. */
function implied(chains: readonly (readonly string[])[]): Set<string> {
  const all = new Set(chains.flatMap(pairs));
  const names = [...new Set(chains.flat())];
  for (const via of names)
    for (const from of names)
      for (const to of names) if (from !== to && all.has(`${from} > ${via}`) && all.has(`${via} > ${to}`)) all.add(`${from} > ${to}`);
  return all;
}

describe.each(designNames())('%s', (name) => {
  test.each(RUNTIMES)('the declared order is what is observed on the %s runtime', (kind) =>
    onHost(kind, { design: designByName(name)!, findings: true, leftovers: true, watch: false }, async (host, task) => {
      await everythingOnce(host, task);
      const { order } = host.machine.vfioAp.design;
      const seen = new Set(learnt(host));
      const names = new Set(order.flat());
      const among = [...seen].filter((edge) => edge.split(' > ').every((end) => names.has(end)));
      const allowed = new Set([...implied(order), KVM_EDGE, ...(AGAINST[name] ?? [])]);
      expect(among.filter((edge) => !allowed.has(edge))).toEqual([]);
      const neighbours = order.flatMap((chain) => chain.slice(1).map((inner, i) => `${chain[i]!} > ${inner}`));
      expect(neighbours.filter((edge) => !seen.has(edge))).toEqual([]);
      expect((AGAINST[name] ?? []).filter((edge) => !seen.has(edge))).toEqual([]);
    }),
  );
});
