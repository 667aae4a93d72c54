/**
 * What a design of a PCI function says of its lock order is what it does, and no lock that it names is taken in another order.
 */
import { describe, expect, test } from 'vitest';
import { zpciDesignNames } from '../../src/zpci/locking/designs.ts';
import { play, RUNTIMES, zpciWorld } from './world.ts';

describe.each(zpciDesignNames())('%s', (design) => {
  test.each(RUNTIMES)('the declared order is what is observed on the %s runtime', async (_name, make) => {
    const world = zpciWorld(make(), design, { spec: { stores: 2, vcpus: 1, shutdownStores: 0 } });
    expect(await play(world)).toBe('done');
    const { order } = world.host.design;
    const observed = [...world.layer.lockdep!.graph.edges()].filter(({ contexts }) => contexts.some(({ origin }) => origin === 'observed'));
    const seen = new Set(observed.map(({ from, to }) => `${from.name} > ${to.name}`));
    const names = new Set(order.flat());
    const pairs = new Set(order.flatMap((chain) => chain.flatMap((outer, i) => chain.slice(i + 1).map((inner) => `${outer} > ${inner}`))));
    const among = [...seen].filter((edge) => edge.split(' > ').every((end) => names.has(end)));
    expect(among.filter((edge) => !pairs.has(edge))).toEqual([]);
    const neighbours = order.flatMap((chain) => chain.slice(1).map((inner, i) => `${chain[i]!} > ${inner}`));
    expect(neighbours.filter((edge) => !seen.has(edge))).toEqual([]);
    // The wait is no lock, and the reason for everything: it is made with all of them held.
    expect(seen).toContain(`${order[0]![1]!} > vfio device released`);
  });
});
