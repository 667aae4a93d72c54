/**
 * Reads the arguments of a command strictly: every option known, with a value where it takes one, given once. No kernel counterpart.
 */
import { parseArgs } from 'node:util';
import type { ValueKind } from './option-values.ts';
import { UsageError, wrongWord } from './usage-error.ts';

export interface OptionSpec {
  /** Without the two dashes. */
  readonly name: string;
  /** A letter that stands for it behind one dash. */
  readonly short?: string;
  /** Absent: a switch. */
  readonly value?: ValueKind<unknown>;
  /** May be given more than once. */
  readonly many?: boolean;
  readonly help: string;
}

/** What the command line said; a reader asks with the kind that the table gave the option. */
export class ParsedOptions {
  readonly positionals: readonly string[];
  /** What stands behind `--`; null: there is no `--`, or it does not matter. */
  readonly passedOn: readonly string[] | null;
  private readonly values: ReadonlyMap<string, unknown>;

  constructor(positionals: readonly string[], values: ReadonlyMap<string, unknown>, passedOn: readonly string[] | null = null) {
    this.positionals = positionals;
    this.values = values;
    this.passedOn = passedOn;
  }

  /** The same options, as if these arguments had been given with them. */
  withPositionals(positionals: readonly string[]): ParsedOptions {
    return new ParsedOptions(positionals, this.values, this.passedOn);
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  get<T>(name: string, kind: ValueKind<T>): T | undefined {
    const text = this.values.get(name);
    return typeof text === 'string' ? kind.parse(text) : undefined;
  }

  /** Of an option that may be given more than once, in the order of the command line. */
  all<T>(name: string, kind: ValueKind<T>): T[] {
    const texts = this.values.get(name) ?? [];
    return (texts as readonly string[]).map((text) => kind.parse(text)!);
  }
}

export interface Accepted {
  /** Shown in front of every complaint: `apemu run`. */
  readonly where: string;
  readonly options: readonly OptionSpec[];
  /** Names of the positional arguments, all of them optional; the last may be `NAME...`, for any number. */
  readonly positionals: readonly string[];
  /** What stands behind `--` is for somebody else, and is not looked at. Absent: those are positional arguments. */
  readonly passesOn?: string;
}

/** UsageError for anything that is not accepted. */
export function readOptions(all: readonly string[], accepted: Accepted): ParsedOptions {
  const { where, options } = accepted;
  const end = accepted.passesOn !== undefined ? all.indexOf('--') : -1;
  const args = end < 0 ? all : all.slice(0, end);
  const config = Object.fromEntries(
    options.map(({ name, short, value }) => {
      const type = value === undefined ? ('boolean' as const) : ('string' as const);
      return [name, { type, ...(short === undefined ? {} : { short }) }];
    }),
  );
  const { tokens } = parseArgs({ args: [...args], options: config, allowPositionals: true, strict: false, tokens: true });
  const values = new Map<string, unknown>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const spec = options.find(({ name }) => name === token.name);
    if (spec === undefined || !(token.rawName.startsWith('--') || token.rawName === `-${spec.short}`))
      throw unknownOption(where, options, token.rawName);
    const before = values.get(spec.name);
    if (before !== undefined && spec.many !== true) throw new UsageError(`${where}: expected --${spec.name} once, got it again`);
    const value = checkValue(where, spec, token);
    values.set(spec.name, spec.many === true ? [...((before as readonly unknown[] | undefined) ?? []), value] : value);
  }
  const extra = positionals[accepted.positionals.length];
  if (extra !== undefined && accepted.positionals.at(-1)?.endsWith('...') !== true) {
    const wanted = accepted.positionals.length === 0 ? 'no argument' : `at most ${accepted.positionals.join(' ')}`;
    throw new UsageError(`${where}: expected ${wanted}, got ${JSON.stringify(extra)} as well`);
  }
  return new ParsedOptions(positionals, values, end < 0 ? null : all.slice(end + 1));
}

function unknownOption(where: string, options: readonly OptionSpec[], word: string): UsageError {
  const known = options.map(({ name }) => `--${name}`);
  return wrongWord(where, `one of the options ${known.join(', ')}`, { word, known });
}

interface ValueToken {
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function checkValue(where: string, { name, value: kind }: OptionSpec, token: ValueToken): string | true {
  const { value } = token;
  if (kind === undefined) {
    if (value !== undefined) throw new UsageError(`${where}: --${name}: expected no value, got ${JSON.stringify(value)}`);
    return true;
  }
  // An option where the value should stand was meant as an option.
  const missing = value === undefined || (token.inlineValue !== true && /^-(?:-|[a-zA-Z])/.test(value));
  if (missing) throw new UsageError(`${where}: --${name}: expected ${kind.expected}, got ${value ?? 'nothing'}`);
  if (kind.parse(value) === undefined) throw new UsageError(`${where}: --${name}: expected ${kind.expected}, got ${JSON.stringify(value)}`);
  return value;
}
