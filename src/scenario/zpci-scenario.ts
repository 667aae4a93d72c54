/**
 * Scenario files with a PCI function instead of AP: a host with one slot, a guest that has what is in it, and tasks that switch the slot.
 * No kernel counterpart.
 */
import { z } from 'zod';
import { errnoValue } from '../base/errno.ts';
import type { HostSpec } from '../machine/host-spec.ts';
import { ZPCI_DEFAULT_DESIGN, zpciDesignNames } from '../zpci/locking/designs.ts';
import { didYouMean } from './did-you-mean.ts';
import { expectationSchema } from './expectation.ts';
import type { FieldPath } from './place.ts';
import type { Scenario } from './scenario.ts';
import type { ScenarioSource } from './source.ts';
import { fields, validate } from './validate.ts';
import { named, oneOf, whole } from './values.ts';

const zpci = fields('a PCI function: a map with fid, guest, vcpus, stores and shutdownStores', {
  fid: whole('a function id', 0, 0xffff_ffff),
  guest: named('a name for the guest').default('guest1'),
  vcpus: whole('a number of vCPUs', 1, 64).default(1),
  stores: whole('the blocks that each vCPU but the first stores', 0, 1_000_000).default(0),
  shutdownStores: whole('the blocks that the driver of the guest stores when it is shut down', 0, 1_000_000).default(1),
});

const EXPECT = 'ok or the name of an errno, like EIO';
const event = fields('a switch of the slot { task, slot-power }', {
  task: named('the name of the task'),
  'slot-power': oneOf('on or off', ['on', 'off']),
  expect: z
    .string({ error: EXPECT })
    .refine((name) => name === 'ok' || errnoValue(name) !== undefined, { error: EXPECT })
    .optional(),
});

const zpciScenarioSchema = fields('a scenario of a PCI function: a map with zpci, events, design, expect', {
  name: named('a name for the scenario').optional().describe('The file name without its ending unless given.'),
  zpci,
  design: z.string({ error: 'the name of a locking design' }).default(ZPCI_DEFAULT_DESIGN),
  events: z.array(event, { error: 'a list of events' }).default([]),
  expect: expectationSchema.default({ verdict: [], designs: {} }),
});

/** The host of such a file has no AP. */
const NO_AP: HostSpec = {
  ...{ kernel: 'current', adapters: [], domains: [], controlDomains: [], apmask: null, aqmask: null, serviceScale: 1 },
  ...{ mdevs: [], guests: [] },
};

export const isZpciSource = (source: ScenarioSource): boolean => source.nodeAt(['zpci']) !== undefined;

/** ScenarioError for what is wrong with it. `name`: unless the file has one. */
export function toZpciScenario(source: ScenarioSource, name: string): Scenario {
  const found = validate(source, [], zpciScenarioSchema);
  checkDesign(source, ['design'], found.design);
  for (const design of Object.keys(found.expect.designs)) checkDesign(source, ['expect', 'designs', design], design);
  const events = found.events.map(({ task, expect, 'slot-power': power }, i) => {
    return { task, on: power === 'on', expect: expect ?? null, place: source.placeOf(['events', i]) };
  });
  return {
    ...{ name: found.name ?? name, source: source.file, text: source.text, host: NO_AP, design: found.design },
    ...{ events: [], quirks: [], faults: [], expect: found.expect },
    zpci: { spec: found.zpci, events },
  };
}

function checkDesign(source: ScenarioSource, path: FieldPath, design: string): void {
  const names = zpciDesignNames();
  if (names.includes(design)) return;
  const refusal = { expected: `a locking design of a PCI function (${names.join(', ')})`, got: design, hint: didYouMean(design, names) };
  throw path.length > 1 ? source.keyProblem(path.slice(0, -1), design, refusal) : source.problem(path, refusal);
}
