/**
 * Judges a design file, its base filled in, before anything runs: is everything there, does every name stand for something, and does every
 * way through a procedure give back what it takes. Whether the design is right is for an exploration to say. No kernel counterpart.
 */
import { FIELD_NAMES, HOST_FIELDS, type FieldName } from '../../vfio-ap/locking/yaml/fields.ts';
import {
  CHANGE_KINDS,
  changeName,
  OUTSIDE_LOCKS,
  PROCEDURES,
  VCPU_LOCK,
  type EntryName,
  type GuardPlan,
} from '../../vfio-ap/locking/yaml/plan.ts';
import { didYouMean } from '../did-you-mean.ts';
import type { ScenarioError } from '../place.ts';
import type { DesignPart, Where } from './design-part.ts';
import { LockWalk, type KnownLock, type Taking, type WalkResult } from './lock-walk.ts';

export interface Judgement {
  /** In the order of the file. */
  readonly problems: readonly ScenarioError[];
  /** `OUTER > INNER` for each lock that some step asks for with another one held. */
  readonly edges: readonly string[];
}

export function checkDesign(design: DesignPart): Judgement {
  const locks = knownLocks(design);
  const walks = new Map<EntryName, WalkResult>();
  for (const [entry, { steps, where }] of design.lists) {
    walks.set(entry, new LockWalk({ entry, steps, where, locks, places: design.places }).walk());
  }
  const problems = [
    ...missing(design),
    ...lockNames(design),
    ...guardNames(design, locks),
    ...headNames(design, locks),
    ...[...walks.values()].flatMap((walk) => walk.problems),
    ...unbalanced(walks),
  ];
  const edges = new Set([...walks.values()].flatMap((walk) => [...walk.edges]));
  return { problems: once(problems), edges: [...edges].toSorted() };
}

function knownLocks(design: DesignPart): Map<string, KnownLock> {
  const own = [...design.locks].map(([name, { kind, of }]) => [name, { kind, of, tryable: true }] as const);
  return new Map<string, KnownLock>([...Object.entries(OUTSIDE_LOCKS), ...own]);
}

/** What neither the file nor its base says. */
function missing({ where, base, stateLock, guards, lists }: DesignPart): ScenarioError[] {
  const more = base === null ? ', or a base that has it' : '';
  const absent = (path: readonly string[], expected: string): ScenarioError =>
    where.inside(...path).problem({ expected: `${expected}${more}`, got: 'nothing' });
  const problems: ScenarioError[] = [];
  for (const name of [...PROCEDURES, 'inUse', 'inspect', 'editList'] as const) {
    if (!lists.has(name)) problems.push(absent([name], 'a list of steps'));
  }
  if (!lists.has('hostChange.each')) problems.push(absent(['hostChange'], '{ around, each }'));
  const kinds = CHANGE_KINDS.filter((kind) => !lists.has(changeName(kind)));
  if (kinds.length > 0) problems.push(absent(['changes', kinds[0]!], `what is taken for ${kinds.join(', ')}, or for other`));
  if (stateLock === null) problems.push(absent(['stateLock'], 'the lock at whose release the invariants hold, or none'));
  const bare = FIELD_NAMES.filter((field) => !guards.has(field));
  if (bare.length > 0) problems.push(absent(['guards', bare[0]!], `a guard for ${bare.join(', ')}`));
  return problems;
}

function lockNames({ locks }: DesignPart): ScenarioError[] {
  const taken = [...Object.keys(OUTSIDE_LOCKS), VCPU_LOCK, 'attached', 'none', 'unguarded'];
  return [...locks].flatMap(([name, { where }]) =>
    taken.includes(name) ? [where.problem({ expected: `a name that means nothing else (${taken.join(', ')})`, got: name })] : [],
  );
}

function guardNames({ guards }: DesignPart, locks: ReadonlyMap<string, KnownLock>): ScenarioError[] {
  return [...guards].flatMap(([field, { plan, where }]) => guardProblems(field, plan, { where, locks }));
}

interface GuardPlace {
  readonly where: Where;
  readonly locks: ReadonlyMap<string, KnownLock>;
}

function guardProblems(field: FieldName, plan: GuardPlan, { where, locks }: GuardPlace): ScenarioError[] {
  if (plan === 'unguarded') return [];
  return plan.flatMap((part, i) => {
    const names = part.kind === 'either' ? [part.lock, part.inner] : [part.lock];
    return names.flatMap((lock) => {
      const known = locks.get(lock);
      if (known === undefined) return [unknown(where.inside(i), lock, [...locks.keys()])];
      if (known.of === 'host' || !(field in HOST_FIELDS)) return [];
      return [where.inside(i).problem({ expected: 'a lock of the host: the field is part of no other object', got: lock })];
    });
  });
}

function headNames({ stateLock, order }: DesignPart, locks: ReadonlyMap<string, KnownLock>): ScenarioError[] {
  const problems: ScenarioError[] = [];
  if (stateLock !== null && stateLock.name !== 'none') {
    const known = locks.get(stateLock.name);
    if (known === undefined) problems.push(unknown(stateLock.where, stateLock.name, [...locks.keys()]));
    else if (known.of !== 'host' || known.kind === 'flag') {
      problems.push(stateLock.where.problem({ expected: 'a mutex or semaphore of the host, or none' }));
    }
  }
  const names = [...locks.keys(), VCPU_LOCK];
  order?.chains.forEach((chain, i) =>
    chain.forEach((name, j) => {
      if (!names.includes(name)) problems.push(unknown(order.where.inside(i, j), name, names));
    }),
  );
  return problems;
}

function unknown(where: Where, lock: string, names: readonly string[]): ScenarioError {
  return where.problem({ expected: `a lock that is declared (${names.join(', ')})`, got: lock, hint: didYouMean(lock, names) });
}

/** A procedure may leave a lock held that another one gives back, and only then. */
function unbalanced(walks: ReadonlyMap<EntryName, WalkResult>): ScenarioError[] {
  const elsewhere = (entry: EntryName, lock: string, of: 'left' | 'foreign'): boolean =>
    [...walks].some(([other, walk]) => other !== entry && walk[of].some((taking) => taking.lock === lock));
  const problems: ScenarioError[] = [];
  for (const [entry, { left, foreign }] of walks) {
    const alone = (of: 'left' | 'foreign') => (taking: Taking) => !elsewhere(entry, taking.lock, of);
    for (const { lock, where } of left.filter(alone('foreign'))) {
      problems.push(
        where.problem({ expected: `${lock} to be unlocked on every way to the end of ${entry}`, got: 'a way that leaves it held' }),
      );
    }
    for (const { lock, where } of foreign.filter(alone('left'))) {
      problems.push(where.problem({ expected: `${lock} to be held on every way to here`, got: 'a way without it' }));
    }
  }
  return problems;
}

/** The lists for several kinds of change may be one list, and one field stands for a group: a problem is told once. */
function once(problems: readonly ScenarioError[]): ScenarioError[] {
  const told = new Map(problems.map((problem) => [problem.message, problem]));
  return [...told.values()].toSorted((a, b) => a.line - b.line || a.column - b.column);
}
