/**
 * Schemas of the host, mdevs and guests of a scenario file. They check one field at a time; what holds between fields is in host.ts.
 * No kernel counterpart.
 */
import { z } from 'zod';
import { ApMask } from '../base/ap-mask.ts';
import { parseMaskText } from '../base/mask-text.ts';
import { INSTRUCTION_FORM, INSTRUCTION_TEXT, parseInstruction } from '../guest/guest-instruction.ts';
import { codeFields } from './code-workload.ts';
import { hostWorkloadSchema, rsaMix } from './host-workload.ts';
import { fields } from './validate.ts';
import { adapterId, cardType, domainId, flag, named, oneOf, uuid, whole } from './values.ts';

const LIST_OF_DOMAINS = 'a list of domain numbers';

function range(what: string, id: typeof adapterId) {
  const error = `a range of ${what}: [FIRST, LAST], the first not above the last`;
  const pair = z.tuple([id, id], { error }).refine(([first, last]) => first <= last, { error });
  return pair.meta({ minItems: 2, maxItems: 2 });
}

const EITHER = 'either an id or a range, with a type';
const adapterEntry = fields('an adapter { id, type } or { range: [FIRST, LAST], type }', {
  id: adapterId.optional(),
  range: range('adapters', adapterId).optional(),
  type: cardType,
}).refine((entry) => (entry.id === undefined) !== (entry.range === undefined), { error: EITHER });
const adapters = z.union([z.array(adapterEntry, { error: 'a list of adapters' }), adapterEntry], {
  error: 'a list of adapters, or { range: [FIRST, LAST], type }',
});

const domainRange = fields('a range of domains { range: [FIRST, LAST] }', { range: range('domains', domainId) });
const DOMAIN_ENTRY = 'a domain number from 0 to 255, or { range: [FIRST, LAST] }';
const domains = z.array(z.union([domainId, domainRange], { error: DOMAIN_ENTRY }), { error: `${LIST_OF_DOMAINS} and ranges` });

const MASK = 'a mask as apmask and aqmask take it, in quotes, like "-5,-6" or "0xf9ff"';
const mask = z
  .string({ error: MASK })
  .refine((text) => text !== '' && typeof parseMaskText(text, ApMask.FULL) !== 'number', { error: MASK });

const SCALE = 'a factor on the service time of the cards, 0 or more';

export const hostSchema = fields('the host: a map with adapters and domains', {
  kernel: oneOf('a kernel profile, a version in quotes', ['current', '6.0', '5.15']).default('current'),
  apxa: flag.default(true).describe('Without it adapters 0 to 63 and domains 0 to 15 at most.'),
  ultravisorAiv: flag.default(false).describe('Guests keep adapter interruptions, and with them AQIC, in Secure Execution.'),
  adapters,
  domains,
  controlDomains: domains.optional().describe('The same as domains unless given.'),
  apmask: mask.optional(),
  aqmask: mask.optional(),
  workload: hostWorkloadSchema.optional().describe('Crypto users of the host itself, beside the guests.'),
  serviceScale: z.number({ error: SCALE }).min(0, { error: SCALE }).max(1e6, { error: SCALE }).default(1),
});

const domainList = z.array(domainId, { error: LIST_OF_DOMAINS });

export const mdevSchema = fields('an mdev: a map with name, adapters and domains', {
  name: named('a name for the mdev'),
  uuid: uuid.optional().describe('Derived from the name unless given.'),
  adapters: z.array(adapterId, { error: 'a list of adapter numbers' }).default([]),
  domains: domainList.default([]),
  controlDomains: domainList.default([]),
});

const rsa = fields('a map with operations, bits and forms', {
  operations: whole('the operations per vCPU', 1, 1_000_000_000),
  ...rsaMix,
});

const instruction = z
  .string({ error: INSTRUCTION_TEXT })
  .regex(INSTRUCTION_FORM, { error: INSTRUCTION_TEXT })
  .transform((text) => parseInstruction(text)!);
const instructionList = z
  .array(instruction, { error: 'a list of AP instructions' })
  .describe('Executed one after another on a vCPU of a guest that has no kernel.');

const WORKLOAD =
  'a workload: rsa, instructions (a list that each vCPU executes), cpus (a list of lists, one a vCPU), elf (a file) or program (a name)';
const KINDS = ['rsa', 'instructions', 'cpus', 'elf', 'program'] as const;
const CODE_ONLY = 'mem and maxInstructions only with elf or program';
const workload = fields(WORKLOAD, {
  rsa: rsa.optional(),
  instructions: instructionList.optional(),
  cpus: z.array(instructionList, { error: 'a list of lists of AP instructions, one a vCPU' }).optional(),
  ...codeFields,
})
  .refine((found) => KINDS.filter((kind) => found[kind] !== undefined).length === 1, { error: WORKLOAD })
  .refine(({ elf, program, mem, maxInstructions }) => (elf ?? program ?? mem ?? maxInstructions) === (elf ?? program), {
    error: CODE_ONLY,
  });

const CRYCB_ADDRESS = 'an address: a multiple of 8 from 0 to 0x7ffffff8';
const nested = fields('a nested guest: a map with format, adapters, domains and instructions', {
  format: z.literal([0, 1, 2], { error: 'a CRYCB format: 0, 1 or 2' }).default(2).describe('Of the CRYCB that the guest makes for it.'),
  adapters: z.array(adapterId, { error: 'a list of adapter numbers' }).default([]),
  domains: domainList.default([]),
  controlDomains: domainList.default([]),
  apie: flag.default(true).describe('AP instructions are interpreted for it, if they are for the guest.'),
  crycb: z
    .int({ error: CRYCB_ADDRESS })
    .min(0, { error: CRYCB_ADDRESS })
    .max(0x7ffffff8, { error: CRYCB_ADDRESS })
    .multipleOf(8, { error: CRYCB_ADDRESS })
    .nullable()
    .default(null)
    .describe('Where the CRYCB lies in the storage of the guest; null: in a page of its own.'),
  instructions: instructionList.default([]).describe('Executed by each vCPU of the nested guest when sie runs it.'),
});

const cpu = fields('the CPU model: a map with ap, apft, apqci, apqi and msa3, each true or false', {
  ap: flag.default(true).describe('AP instructions, as apie.'),
  apft: flag.default(true).describe('STFLE 15, the T bit of TAPQ. A guest without finds no cards.'),
  apqci: flag.default(true).describe('STFLE 12, QCI. A guest without finds domains 0 to 15.'),
  apqi: flag.default(true).describe('STFLE 65, AQIC. A guest without polls.'),
  msa3: flag.default(true).describe('STFLE 76. A guest without has a CRYCB of format 0.'),
});

const NAME_OF_MDEV = 'the name of an mdev';

export const guestSchema = fields('a guest: a map with name, mdev, vcpus and workload', {
  name: named('a name for the guest'),
  mdev: z.string({ error: NAME_OF_MDEV }).nullable().default(null),
  vcpus: whole('a number of vCPUs', 1, 64).default(1),
  workload: workload.nullable().default(null),
  apie: flag.default(true).describe('AP instructions are interpreted.'),
  interrupts: flag.default(true).describe('The AP driver of the guest uses AQIC.'),
  attach: flag.default(true).describe('Attached to its mdev when the run starts.'),
  cpu: cpu.optional().describe('What the guest is offered of what the host has; everything unless given.'),
  nested: nested.optional().describe('A guest of this guest, run by its sie instructions; without a workload once by each vCPU.'),
});

export type HostFields = z.output<typeof hostSchema>;
export type MdevFields = z.output<typeof mdevSchema>;
export type GuestFields = z.output<typeof guestSchema>;
export type NestedFields = z.output<typeof nested>;
export type AdapterEntry = z.output<typeof adapterEntry>;
export type DomainEntry = HostFields['domains'][number];
