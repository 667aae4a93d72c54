/**
 * Reads lock programs from parsed JSON. A program that is wrong becomes an error of its own, so the others of a list are still judged.
 */
import { OPS, SUBCLASSES, type LockOp, type LockProgram } from './lock-program.ts';
import { findMisuse } from './misuse.ts';
import type { ProgramError } from './verdict.ts';

export interface ParsedProgram {
  readonly name: string;
  readonly program: LockProgram | null;
  readonly error: ProgramError | null;
}

const OP_KEYS = ['task', 'op', 'lock', 'cls', 'subclass', 'nestLock'];
const PROGRAM_KEYS = ['name', 'ops'];

/** Anything but a known key passes as a remark; a known one in another spelling would be ignored without a word, so it is refused. */
const SPELLINGS = new Map(
  [...OP_KEYS, ...PROGRAM_KEYS]
    .map((key): [string, string] => [key.toLowerCase(), key])
    .concat([
      ['class', 'cls'],
      ['instance', 'lock'],
      ['nest', 'nestLock'],
    ]),
);

/** One object or a list of them. */
export function parsePrograms(json: unknown): ParsedProgram[] {
  return Array.isArray(json) ? json.map((item, i) => parseProgram(item, i)) : [parseProgram(json, 0)];
}

class Refusal extends Error {
  readonly op: number | null;

  constructor(op: number | null, expected: string, got: unknown) {
    super(`expected ${expected}, got ${show(got)}`);
    this.op = op;
  }
}

function parseProgram(json: unknown, index: number): ParsedProgram {
  const name = isRecord(json) && typeof json['name'] === 'string' && json['name'] !== '' ? json['name'] : `#${index}`;
  const failed = ({ op, message }: ProgramError): ParsedProgram => {
    const place = `program ${JSON.stringify(name)}${op === null ? '' : `, op ${op}`}`;
    return { name, program: null, error: { op, message: `${place}: ${message}` } };
  };
  try {
    const program = { name, ops: readOps(json) };
    const misuse = findMisuse(program);
    return misuse === null ? { name, program, error: null } : failed(misuse);
  } catch (error) {
    if (error instanceof Refusal) return failed(error);
    throw error;
  }
}

function readOps(json: unknown): LockOp[] {
  if (!isRecord(json)) throw new Refusal(null, 'a lock program {name, ops}', json);
  refuseSpellings(json, PROGRAM_KEYS, null);
  const { name, ops } = json;
  if (typeof name !== 'string' || name === '') throw new Refusal(null, 'name: a text', name);
  if (!Array.isArray(ops)) throw new Refusal(null, 'ops: a list of operations', ops);
  return ops.map((op: unknown, i) => readOp(op, i));
}

function readOp(json: unknown, i: number): LockOp {
  if (!isRecord(json)) throw new Refusal(i, 'an operation {task, op, lock, cls}', json);
  refuseSpellings(json, OP_KEYS, i);
  const { op, task, subclass } = json;
  const meaning = typeof op === 'string' && Object.hasOwn(OPS, op) ? OPS[op] : undefined;
  if (typeof op !== 'string' || meaning === undefined) throw new Refusal(i, `op: one of ${Object.keys(OPS).join(', ')}`, op);
  if (!isWhole(task)) throw new Refusal(i, 'task: a whole number from 0', task);
  const { action, mode } = meaning;
  if (action === 'exit') return { op, task, action, mode, lock: '', cls: '', subclass: 0, nestLock: null };
  const level = subclass ?? 0;
  if (!isWhole(level) || level >= SUBCLASSES) throw new Refusal(i, `subclass: a whole number from 0 to ${SUBCLASSES - 1}`, level);
  const nestLock = (json['nestLock'] ?? null) === null ? null : text(json, 'nestLock', i);
  return { op, task, action, mode, lock: text(json, 'lock', i), cls: text(json, 'cls', i), subclass: level, nestLock };
}

function text(json: Readonly<Record<string, unknown>>, key: string, i: number): string {
  const value = json[key];
  if (typeof value !== 'string' || value === '') throw new Refusal(i, `${key}: a name`, value);
  return value;
}

function refuseSpellings(json: Readonly<Record<string, unknown>>, known: readonly string[], op: number | null): void {
  for (const key of Object.keys(json)) {
    if (known.includes(key)) continue;
    const meant = SPELLINGS.get(key.toLowerCase().replaceAll(/[-_]/g, ''));
    if (meant !== undefined && known.includes(meant)) throw new Refusal(op, `the key ${meant}`, key);
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isWhole = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const shown = JSON.stringify(value);
  return shown.length > 60 ? `${shown.slice(0, 57)}...` : shown;
}
