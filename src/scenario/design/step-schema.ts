/**
 * The forms of a step of a design file, one a verb. The reader picks the form by the verb first, so that an error speaks of the verb that
 * was meant; the published JSON Schema is the union of the forms. No kernel counterpart.
 */
import { z } from 'zod';
import { errnoValue } from '../../base/errno.ts';
import { CALL_NAMES } from '../../vfio-ap/locking/yaml/call-table.ts';
import { HOOK_VALUES } from '../../vfio-ap/locking/yaml/plan.ts';
import { didYouMean } from '../did-you-mean.ts';
import { fields } from '../validate.ts';
import { flag, oneOf } from '../values.ts';

const LOCK = 'the name of a lock';
export const lockName = z.string({ error: LOCK }).min(1, { error: LOCK });

const AT = 'a line of code, like drivers/s390/crypto/vfio_ap_ops.c:1234';
const at = z
  .string({ error: AT })
  .regex(/^[^\s():]+:[1-9][0-9]{0,6}$/, { error: AT })
  .optional()
  .describe('The line of code that the step stands for; reports name it.');

const ERRNO = 'the name of an errno, like EBUSY';
const errno = z.string({ error: ERRNO }).refine((name) => errnoValue(name) !== undefined, { error: ERRNO });
const ANSWER = 'done, not-available or the name of an errno, like EBUSY';
const answer = z
  .string({ error: ANSWER })
  .refine((name) => name === 'done' || name === 'not-available' || errnoValue(name) !== undefined, { error: ANSWER });

const ELSE = `${ANSWER}, or a list of steps`;
/** The steps of a list are read one by one, each in its own form. */
const orElse = z.union([answer, z.array(z.unknown(), { error: ELSE }).min(1, { error: ELSE })], { error: ELSE });

const mode = oneOf('how it is taken', ['read', 'write']).optional();
const unguarded = flag.optional().describe('A visible operation of its own, as READ_ONCE and WRITE_ONCE: no guard is asked for.');

const CALL = `a step of the driver: ${CALL_NAMES.join(', ')}`;
const callName = z.enum(CALL_NAMES, {
  error: ({ input }) => {
    const hint = typeof input === 'string' ? didYouMean(input, CALL_NAMES) : undefined;
    return hint === undefined ? CALL : `${CALL}\n${hint}`;
  },
});

const WHEN = 'a list of attached and names of flags';
const when = z.array(lockName, { error: WHEN }).min(1, { error: WHEN });

export const stepForms = {
  lock: fields('a lock step', { lock: lockName, mode, at }),
  trylock: fields('a trylock step', { trylock: lockName, mode, else: orElse, at }),
  unlock: fields('an unlock step', { unlock: lockName, mode, at }),
  downgrade: fields('a downgrade step', { downgrade: lockName, at }),
  wait: fields('a wait step', { wait: lockName, drop: lockName.optional(), at }),
  read: fields('a read step', { read: oneOf('what is read', ['kvm.hook', 'mdev.kvm']), unguarded, else: orElse, at }),
  write: fields('a write step', {
    write: oneOf('what is written', ['kvm.hook']),
    value: oneOf('what is written there', HOOK_VALUES),
    unguarded,
    at,
  }),
  call: fields('a call step', { call: callName, else: orElse.optional(), at }),
  hold: fields('a hold step', { hold: oneOf('of what a reference is taken', ['kvm']), at }),
  free: fields('a free step', { free: oneOf('of what a reference is given back', ['kvm']), at }),
  refuse: fields('a refuse step', { refuse: errno, when, at }),
  return: fields('a return step', { return: answer, at }),
};

export type VerbName = keyof typeof stepForms;
export type StepFields<V extends VerbName> = z.output<(typeof stepForms)[V]>;
export const VERBS = Object.keys(stepForms) as VerbName[];

/** One step of any form, for the published schema: a name alone is a lock to take; steps behind `else` are steps, too. */
export const stepSchema: z.ZodType = z
  .lazy(() => {
    const { trylock, read, call, ...others } = stepForms;
    const orSteps = z.union([answer, z.array(stepSchema).min(1)]);
    const deep = [trylock.extend({ else: orSteps }), read.extend({ else: orSteps }), call.extend({ else: orSteps.optional() })];
    return z.union([lockName, ...Object.values(others), ...deep]);
  })
  .meta({ id: 'step' });
