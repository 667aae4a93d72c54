/**
 * What one design file says, before its base fills in the rest: each thing with its place, so that a later complaint can name it.
 * No kernel counterpart.
 */
import type { FieldName } from '../../vfio-ap/locking/yaml/fields.ts';
import type { EntryName, GuardPlan, LockKind, LockOwner, Step } from '../../vfio-ap/locking/yaml/plan.ts';
import type { FieldPath, Refusal, ScenarioError } from '../place.ts';
import type { ScenarioSource } from '../source.ts';

/** A place in one of the files that a design was read from. */
export class Where {
  readonly source: ScenarioSource;
  readonly path: FieldPath;

  constructor(source: ScenarioSource, path: FieldPath) {
    this.source = source;
    this.path = path;
  }

  inside(...steps: FieldPath): Where {
    return new Where(this.source, [...this.path, ...steps]);
  }

  problem(refusal: Omit<Refusal, 'got'> & { readonly got?: string }): ScenarioError {
    return this.source.problem(this.path, refusal);
  }
}

export interface LockPart {
  readonly kind: LockKind;
  readonly of: LockOwner;
  readonly protects: string;
  readonly where: Where;
}

export interface GuardPart {
  readonly plan: GuardPlan;
  readonly where: Where;
}

export interface ListPart {
  readonly steps: readonly Step[];
  readonly where: Where;
}

export interface DesignPart {
  readonly name: string;
  readonly where: Where;
  readonly base: { readonly name: string; readonly where: Where } | null;
  readonly hotPlug: boolean | null;
  readonly stateLock: { readonly name: string; readonly where: Where } | null;
  readonly order: { readonly chains: readonly (readonly string[])[]; readonly where: Where } | null;
  readonly locks: ReadonlyMap<string, LockPart>;
  readonly guards: ReadonlyMap<FieldName, GuardPart>;
  readonly lists: ReadonlyMap<EntryName, ListPart>;
  /** Of every step, those behind an `else` included. */
  readonly places: ReadonlyMap<Step, Where>;
}

const union = <K, V>(below: ReadonlyMap<K, V>, above: ReadonlyMap<K, V>): Map<K, V> => new Map([...below, ...above]);

/** What a file leaves out is what its base says. */
export function onTopOf(base: DesignPart, part: DesignPart): DesignPart {
  return {
    ...part,
    hotPlug: part.hotPlug ?? base.hotPlug,
    stateLock: part.stateLock ?? base.stateLock,
    order: part.order ?? base.order,
    locks: union(base.locks, part.locks),
    guards: union(base.guards, part.guards),
    lists: union(base.lists, part.lists),
    places: union(base.places, part.places),
  };
}
