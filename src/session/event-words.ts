/**
 * An event as it is typed on a command line: words (`write PATH VALUE`, `fault kind=mute queue=05.0004 for=2s`), or the form that a scenario
 * file has (`{ do: unbind, queue: "05.0004" }`). Words become that form, so one parser with one set of errors reads both.
 * No kernel counterpart.
 */
import type { HostSpec } from '../machine/host-spec.ts';
import { didYouMean } from '../scenario/did-you-mean.ts';
import { DO_VERBS } from '../scenario/event-schema.ts';
import { toEvent } from '../scenario/events.ts';
import { ScenarioError } from '../scenario/place.ts';
import type { EventSpec } from '../scenario/scenario.ts';
import { ScenarioSource } from '../scenario/source.ts';

/** What is wrong with what a client asked for, in one line. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
}

/** Shown as file name in errors about the form of a scenario file. */
const TYPED = '<event>';
/** Fields that may be given without their name, in this order. */
const BY_PLACE: Readonly<Record<string, readonly string[]>> = {
  attach: ['guest'],
  detach: ['guest'],
  open: ['guest', 'mdev'],
  'pv-start': ['guest'],
  'pv-stop': ['guest'],
  unmap: ['guest'],
  map: ['guest'],
  ioctl: ['guest', 'request'],
  signal: ['to'],
  unbind: ['queue'],
  bind: ['queue', 'driver'],
  checkstop: ['adapter', 'on'],
  fault: ['kind', 'queue'],
  pause: ['for'],
};
const LISTS: readonly string[] = ['plug', 'unplug', 'domains', 'controlDomains'];
/** These are no text in a scenario file, either. */
const PLAIN = /^(?:true|false|-?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+)$/;
const EXPECT = /^expect=/;

/** Reads one event for a host that is up; its task is `task` unless it names one. RequestError for what is no event. */
export function readEvent(text: string, host: HostSpec, task: string): EventSpec {
  const asTyped = /^\s*(?:\{|[A-Za-z-]+:(?:\s|$))/.test(text);
  try {
    return toEvent(new ScenarioSource(asTyped ? text : formOf(text), TYPED), host, task);
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    // The place of a word in the form that we have made of it says nothing to who typed the word.
    const { file, line, column, message } = error;
    throw new RequestError(asTyped ? message : message.slice(`${file}:${line}:${column}: `.length));
  }
}

function formOf(text: string): string {
  const [verb, ...words] = text.split(/\s+/).filter((word) => word !== '');
  if (verb === undefined) throw new RequestError('expected an event like "write PATH VALUE" or "unbind 05.0004", got nothing');
  if (verb === 'write') return writeForm(text, words);
  if (verb === 'read') return readForm(words);
  if (!DO_VERBS.some((known) => known === verb)) {
    const known = ['write', 'read', ...DO_VERBS];
    const hint = didYouMean(verb, known);
    const meant = hint === undefined ? '' : `; ${hint}`;
    throw new RequestError(`expected one of the verbs ${known.join(', ')}, got ${JSON.stringify(verb)}${meant}`);
  }
  const fields = new Map([['do', quoted(verb)]]);
  const places = [...(Object.hasOwn(BY_PLACE, verb) ? BY_PLACE[verb]! : [])];
  for (const word of words) {
    const named = /^([A-Za-z][A-Za-z-]*)=(.*)$/s.exec(word);
    const field = named?.[1] ?? places.shift();
    if (field === undefined) throw new RequestError(`${verb}: expected ${usageOf(verb)}, got ${JSON.stringify(word)} as well`);
    if (fields.has(field)) throw new RequestError(`${verb}: expected ${field} once, got it again`);
    fields.set(field, valueOf(field, named?.[2] ?? word));
  }
  return `{ ${[...fields].map(([name, value]) => `${name}: ${value}`).join(', ')} }`;
}

/** A value may have blanks: it is what stands behind the path, but for an `expect=` at the end. */
function writeForm(text: string, words: readonly string[]): string {
  const [path] = words;
  const match = /^\s*write\s+\S+\s+(.+?)(?:\s+expect=(\S+))?\s*$/s.exec(text);
  if (path === undefined || match === null || EXPECT.test(match[1]!))
    throw new RequestError(`write: expected PATH VALUE [expect=ERRNO], got ${JSON.stringify(words.join(' '))}`);
  return `{ write: [${quoted(path)}, ${quoted(match[1]!)}]${expectOf(match[2])} }`;
}

function readForm(words: readonly string[]): string {
  const [path, more, ...others] = words;
  const wrong = path === undefined || EXPECT.test(path) || others.length > 0 || (more !== undefined && !EXPECT.test(more));
  if (wrong) throw new RequestError(`read: expected PATH [expect=ERRNO], got ${JSON.stringify(words.join(' '))}`);
  return `{ read: ${quoted(path)}${expectOf(more?.replace(EXPECT, ''))} }`;
}

const expectOf = (name: string | undefined): string => (name === undefined ? '' : `, expect: ${quoted(name)}`);

function valueOf(field: string, text: string): string {
  if (field === 'on') return text === 'on' ? 'true' : text === 'off' ? 'false' : plain(text);
  return LISTS.includes(field) ? `[${text.split(',').map(itemOf).join(', ')}]` : plain(text);
}

/** An adapter that the host has not had is `7:CEX8P`. */
function itemOf(text: string): string {
  const [id = '', type] = text.split(':');
  return type === undefined ? plain(text) : `{ id: ${plain(id)}, type: ${quoted(type)} }`;
}

const plain = (text: string): string => (PLAIN.test(text) ? text : quoted(text));

/** A JSON string is one in YAML, too. */
const quoted = (text: string): string => JSON.stringify(text);

function usageOf(verb: string): string {
  const places = BY_PLACE[verb] ?? [];
  return `${places.map((field) => field.toUpperCase()).join(' ')}${places.length === 0 ? '' : ' and '}FIELD=VALUE`;
}
