/**
 * Makes the plan that the interpreter runs of a design file that was read and checked. No kernel counterpart.
 */
import { LockClass } from '../../locks/lock-class.ts';
import {
  BRACKETS,
  MASK_LISTS,
  OUTSIDE_LOCKS,
  type DesignPlan,
  type EntryName,
  type LockPlan,
  type Step,
} from '../../vfio-ap/locking/yaml/plan.ts';
import type { DesignPart } from './design-part.ts';

/** One class a lock for all hosts that are built from the plan, as a design in TypeScript has. */
export function planDesign(design: DesignPart): DesignPlan {
  const tried = new Set([...design.places.keys()].flatMap((step) => (step.verb === 'trylock' ? [step.lock] : [])));
  const locks = new Map<string, LockPlan>();
  for (const [name, { kind, of }] of Object.entries(OUTSIDE_LOCKS)) locks.set(name, { kind, of, cls: null });
  for (const [name, { kind, of, protects }] of design.locks) {
    locks.set(name, { kind, of, cls: new LockClass(name, { tryable: tried.has(name), protects }) });
  }
  const lists = new Map<EntryName, readonly Step[]>([...BRACKETS, ...MASK_LISTS].map((name) => [name, []]));
  for (const [name, { steps }] of design.lists) lists.set(name, steps);
  const state = design.stateLock!.name;
  return {
    name: design.name,
    hotPlug: design.hotPlug ?? lists.get('push')!.length > 0,
    stateLock: state === 'none' ? null : state,
    order: design.order?.chains ?? [],
    locks,
    guards: new Map([...design.guards].map(([field, { plan }]) => [field, plan])),
    lists,
  };
}
