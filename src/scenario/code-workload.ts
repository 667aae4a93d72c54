/**
 * Machine code as the workload of a guest in a scenario file: its schema, the workload made of it, and its text. An ELF file becomes part of
 * the text of its scenario, so that whoever gets that text, a thread or a replay file, runs the same program. No kernel counterpart.
 */
import { basename, dirname, resolve } from 'node:path';
import { isAlias, isScalar, parseDocument, visit } from 'yaml';
import { z } from 'zod';
import { mebibytes, STORAGE_SIZE } from '../base/storage-size.ts';
import { checkFits, ElfError, readElf } from '../guest/s390x/elf.ts';
import { ownProgram, ownPrograms } from '../guest/s390x/own-programs.ts';
import type { CodeWorkload, HostSpec } from '../machine/host-spec.ts';
import { didYouMean } from './did-you-mean.ts';
import { elfBytes } from './elf-bytes.ts';
import type { FieldPath } from './place.ts';
import type { ScenarioSource } from './source.ts';
import type { FieldValue } from './text-values.ts';
import { whole } from './values.ts';

export const DEFAULT_MEM = 64;
/** Some minutes of computing; whoever needs more says so. */
export const DEFAULT_MAX_INSTRUCTIONS = 1_000_000_000;
const MOST_INSTRUCTIONS = 1_000_000_000_000;

const ELF_TEXT = 'an ELF file for s390x, by its path from the folder of this file';
const PROGRAM_TEXT = "the name of a program of apemu's own, as apemu guest --list shows them";

/** Keys of a workload. What belongs to another is for the schema of workloads to say. */
export const codeFields = {
  elf: z
    .string({ error: ELF_TEXT })
    .min(1, { error: ELF_TEXT })
    .optional()
    .describe('A static ELF executable for s390x, from the folder of this file.'),
  program: z.string({ error: PROGRAM_TEXT }).optional().describe("A program of apemu's own: apemu guest --list shows them."),
  mem: z
    .string({ error: STORAGE_SIZE })
    .refine((text) => mebibytes(text) !== undefined, { error: STORAGE_SIZE })
    .optional()
    .describe(`Storage of a guest that runs an ELF file or a program; ${DEFAULT_MEM}M unless given.`),
  maxInstructions: whole('a number of instructions', 1, MOST_INSTRUCTIONS)
    .optional()
    .describe(`The program is ended after so many; ${DEFAULT_MAX_INSTRUCTIONS} unless given.`),
};

export interface CodeFields {
  readonly elf?: string | undefined;
  readonly program?: string | undefined;
  readonly mem?: string | undefined;
  readonly maxInstructions?: number | undefined;
}

/** ScenarioError at the field for a file that cannot be read, or that is no program for so much storage. */
export function toCodeWorkload(source: ScenarioSource, fields: CodeFields, path: FieldPath): CodeWorkload {
  const mem = mebibytes(fields.mem ?? '') ?? DEFAULT_MEM;
  const limits = { mem, maxInstructions: fields.maxInstructions ?? DEFAULT_MAX_INSTRUCTIONS };
  if (fields.program !== undefined) return { ...toOwnProgram(source, fields.program, [...path, 'program']), ...limits };
  const at: FieldPath = [...path, 'elf'];
  const { elf: file = '' } = fields;
  const { name, elf } = DATA.test(file) ? unpacked(file) : { name: basename(file), elf: readElfFile(source, file, at) };
  try {
    checkFits(readElf(elf), mem * 0x10_0000);
  } catch (error) {
    if (!(error instanceof ElfError)) throw error;
    throw source.problem(at, { expected: error.expected, got: `${error.got} (${file === name ? '' : `${name}, `}${error.where})` });
  }
  return { kind: 'code', program: name, file, elf, ...limits };
}

function toOwnProgram(source: ScenarioSource, name: string, path: FieldPath): Pick<CodeWorkload, 'kind' | 'program' | 'file' | 'elf'> {
  const names = ownPrograms().map((program) => program.name);
  const program = ownProgram(name);
  if (program === undefined) throw source.problem(path, { expected: `a program (${names.join(', ')})`, hint: didYouMean(name, names) });
  return { kind: 'code', program: name, file: null, elf: program.build() };
}

function readElfFile(source: ScenarioSource, file: string, path: FieldPath): Uint8Array {
  try {
    return elfBytes(resolve(dirname(source.file), file));
  } catch (error) {
    throw source.problem(path, { expected: 'a readable ELF file', got: `${file}: ${(error as Error).message}` });
  }
}

/** A file inside of a text: its name and its bytes (RFC 2397). */
const DATA = /^data:application\/x-elf;name=([^;,]*);base64,([A-Za-z0-9+/]*={0,2})$/;

/** A name that is no percent-encoding stays as it is. */
function unpacked(text: string): { readonly name: string; readonly elf: Uint8Array } {
  const [, name = '', base64 = ''] = DATA.exec(text) ?? [];
  return { name: decoded(name), elf: Buffer.from(base64, 'base64') };
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return name;
  }
}

const packed = ({ program, elf }: CodeWorkload): string =>
  `data:application/x-elf;name=${encodeURIComponent(program)};base64,${Buffer.from(elf).toString('base64')}`;

/** As a scenario file has it. */
export function codeWorkloadText(workload: CodeWorkload): Readonly<Record<string, FieldValue>> {
  const { file, program, mem, maxInstructions } = workload;
  return {
    ...(file === null ? { program } : { elf: packed(workload) }),
    ...(mem === DEFAULT_MEM ? {} : { mem: `${mem}M` }),
    ...(maxInstructions === DEFAULT_MAX_INSTRUCTIONS ? {} : { maxInstructions }),
  };
}

/** The text with the ELF files in the place of their names; the lines stay where they are. */
export function withFilesInside(text: string, { guests }: HostSpec): string {
  const files = new Map<unknown, string>();
  for (const { workload } of guests)
    if (workload?.kind === 'code' && workload.file !== null && !DATA.test(workload.file)) files.set(workload.file, packed(workload));
  if (files.size === 0) return text;
  const document = parseDocument(text, { version: '1.2', prettyErrors: false, uniqueKeys: false });
  const places: { readonly from: number; readonly to: number; readonly data: string }[] = [];
  visit(document, {
    Pair(_key, { key, value }) {
      if (!isScalar(key) || key.value !== 'elf') return;
      const scalar = isAlias(value) ? value.resolve(document) : value;
      const data = isScalar(scalar) ? files.get(scalar.value) : undefined;
      const range = (value as { range?: readonly [number, number, number] | null } | null)?.range;
      if (data !== undefined && range) places.push({ from: range[0], to: range[1], data });
    },
  });
  // From the end on, so that the places in front of it stay true.
  return places
    .toSorted((a, b) => b.from - a.from)
    .reduce((result, { from, to, data }) => `${result.slice(0, from)}${JSON.stringify(data)}${result.slice(to)}`, text);
}
