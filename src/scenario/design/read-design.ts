/**
 * Reads one design file into a part of a design: values and places, nothing filled in. No kernel counterpart.
 */
import { FIELD_GROUPS, FIELD_NAMES, type FieldName } from '../../vfio-ap/locking/yaml/fields.ts';
import { CHANGE_KINDS, changeName, PROCEDURES, type EntryName, type GuardPlan } from '../../vfio-ap/locking/yaml/plan.ts';
import { ScenarioSource } from '../source.ts';
import { validate } from '../validate.ts';
import { Where, type DesignPart, type GuardPart, type ListPart } from './design-part.ts';
import { designSchema, type DesignFields } from './design-schema.ts';
import { StepReader } from './read-steps.ts';

/** ScenarioError for the first thing that is not as the schema says. `file` is the name that errors and reports show. */
export function readDesign(text: string, file: string): DesignPart {
  const source = new ScenarioSource(text, file);
  const found = validate(source, [], designSchema);
  const where = new Where(source, []);
  const reader = new StepReader();
  const lists = readLists(where, found, reader);
  return {
    name: found.design,
    where,
    base: found.base === undefined ? null : { name: found.base, where: where.inside('base') },
    hotPlug: found.hotPlug ?? null,
    stateLock: found.stateLock === undefined ? null : { name: found.stateLock, where: where.inside('stateLock') },
    order: found.order === undefined ? null : { chains: found.order, where: where.inside('order') },
    locks: new Map(Object.entries(found.locks).map(([name, lock]) => [name, { ...lock, where: where.inside('locks', name) }])),
    guards: readGuards(where, found),
    lists,
    places: reader.places,
  };
}

function readLists(top: Where, found: DesignFields, reader: StepReader): Map<EntryName, ListPart> {
  const lists = new Map<EntryName, ListPart>();
  const add = (name: EntryName, where: Where): void => void lists.set(name, { where, steps: reader.read(where, name) });
  for (const name of [...PROCEDURES, 'inUse', 'inspect', 'editList', 'onQueue', 'reserved', 'push', 'withdraw'] as const) {
    if (found[name] !== undefined) add(name, top.inside(name));
  }
  for (const kind of CHANGE_KINDS) {
    const key = found.changes[kind] === undefined ? 'other' : kind;
    if (found.changes[key] !== undefined) add(changeName(kind), top.inside('changes', key));
  }
  if (!top.source.root.children.has('hostChange')) return lists;
  for (const part of ['around', 'each'] as const) {
    const where = top.inside('hostChange', part);
    if (found.hostChange[part] === undefined) lists.set(`hostChange.${part}`, { where, steps: [] });
    else add(`hostChange.${part}`, where);
  }
  return lists;
}

/** An object stands for all its fields; a field that is named itself has its own guard. */
function readGuards(top: Where, { guards }: DesignFields): Map<FieldName, GuardPart> {
  const read = new Map<FieldName, GuardPart>();
  const add = (field: FieldName, key: string): void => {
    const plan = guards[key];
    if (plan !== undefined) {
      const where = top.inside('guards', key);
      read.set(field, { plan: toPlan(plan, where), where });
    }
  };
  for (const [group, members] of Object.entries(FIELD_GROUPS)) for (const field of members) add(field, group);
  for (const field of FIELD_NAMES) add(field, field);
  return read;
}

type GuardFields = string | { readonly reader?: string | undefined; readonly either?: readonly [string, string] | undefined };

function toPlan(plan: 'unguarded' | readonly GuardFields[], where: Where): GuardPlan {
  if (plan === 'unguarded') return plan;
  return plan.map((guard, i) => {
    if (typeof guard === 'string') return { kind: 'lock', lock: guard };
    const { reader, either } = guard;
    if ((reader === undefined) === (either === undefined)) throw where.inside(i).problem({ expected: 'one of reader and either' });
    if (either !== undefined) return { kind: 'either', lock: either[0], inner: either[1] };
    return { kind: 'reader', lock: reader! };
  });
}
