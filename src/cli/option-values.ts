/**
 * The values that options take: each parser answers undefined for what it does not accept, and says what it would. No kernel counterpart.
 */
import { LOG_LEVELS, type LogLevel } from '../base/logger.ts';
import { mebibytes, STORAGE_SIZE } from '../base/storage-size.ts';

export interface ValueKind<T> {
  /** As the help writes it: N, TIME, FILE. */
  readonly label: string;
  readonly expected: string;
  parse(text: string): T | undefined;
}

const UINT32_MAX = 0xffff_ffff;
/** More than this would overflow the timers of the machine. */
const LONGEST_MS = 24 * 3_600_000;
const MS_OF_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

function whole(text: string, min: number, max: number): number | undefined {
  if (!/^[0-9]{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

export const SEED: ValueKind<number> = {
  label: 'N',
  expected: `a whole number from 0 to ${UINT32_MAX}`,
  parse: (text) => whole(text, 0, UINT32_MAX),
};

export const STEPS: ValueKind<number> = {
  label: 'N',
  expected: 'a whole number from 1 to 1000000000',
  parse: (text) => whole(text, 1, 1_000_000_000),
};

/** Milliseconds. */
export const DURATION: ValueKind<number> = {
  label: 'TIME',
  expected: 'a time above 0 like 30s, 500ms or 2m, at most 24h',
  parse: (text) => {
    const match = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)$/.exec(text);
    if (match === null) return undefined;
    const ms = Number(match[1]) * MS_OF_UNIT[match[2]!]!;
    return ms > 0 && ms <= LONGEST_MS ? ms : undefined;
  },
};

/** How much to explore: a number of schedules, or a time. */
export interface BudgetValue {
  readonly schedules?: number;
  readonly ms?: number;
}

export const BUDGET: ValueKind<BudgetValue> = {
  label: 'BUDGET',
  expected: 'a number of schedules above 0, or a time like 10s, 500ms or 2m, at most 24h',
  parse: (text) => {
    const schedules = whole(text, 1, 1_000_000_000_000);
    if (schedules !== undefined) return { schedules };
    const ms = DURATION.parse(text);
    return ms === undefined ? undefined : { ms };
  },
};

export const WORKERS: ValueKind<number> = {
  label: 'N',
  expected: 'a number of threads from 1 to 256',
  parse: (text) => whole(text, 1, 256),
};

export const CPUS: ValueKind<number> = {
  label: 'N',
  expected: 'a number of CPUs from 1 to 64',
  parse: (text) => whole(text, 1, 64),
};

export const INSTRUCTIONS: ValueKind<number> = {
  label: 'N',
  expected: 'a whole number from 1 to 1000000000000',
  parse: (text) => whole(text, 1, 1_000_000_000_000),
};

/** MiB. */
export const MEMORY: ValueKind<number> = { label: 'SIZE', expected: STORAGE_SIZE, parse: mebibytes };

export const BOUND: ValueKind<number> = {
  label: 'N',
  expected: 'a whole number from 0 to 1000',
  parse: (text) => whole(text, 0, 1000),
};

/** `Q2,Q3`; `none` is the empty list. The names are checked against the list of quirks when that is loaded. */
export const QUIRK_LIST: ValueKind<readonly string[]> = {
  label: 'LIST',
  expected: 'names of known defects with commas between them, or none',
  parse: (text) => {
    if (text === 'none') return [];
    const names = text.split(',');
    return names.includes('') ? undefined : names;
  },
};

export const LEVEL: ValueKind<LogLevel> = {
  label: 'LEVEL',
  expected: `a log level: ${LOG_LEVELS.join(', ')}`,
  parse: (text) => LOG_LEVELS.find((level) => level === text),
};

export const DIRECTORY: ValueKind<string> = {
  label: 'DIR',
  expected: 'a directory',
  parse: (text) => (text === '' ? undefined : text),
};

export const FILE: ValueKind<string> = {
  label: 'FILE',
  expected: 'a file name',
  parse: (text) => (text === '' ? undefined : text),
};

/** Checked against the list of designs when that is loaded. */
export const NAME: ValueKind<string> = {
  label: 'NAME',
  expected: 'a name',
  parse: (text) => (text === '' ? undefined : text),
};
