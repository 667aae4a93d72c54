/**
 * A schedule as one word for a log: `apemu1.` and base64url of what a replay needs. Of the scenario it holds the name and a hash of the text,
 * so it replays as long as neither that nor the code changes; what has to survive changes is saved as a file (`replay-file.ts`).
 *
 * Bytes: fields of the header (count; each name and value with its length), numbers of the run, choices in runs of equal ones, and a check
 * sum of four bytes. Numbers are varints.
 */
import { textHash } from './text-hash.ts';

const PREFIX = 'apemu1.';

export interface ReplayToken {
  /** The caller's fields: name of the scenario, hash of its text, design, quirks. */
  readonly header: Readonly<Record<string, string>>;
  readonly seed: number;
  readonly maxSteps: number;
  readonly releaseSteps: 'declared' | 'all';
  readonly choices: readonly number[];
}

export class TokenError extends Error {
  constructor(message: string) {
    super(`replay token: ${message}`);
    this.name = new.target.name;
  }
}
/** Written by another version of the format. */
export class TokenVersionError extends TokenError {}
/** Cut off, or changed on its way. */
export class TokenDamagedError extends TokenError {}
/** The scenario, with the files that became part of it, has another text than when the token was made. */
export class TokenStaleError extends TokenError {}

/** Eight hex digits; a token that carries the hash of a text can say when that has changed. */
export const scenarioHash = (text: string): string => hash32(text).toString(16).padStart(8, '0');

const hash32 = (text: string): number => textHash(text) >>> 0;

/** Throws when `text` is not the one that had this hash when the token was made. */
export function checkScenario(name: string, hash: string, text: string): void {
  const now = scenarioHash(text);
  if (now !== hash)
    throw new TokenStaleError(
      `the text of ${name}, or a file that it names, has changed since the token was made: expected hash ${hash}, got ${now}`,
    );
}

export function encodeToken({ header, seed, maxSteps, releaseSteps, choices }: ReplayToken): string {
  const bytes: number[] = [];
  const fields = Object.entries(header);
  pushNumber(bytes, fields.length);
  for (const field of fields) for (const text of field) pushText(bytes, text);
  for (const number of [zigzag(seed), maxSteps, releaseSteps === 'all' ? 1 : 0]) pushNumber(bytes, number);
  pushChoices(bytes, choices);
  const sum = checksum(bytes);
  for (let shift = 0; shift < 32; shift += 8) bytes.push((sum >>> shift) & 0xff);
  return PREFIX + Buffer.from(bytes).toString('base64url');
}

export function decodeToken(token: string): ReplayToken {
  const text = token.trim();
  const [, version] = /^apemu(\d+)\./.exec(text) ?? [];
  if (version === undefined) throw new TokenDamagedError(`expected it to begin with ${PREFIX}, got '${text.slice(0, PREFIX.length)}'`);
  if (!text.startsWith(PREFIX)) throw new TokenVersionError(`expected version 1, got version ${version}`);
  const body = text.slice(PREFIX.length);
  if (!/^[\w-]*$/.test(body)) throw new TokenDamagedError('expected letters, digits, - and _ only');
  const bytes = Buffer.from(body, 'base64url');
  // The last letter has bits that no byte takes: they must be as they were written.
  if (bytes.toString('base64url') !== body) throw new TokenDamagedError('its end is not one that was written');
  if (bytes.length < 4) throw new TokenDamagedError(`expected at least 4 bytes, got ${bytes.length}`);
  const content = bytes.subarray(0, -4);
  if (checksum(content) !== bytes.readUInt32LE(bytes.length - 4))
    throw new TokenDamagedError('the check sum is wrong: cut off, or changed on its way');
  const reader = new Reader(content);
  const header = Object.fromEntries(Array.from({ length: reader.number() }, () => [reader.text(), reader.text()]));
  const [seed, maxSteps, flags] = [unzigzag(reader.number()), reader.number(), reader.number()];
  const choices = reader.choices();
  reader.mustBeAtEnd();
  return { header, seed, maxSteps, releaseSteps: (flags & 1) === 1 ? 'all' : 'declared', choices };
}

/** Small numbers of either sign as small numbers; not by shifts, which know 32 bits only. */
const zigzag = (n: number): number => (n < 0 ? -2 * n - 1 : 2 * n);
const unzigzag = (n: number): number => (n % 2 === 1 ? -(n + 1) / 2 : n / 2);

function pushNumber(bytes: number[], number: number): void {
  if (!Number.isSafeInteger(number) || number < 0) throw new RangeError(`token: expected a whole number, got ${number}`);
  let rest = number;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
}

function pushText(bytes: number[], text: string): void {
  const encoded = Buffer.from(text, 'utf8');
  pushNumber(bytes, encoded.length);
  bytes.push(...encoded);
}

/** Per run of equal choices: the choice, and how often it comes again if it does. */
function pushChoices(bytes: number[], choices: readonly number[]): void {
  pushNumber(bytes, choices.length);
  for (let at = 0; at < choices.length;) {
    const choice = choices[at]!;
    let times = 1;
    while (choices[at + times] === choice) times++;
    pushNumber(bytes, zigzag(choice) * 2 + (times > 1 ? 1 : 0));
    if (times > 1) pushNumber(bytes, times - 2);
    at += times;
  }
}

class Reader {
  private readonly bytes: Uint8Array;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  number(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.bytes[this.at++];
      if (byte === undefined || value > Number.MAX_SAFE_INTEGER) throw new TokenDamagedError('a number has no end');
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  text(): string {
    const length = this.number();
    if (this.at + length > this.bytes.length) throw new TokenDamagedError('a text has no end');
    this.at += length;
    return Buffer.from(this.bytes.subarray(this.at - length, this.at)).toString('utf8');
  }

  choices(): number[] {
    const length = this.number();
    const choices: number[] = [];
    while (choices.length < length) {
      const coded = this.number();
      const times = coded % 2 === 1 ? this.number() + 2 : 1;
      if (choices.length + times > length) throw new TokenDamagedError(`expected ${length} choices, got more`);
      const choice = unzigzag(Math.floor(coded / 2));
      for (let i = 0; i < times; i++) choices.push(choice);
    }
    return choices;
  }

  mustBeAtEnd(): void {
    if (this.at !== this.bytes.length) throw new TokenDamagedError(`${this.bytes.length - this.at} bytes too many`);
  }
}

const checksum = (bytes: Iterable<number>): number => {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
};
