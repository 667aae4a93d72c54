/**
 * Schemas of the events of a scenario file, one form a verb. The loader picks the form by the verb first, so that an error speaks of the
 * verb that was meant; the published JSON Schema is the union of the forms. No kernel counterpart.
 */
import { z } from 'zod';
import { errnoValue } from '../base/errno.ts';
import { faultShape } from './fault-verb.ts';
import { IOCTL_NAMES, MEMORY_KINDS } from './ioctl-verb.ts';
import { fields } from './validate.ts';
import { adapterId, attributePath, cardType, domainId, durationMs, duration, flag, named, oneOf, queueName, whole } from './values.ts';
import type { When } from './scenario.ts';

const AT = 'now, a share of all operations (25%), an operation count ({ op: 40 }) or a time (2s, 150ms)';

/** undefined when the text is none of the forms. */
function parseWhen(text: string): When | undefined {
  if (text === 'now') return { kind: 'now' };
  const share = /^([0-9]+(?:\.[0-9]+)?)%$/.exec(text);
  if (share !== null) return Number(share[1]) <= 100 ? { kind: 'share', share: Number(share[1]) / 100 } : undefined;
  const ms = durationMs(text);
  return ms === undefined ? undefined : { kind: 'time', ms };
}

const atForm = z.string({ error: AT }).regex(/^(?:now|[0-9]+(?:\.[0-9]+)?(?:%|ms|s))$/, { error: AT });
const atText = atForm.transform((text, context) => {
  const when = parseWhen(text);
  if (when !== undefined) return when;
  context.addIssue({ code: 'custom', message: AT });
  return z.NEVER;
});
const atCount = fields(AT, { op: whole('an operation count', 0, 1e12) }).transform(({ op }): When => ({ kind: 'operations', count: op }));
const at = z.union([atText, atCount], { error: AT });

const EXPECT = 'ok or the name of an errno, like EBUSY';
const expect = z.string({ error: EXPECT }).refine((name) => name === 'ok' || errnoValue(name) !== undefined, { error: EXPECT });

const order = { at: at.optional(), task: named('the name of the task').optional() };
const common = { ...order, expect: expect.optional() };

const value = z.union([z.string(), z.int()], { error: 'the text to write' });
const pathAndValue = z.tuple([attributePath, value], { error: '[PATH, VALUE]' }).meta({ minItems: 2, maxItems: 2 });
const guest = z.string({ error: 'the name of a guest' });
const queue = queueName;
const plugged = z.union([adapterId, fields('an adapter { id, type }', { id: adapterId, type: cardType })], {
  error: 'an adapter number of the host, or { id, type }',
});
const ADAPTERS = 'a list of adapters';
const CHANGES = ['plug', 'unplug', 'domains', 'controlDomains'] as const;
const ONE_CHANGE = `one of ${CHANGES.join(', ')}`;
const DOMAINS = 'the list of all domains that the host has from now on';

const U32 = 0xffff_ffff;
const IOCTL = `${IOCTL_NAMES.join(', ')} or the number of an ioctl`;
const request = z.union([oneOf('an ioctl', IOCTL_NAMES), whole('the number of an ioctl', 0, U32)], { error: IOCTL });
const FD = 'own, or a file descriptor (-1 takes back what is registered)';
const fd = z.union([z.literal('own'), whole('a file descriptor', -0x8000_0000, 0x7fff_ffff)], { error: FD });

export const eventForms = {
  write: fields('a write', { ...common, write: pathAndValue }),
  read: fields('a read', { ...common, read: attributePath }),
  attach: fields('an attach', { ...common, do: z.literal('attach'), guest }),
  detach: fields('a detach', { ...common, do: z.literal('detach'), guest }),
  open: fields('an open', {
    ...common,
    do: z.literal('open'),
    guest,
    mdev: z.string({ error: 'the name of an mdev' }),
    keep: flag.default(false).describe('Closed when the run ends, and not at once.'),
  }),
  'pv-start': fields('a start of Secure Execution', { ...common, do: z.literal('pv-start'), guest }),
  'pv-stop': fields('an end of Secure Execution', { ...common, do: z.literal('pv-stop'), guest }),
  unmap: fields('an unmap of the storage of a guest', { ...common, do: z.literal('unmap'), guest }),
  map: fields('a map of the storage of a guest', { ...common, do: z.literal('map'), guest }),
  ioctl: fields('an ioctl on the vfio device of a guest', {
    ...common,
    do: z.literal('ioctl'),
    guest,
    request: request.describe('Of a number the argument is zeroes.'),
    argsz: whole('a size in bytes', 0, U32).optional().describe('Default: what the struct needs.'),
    flags: whole('flags', 0, U32).optional().describe('Of set-irqs. Default 0x24: an eventfd that is triggered.'),
    index: whole('the index of an interrupt', 0, U32).optional().describe('0 (default): the request; 1: config-change.'),
    start: whole('the first interrupt', 0, U32).optional().describe('Default 0.'),
    count: whole('a number of interrupts', 0, U32).optional().describe('Default 1.'),
    fd: fd.optional().describe('Default own: the eventfd of QEMU for the interrupt.'),
    memory: oneOf('where the argument lies', MEMORY_KINDS)
      .default('whole')
      .describe('short: its last word is not mapped; none: nothing is mapped there.'),
  }),
  signal: fields('a signal', { ...common, do: z.literal('signal'), to: named('the name of the task that gets it') }),
  unbind: fields('an unbind', { ...common, do: z.literal('unbind'), queue }),
  bind: fields('a bind', { ...common, do: z.literal('bind'), queue, driver: named('the name of a driver, like vfio_ap') }),
  checkstop: fields('a checkstop', { ...common, do: z.literal('checkstop'), adapter: adapterId, on: flag }),
  'host-config': fields('a host configuration change', {
    ...common,
    do: z.literal('host-config'),
    plug: z.array(plugged, { error: ADAPTERS }).min(1, { error: 'at least one adapter' }).optional(),
    unplug: z.array(adapterId, { error: ADAPTERS }).min(1, { error: 'at least one adapter' }).optional(),
    domains: z.array(domainId, { error: DOMAINS }).optional().describe('All domains that the host has from now on.'),
    controlDomains: z.array(domainId, { error: DOMAINS }).optional().describe('All control domains that it has from now on.'),
  }).refine((change) => CHANGES.filter((name) => change[name] !== undefined).length === 1, { error: ONE_CHANGE }),
  fault: fields('a fault', { ...common, ...faultShape }).refine(({ queue, adapter }) => (queue === undefined) !== (adapter === undefined), {
    error: 'either queue or adapter',
  }),
  pause: fields('a pause', { ...order, do: z.literal('pause'), for: duration }),
  repeat: fields('a repeat', {
    ...order,
    repeat: whole('a number of repetitions', 1, 1_000_000),
    // The loader reads these one by one, each in its own form; eventSchema says what they are.
    events: z.array(z.unknown(), { error: 'a list of events' }).min(1, { error: 'at least one event' }),
  }),
};

export type VerbName = keyof typeof eventForms;
export type EventFields<V extends VerbName> = z.output<(typeof eventForms)[V]>;

/** Verbs that are the key of their event; the others stand behind `do`. */
export const KEY_VERBS = ['write', 'read', 'repeat'] as const;
export const DO_VERBS = [
  'attach',
  'detach',
  'open',
  'pv-start',
  'pv-stop',
  'unmap',
  'map',
  'ioctl',
  'signal',
  'unbind',
  'bind',
  'checkstop',
  'host-config',
  'fault',
  'pause',
] as const;

/** One event of any form, for the published schema: events inside a repeat are events, too. */
export const eventSchema: z.ZodType = z
  .lazy(() => {
    const { repeat, ...others } = eventForms;
    return z.union([...Object.values(others), repeat.extend({ events: z.array(eventSchema).min(1) })]);
  })
  .meta({ id: 'event' });
