/**
 * The crypto users of the host in a scenario file: their schema, the specification made of it, their text, and smaller ones.
 * No kernel counterpart.
 */
import { z } from 'zod';
import { RSA_KEY_BITS } from '../guest/rsa-key-pool.ts';
import type { HostProgram, HostSpec } from '../machine/host-spec.ts';
import type { Scenario } from './scenario.ts';
import { fewer, withoutChunks, type Smaller } from './smaller.ts';
import type { FieldValue } from './text-values.ts';
import { fields } from './validate.ts';
import { oneOf, whole } from './values.ts';

type Fields = Readonly<Record<string, FieldValue>>;

const BITS = `a modulus size that the key pool has (${RSA_KEY_BITS.join(', ')})`;
const bits = z.literal(RSA_KEY_BITS, { error: BITS });

/** What an RSA workload consists of, whoever has it. */
export const rsaMix = {
  bits: z.array(bits, { error: 'a list of modulus sizes' }).min(1, { error: 'at least one modulus size' }).default([2048]),
  forms: z
    .array(oneOf('a form of RSA request', ['mex', 'crt']), { error: 'a list of mex and crt' })
    .min(1, { error: 'at least one of mex and crt' })
    .default(['mex', 'crt']),
};

const users = {
  tasks: whole('a number of tasks', 1, 64).default(1).describe('Users at the same time.'),
  operations: whole('the operations per task', 1, 1_000_000_000),
};

/** Room for all of it in the smallest message that every card takes. */
const MOST_BYTES = 8192;
const DEFAULT_BYTES = 256;
const bytes = whole('a number of bytes', 1, MOST_BYTES).default(DEFAULT_BYTES);
const BLOCKS = `a multiple of 16 bytes from 16 to ${MOST_BYTES}`;
const blocks = z.int({ error: BLOCKS }).min(16, { error: BLOCKS }).max(MOST_BYTES, { error: BLOCKS }).multipleOf(16, { error: BLOCKS });

const KINDS = {
  rsa: fields('a map with tasks, operations, bits and forms', { ...users, ...rsaMix }).optional(),
  random: fields('a map with tasks, operations and bytes', { ...users, bytes }).optional(),
  hash: fields('a map with tasks, operations and bytes', { ...users, bytes }).optional(),
  aes: fields('a map with tasks, operations and bytes', { ...users, bytes: blocks.default(DEFAULT_BYTES) }).optional(),
};
const WORKLOAD = 'the crypto users of the host: rsa, random, hash or aes, at least one of them';
export const hostWorkloadSchema = fields(WORKLOAD, KINDS).refine((found) => Object.values(found).some((value) => value !== undefined), {
  error: WORKLOAD,
});

export type HostWorkloadFields = z.output<typeof hostWorkloadSchema>;

/** In a fixed order, whatever that of the file is. */
export function toHostPrograms({ rsa, random, hash, aes }: HostWorkloadFields): HostProgram[] {
  return [
    ...(rsa === undefined ? [] : [{ kind: 'rsa', ...rsa } as const]),
    ...(random === undefined ? [] : [{ kind: 'random', ...random } as const]),
    ...(hash === undefined ? [] : [{ kind: 'hash', ...hash } as const]),
    ...(aes === undefined ? [] : [{ kind: 'aes', ...aes } as const]),
  ];
}

export function hostWorkloadText(programs: readonly HostProgram[]): Fields {
  return Object.fromEntries(programs.map((program) => [program.kind, programText(program)]));
}

function programText(program: HostProgram): Fields {
  const { kind, tasks, operations } = program;
  const common = { ...(tasks === 1 ? {} : { tasks }), operations };
  if (kind === 'rsa') return { ...common, bits: program.bits, forms: program.forms };
  return program.bytes === DEFAULT_BYTES ? common : { ...common, bytes: program.bytes };
}

/** Without users of a kind, with fewer of them, with less to do. */
export function* fewerHostUsers(scenario: Scenario): IterableIterator<Smaller> {
  const { workload } = scenario.host;
  if (workload === undefined) return;
  for (const { left, dropped } of withoutChunks(workload)) yield version(left, `${dropped.map(({ kind }) => kind).join(', ')}`);
  for (const [i, program] of workload.entries()) {
    const { kind, tasks, operations } = program;
    const less = (smaller: HostProgram, what: string): Smaller => version(workload.with(i, smaller), `${kind}, ${what}`);
    for (const n of fewer(tasks)) yield less({ ...program, tasks: n }, `${tasks - n} of ${tasks} tasks`);
    for (const n of fewer(operations)) yield less({ ...program, operations: n }, `${operations - n} of ${operations} operations`);
  }

  function version(programs: readonly HostProgram[], what: string): Smaller {
    return { scenario: { ...scenario, host: withPrograms(scenario.host, programs) }, what: `users of the host: ${what}` };
  }
}

function withPrograms({ workload: _workload, ...host }: HostSpec, programs: readonly HostProgram[]): HostSpec {
  return programs.length === 0 ? host : { ...host, workload: programs };
}
