/**
 * Which classes are taken inside interrupts, and which are held with them enabled (kernel/locking/lockdep.c: mark_lock and its bits).
 * An interrupt can come whenever it is enabled, so a class held with it enabled "leads" to every class that its handler takes: such a
 * pair is a dependency like any other, and one rule, the closed strong path, covers inconsistent states, irq-safe before irq-unsafe, and
 * inversions.
 */
import type { Task } from '../runtime/task.ts';
import type { Guard } from './guard.ts';
import type { ContextKind, LockClass } from './lock-class.ts';
import { isTry, WAIT, type LockMode } from './modes.ts';
import type { Place } from './place.ts';

export type Irq = 'hardirq' | 'softirq';
const IRQS: readonly Irq[] = ['hardirq', 'softirq'];

/** What holds where the task is now: it runs inside an interrupt, or none can come. */
export interface IrqState {
  readonly inside: Irq | null;
  readonly enabled: Readonly<Record<Irq, boolean>>;
}

/** The first time that a class was used in this way. */
export interface UsageSite {
  readonly cls: LockClass;
  readonly mode: LockMode;
  readonly task: string;
  readonly pid: number;
  readonly time: number;
  readonly place: Place;
}

/** An interrupt of this kind can take `taken` while `held` is held. */
export interface IrqPair {
  readonly irq: Irq;
  readonly held: UsageSite;
  readonly taken: UsageSite;
}

/** From the entries of the held stack that are states of the task; what lies below an interrupt does not count. */
export function irqStateOf(task: Task): IrqState {
  const off = { hardirq: false, softirq: false };
  let inside: Irq | null = null;
  for (let guard = task.held as Guard | null; guard !== null && inside === null; guard = guard.prev) {
    const kind: ContextKind | null = guard.lock.cls.context;
    if (kind === 'hardirq' || kind === 'softirq') inside = kind;
    if (kind === 'hardirq' || kind === 'hardirqs off') off.hardirq = true;
    if (kind === 'softirq' || kind === 'softirqs off') off.softirq = true;
  }
  // With hard interrupts off no soft one is run either.
  return { inside, enabled: { hardirq: !off.hardirq, softirq: !off.hardirq && !off.softirq } };
}

type Sites = Map<string, UsageSite>;

export class IrqUsage {
  private readonly inside: Record<Irq, Sites> = { hardirq: new Map(), softirq: new Map() };
  private readonly enabled: Record<Irq, Sites> = { hardirq: new Map(), softirq: new Map() };

  /** The class is taken in this state: pairs that are new with it. A trylock in a handler cannot hang it, and a wait holds nothing. */
  taken(site: UsageSite, state: IrqState): IrqPair[] {
    const pairs: IrqPair[] = [];
    const { inside } = state;
    if (inside !== null && !isTry(site.mode) && note(this.inside[inside], site))
      for (const held of this.enabled[inside].values()) pairs.push({ irq: inside, held, taken: site });
    if ((site.mode & WAIT) === 0) pairs.push(...this.held(site, state));
    return pairs;
  }

  /** The class is held in this state. */
  held(site: UsageSite, state: IrqState): IrqPair[] {
    const pairs: IrqPair[] = [];
    for (const irq of IRQS) {
      if (!state.enabled[irq] || !note(this.enabled[irq], site)) continue;
      for (const taken of this.inside[irq].values()) pairs.push({ irq, held: site, taken });
    }
    return pairs;
  }
}

/** True when this class was not used in this mode before. */
function note(sites: Sites, site: UsageSite): boolean {
  const key = `${site.cls.id}:${site.mode & 3}`;
  if (sites.has(key)) return false;
  sites.set(key, site);
  return true;
}
