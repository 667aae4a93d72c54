/**
 * A saved schedule as text that people can read and compare: a JSON header in one line, then one line a step, fields separated by tabs.
 *
 *     12    3    vcpu0.1    lock kvm->lock       the choice at position 12 was task 3
 *     -     3    vcpu0.1    release kvm->lock    nobody else could go on
 *     13    =    response   2 of 4               a data choice of the step above: the value 2 out of 4, at the site `response`
 *     end   5    admin      lock mdevs_lock      what a task that is left was about to do
 */
import type { Announced, RecordedStep, RecordedValue, Recording } from './replay-recording.ts';

const REPLAY_FORMAT = 1;

/** What a replay needs to know besides the schedule. Further fields are the caller's: scenario, design, quirks, seed, versions. */
export interface ReplayHeader {
  readonly program: string;
  readonly finding: { readonly kind: string; readonly key: string; readonly title: string };
  readonly [field: string]: unknown;
}

export interface ReplayFile {
  readonly header: ReplayHeader;
  readonly recording: Recording;
}

/** What is wrong with a replay file, and where. */
export class ReplayFileError extends Error {
  /** From 1. */
  readonly line: number;

  constructor(line: number, expected: string, got: string) {
    super(`replay file, line ${line}: expected ${expected}, got ${got}`);
    this.name = 'ReplayFileError';
    this.line = line;
  }
}

export function writeReplay({ header, recording }: ReplayFile): string {
  let position = 0;
  const lines = [JSON.stringify({ 'apemu-replay': REPLAY_FORMAT, ...header })];
  const valueLines = (values: readonly RecordedValue[]): void => {
    for (const { site, n, value } of values) lines.push([position++, '=', escapeField(site), `${value} of ${n}`].join('\t'));
  };
  valueLines(recording.before);
  for (const { forced, id, name, what, values } of recording.steps) {
    lines.push([forced ? '-' : position++, id, escapeField(name), escapeField(what)].join('\t'));
    valueLines(values);
  }
  for (const { id, name, what } of recording.pending) lines.push(['end', id, escapeField(name), escapeField(what)].join('\t'));
  return `${lines.join('\n')}\n`;
}

export function readReplay(text: string): ReplayFile {
  const [first = '', ...rest] = text.split(/\r?\n/);
  const header = readHeader(first);
  const reader = new LineReader();
  for (const [i, line] of rest.entries()) if (line.trim() !== '') reader.read(i + 2, line);
  return { header, recording: reader };
}

function readHeader(line: string): ReplayHeader {
  const expected = 'a JSON object with "apemu-replay", "program" and "finding"';
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    throw new ReplayFileError(1, expected, excerpt(line));
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new ReplayFileError(1, expected, excerpt(line));
  const { 'apemu-replay': format, ...header } = parsed as Record<string, unknown>;
  if (format !== REPLAY_FORMAT)
    throw new ReplayFileError(1, `"apemu-replay": ${REPLAY_FORMAT}`, format === undefined ? 'none' : JSON.stringify(format));
  const { program, finding } = header as { program?: unknown; finding?: Partial<Record<string, unknown>> | null };
  if (typeof program !== 'string') throw new ReplayFileError(1, 'the name of the program', JSON.stringify(program) ?? 'none');
  for (const field of ['kind', 'key', 'title'])
    if (typeof finding?.[field] !== 'string')
      throw new ReplayFileError(1, `a text as finding.${field}`, JSON.stringify(finding?.[field]) ?? 'none');
  return header as unknown as ReplayHeader;
}

/** Becomes the recording, line by line. */
class LineReader implements Recording {
  readonly before: RecordedValue[] = [];
  readonly steps: (RecordedStep & { readonly values: RecordedValue[] })[] = [];
  readonly pending: Announced[] = [];
  private position = 0;

  read(line: number, text: string): void {
    const fields = text.split('\t').map((field) => field.trim());
    if (fields.length !== 4) throw new ReplayFileError(line, 'four fields separated by tabs', `${fields.length}: ${excerpt(text)}`);
    const [at, who, name, what] = fields as [string, string, string, string];
    if (at !== 'end' && this.pending.length > 0) throw new ReplayFileError(line, 'nothing but "end" after the first "end"', excerpt(text));
    if (at !== 'end' && at !== '-' && at !== String(this.position))
      throw new ReplayFileError(line, `position ${this.position}, "-" or "end"`, `"${at}"`);
    if (who === '=') {
      if (at !== String(this.position)) throw new ReplayFileError(line, `position ${this.position} for a data choice`, `"${at}"`);
      (this.steps.at(-1)?.values ?? this.before).push({ site: unescapeField(name), ...readValue(line, what) });
      this.position++;
      return;
    }
    if (!/^-?\d+$/.test(who)) throw new ReplayFileError(line, 'the number of a task or "="', `"${who}"`);
    const announced = { id: Number(who), name: unescapeField(name), what: unescapeField(what) };
    if (at === 'end') this.pending.push(announced);
    else this.steps.push({ ...announced, forced: at === '-', values: [] });
    if (at === String(this.position)) this.position++;
  }
}

function readValue(line: number, text: string): { value: number; n: number } {
  const [, value, n] = /^(\d+) of (\d+)$/.exec(text) ?? [];
  if (value === undefined || n === undefined || Number(value) >= Number(n))
    throw new ReplayFileError(line, 'a value out of how many, such as "2 of 4"', `"${text}"`);
  return { value: Number(value), n: Number(n) };
}

const ESCAPES: readonly (readonly [string, string])[] = [
  ['\\', '\\\\'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\r', '\\r'],
];

/** Blanks at the ends would be lost with the padding that an editor may add. */
const escapeField = (text: string): string =>
  text.replaceAll(/[\\\t\n\r]/g, (found) => ESCAPES.find(([plain]) => plain === found)![1]).replaceAll(/^ | $/g, '\\s');

const unescapeField = (text: string): string =>
  text.replaceAll(/\\([\\tnrs])/g, (escape, letter: string) =>
    letter === 's' ? ' ' : ESCAPES.find(([, written]) => written === escape)![0],
  );

const excerpt = (text: string): string => (text === '' ? 'an empty line' : `"${text.length > 60 ? `${text.slice(0, 60)}...` : text}"`);
