/**
 * The lock order that a design declares, as a tree of classes: what stands further in is taken later. What follows from the rest is left out.
 */
import { EventLog } from '../../src/base/event-log.ts';
import { createLogger } from '../../src/base/logger.ts';
import { LockLayer } from '../../src/locks/lock-layer.ts';
import { Machine } from '../../src/machine/machine.ts';
import { ControlledRuntime } from '../../src/runtime/controlled.ts';
import { designByName } from '../../src/vfio-ap/locking/designs.ts';
import { zpciDesignByName } from '../../src/zpci/locking/designs.ts';

export type Chains = readonly (readonly string[])[];

/** Of a host without cards, as a design is made for a host. */
export function declaredOrder(name: string): Chains {
  const rt = new ControlledRuntime({ seed: 0 });
  const layer = new LockLayer(rt);
  const pci = zpciDesignByName(name);
  if (pci !== undefined) return pci(layer).order;
  const design = designByName(name);
  if (design === undefined) throw new RangeError(`expected the name of a design, got ${name}`);
  const log = createLogger({ level: 'silent', now: () => 0 });
  const spec = { kernel: 'current', adapters: [], domains: [], controlDomains: [], apmask: null, aqmask: null } as const;
  const parts = { layer, log, events: new EventLog(() => rt.now()), seed: 0 };
  const machine = new Machine({ ...parts, design, spec: { ...spec, serviceScale: 1, mdevs: [], guests: [] } });
  machine.bus.stop();
  return machine.vfioAp.design.order;
}

/** A class with more than one outer neighbour stands below each; what is inside of it only where it stands first. */
export function orderTree(chains: Chains): string[] {
  const inner = reduced(chains);
  const targets = new Set([...inner.values()].flat());
  const roots = [...inner.keys()].filter((name) => !targets.has(name));
  if (roots.length === 0) throw new Error('expected an order with an outermost lock, got a ring');
  const told = new Set<string>();
  const branch = (name: string, depth: number): string[] => {
    const below = inner.get(name) ?? [];
    const again = told.has(name) && below.length > 0;
    told.add(name);
    const line = `${'  '.repeat(depth)}${name}${again ? ' (see above)' : ''}`;
    return again ? [line] : [line, ...below.flatMap((next) => branch(next, depth + 1))];
  };
  return roots.flatMap((name) => branch(name, 0));
}

/** Neighbours by their outer one, without those that a longer way leads to. */
function reduced(chains: Chains): Map<string, string[]> {
  const edges = new Map<string, Set<string>>();
  for (const chain of chains)
    for (const [i, name] of chain.entries()) {
      const inner = edges.get(name) ?? new Set();
      edges.set(name, inner);
      const next = chain[i + 1];
      if (next !== undefined) inner.add(next);
    }
  const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
    [...(edges.get(from) ?? [])].some((next) => next === to || (!seen.has(next) && reaches(next, to, seen.add(next))));
  const direct = (from: string, to: string): boolean => ![...edges.get(from)!].some((via) => via !== to && reaches(via, to));
  return new Map([...edges].map(([name, inner]) => [name, [...inner].filter((to) => direct(name, to))]));
}
