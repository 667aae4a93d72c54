/**
 * The schema of a whole design file, for the reader and for the published JSON Schema. No kernel counterpart.
 */
import { z } from 'zod';
import { FIELD_GROUPS, FIELD_NAMES } from '../../vfio-ap/locking/yaml/fields.ts';
import { CHANGE_KINDS } from '../../vfio-ap/locking/yaml/plan.ts';
import { fields } from '../validate.ts';
import { flag, named, oneOf } from '../values.ts';
import { lockName, stepSchema } from './step-schema.ts';

const BASE = 'the name of a design that comes as a file (global-mutex, guests-lock), or a design file: ./NAME.yaml';
const ORDER = 'chains of locks, the outermost first, like [[guests_lock, mdevs_lock]]';
const GUARD = 'unguarded, or a list of locks, { reader: LOCK } and { either: [OUTER, INNER] }';
const EITHER = 'two locks: [OUTER, INNER]';

const lock = fields('a lock { kind, of, protects }', {
  kind: oneOf('a kind of lock', ['mutex', 'rwsem', 'rwlock', 'flag']),
  of: oneOf('what has one of its own', ['host', 'kvm', 'mdev', 'queue']).default('host'),
  protects: z.string({ error: 'a sentence' }).default(''),
});

const either = z.tuple([lockName, lockName], { error: EITHER }).meta({ minItems: 2, maxItems: 2 });
const guardedBy = z.union([lockName, fields(GUARD, { reader: lockName.optional(), either: either.optional() })], { error: GUARD });
const guard = z
  .union([z.literal('unguarded', { error: GUARD }), z.array(guardedBy, { error: GUARD }).min(1, { error: GUARD })], { error: GUARD })
  .meta({ id: 'guard' });
const guards = Object.fromEntries([...Object.keys(FIELD_GROUPS), ...FIELD_NAMES].map((name) => [name, guard.optional()]));

const shapeWith = <S extends z.ZodType>(step: S) => {
  const steps = z.array(step, { error: 'a list of steps' }).optional();
  const changes = Object.fromEntries([...CHANGE_KINDS, 'other'].map((kind) => [kind, steps]));
  return {
    design: named('a name for the design'),
    base: z.string({ error: BASE }).min(1, { error: BASE }).optional().describe('Says everything that this file leaves out.'),
    summary: z.string({ error: 'a sentence' }).optional(),
    hotPlug: flag.optional().describe('May the assignment change while a guest is attached? For reports: steps refuse it.'),
    stateLock: lockName.optional().describe('The lock at whose release the invariants must hold, or none.'),
    order: z.array(z.array(lockName, { error: ORDER }), { error: ORDER }).optional(),
    locks: z.record(lockName, lock, { error: 'a map from names to locks' }).default({}),
    guards: fields('a map from fields to guards', guards).default({}),
    attach: steps,
    detach: steps,
    intercept: steps,
    changes: fields('a map from kinds of change to what is taken', changes).default({}),
    hostChange: fields('{ around, each }', { around: steps, each: steps }).default({}),
    inUse: steps,
    inspect: steps,
    editList: steps,
    onQueue: steps,
    reserved: steps,
    push: steps,
    withdraw: steps,
  };
};

const WHOLE_FILE = 'a locking design: a map with design, base, locks, guards, attach, detach, intercept, changes';

/** The reader reads the steps one by one, so that an error speaks of the verb that was meant. */
export const designSchema = fields(WHOLE_FILE, shapeWith(z.unknown()));
export type DesignFields = z.output<typeof designSchema>;

/** JSON Schema of a design file as it is written, defaults not filled in. */
export function designJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(fields(WHOLE_FILE, shapeWith(stepSchema)), { io: 'input', target: 'draft-2020-12' });
  return { ...schema, title: 'apemu locking design' };
}

/** The committed file: what scripts/write-schema.ts writes and a test compares. */
export function designSchemaText(): string {
  return `${JSON.stringify(designJsonSchema(), null, 2)}\n`;
}
