/**
 * The schema of a whole scenario file, for the loader and for the published JSON Schema. No kernel counterpart.
 */
import { z } from 'zod';
import { FAULT_NAMES } from '../vfio-ap/faults.ts';
import { QUIRK_NAMES } from '../vfio-ap/quirks.ts';
import { didYouMean } from './did-you-mean.ts';
import { eventSchema } from './event-schema.ts';
import { expectationSchema } from './expectation.ts';
import { guestSchema, hostSchema, mdevSchema } from './topology-schema.ts';
import { fields } from './validate.ts';
import { named, oneOf } from './values.ts';

const DESIGN_TEXT = 'the name of a locking design, or a file: ./NAME.ts, ./NAME.yaml or an absolute path';
const DESIGN_FORM = /^(?:[a-z0-9]+(?:-[a-z0-9]+)*|\.{0,2}\/.*\.(?:ts|yaml))$/;

const QUIRK = `a known defect: ${QUIRK_NAMES.join(', ')}`;
const quirk = z.enum(QUIRK_NAMES, {
  error: ({ input }) => {
    const hint = typeof input === 'string' ? didYouMean(input, QUIRK_NAMES) : undefined;
    return hint === undefined ? QUIRK : `${QUIRK}\n${hint}`;
  },
});
const QUIRKS = z.array(quirk, { error: 'a list of known defects' });
const FAULTS = z.array(oneOf('a place that may fail', FAULT_NAMES), { error: 'a list of places that may fail' });

const shapeWith = <E extends z.ZodType>(event: E) => ({
  name: named('a name for the scenario').optional().describe('The file name without its ending unless given.'),
  host: hostSchema,
  design: z
    .string({ error: DESIGN_TEXT })
    .regex(DESIGN_FORM, { error: DESIGN_TEXT })
    .optional()
    .describe('That of the kernel unless given: guests-lock, for "5.15" kvm-lock-outside.'),
  mdevs: z.array(mdevSchema, { error: 'a list of mdevs' }).default([]),
  guests: z.array(guestSchema, { error: 'a list of guests' }).default([]),
  events: z.array(event, { error: 'a list of events' }).default([]),
  quirks: QUIRKS.default([]).describe('Known defects to switch on.'),
  faults: FAULTS.default([]).describe('Places that may fail: whether they do is a choice of the run.'),
  expect: expectationSchema.default({ verdict: [], designs: {} }),
});

const WHOLE_FILE = 'a scenario: a map with host, mdevs, guests, events';

/** The loader reads the events one by one, so that an error speaks of the verb that was meant. */
export const scenarioSchema = fields(WHOLE_FILE, shapeWith(z.unknown()));

/** JSON Schema of a scenario file as it is written, defaults not filled in. */
export function scenarioJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(fields(WHOLE_FILE, shapeWith(eventSchema)), { io: 'input', target: 'draft-2020-12' });
  return { ...schema, title: 'apemu scenario' };
}

/** The committed file: what scripts/write-schema.ts writes and a test compares. */
export function schemaText(): string {
  return `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`;
}
