/**
 * Calls of chzdev for the type ap, its export files, and the udev rule that it writes for the masks. Source: chzdev(8) and `chzdev -t ap
 * --help-attribute`: a list of numbers and ranges is the whole mask, with a sign in front of each it changes the mask.
 */
import { ApMask } from '../../base/ap-mask.ts';
import { parseHexMask } from '../../base/mask-text.ts';
import type { Draft, MaskName } from './draft.ts';
import { quoted, refusal, wordsOf, type Line } from './foreign-text.ts';
import { idOf } from './ids.ts';
import type { Importer } from './importer.ts';

const ASSIGNMENT = /^(\w+)=(.*)$/;
const RULE = /ATTR\{[^}]*\/(apmask|aqmask)\}\s*=\s*"([^"]*)"/g;
const SECTION = /^\s*\[\s*(\S+)\s+(\S+)\s*\]\s*$/;

export const CHZDEV: Importer = {
  name: 'chzdev',
  recognizes: (text) => /\b(?:apmask|aqmask)\}?\s*=/.test(text) && !/^\s*[{<]/.test(text) && !/^host\s*:/m.test(text),
  read(source, draft) {
    let type = 'ap';
    let found = false;
    const rules = source.text.includes('ATTR{');
    for (const line of source.lines()) {
      const section = SECTION.exec(line.text);
      if (section !== null) type = section[2]!;
      else if (/^\s*(?:#|$)/.test(line.text)) continue;
      else if (rules) found = readRule(draft, line) || found;
      else if (type === 'ap') found = readCall(draft, line) || found;
      else throw refusal(line.place(), [], { expected: 'settings of the type ap', got: quoted(type) });
    }
    if (!found) throw refusal(source.place(0), [], { expected: 'apmask=... or aqmask=...', got: 'neither' });
  },
};

function readRule(draft: Draft, line: Line): boolean {
  const found = [...line.text.matchAll(RULE)];
  for (const match of found) setMask(draft, match[1] as MaskName, { text: match[2]!, line, index: match.index });
  return found.length > 0;
}

/** Options that have a value of their own. */
const WITH_VALUE: ReadonlySet<string> = new Set(['-t', '--type', '-l', '--base']);

/** The prompt, sudo and the name of the program may be there or not. */
function readCall(draft: Draft, line: Line): boolean {
  let found = false;
  const words = wordsOf(line.text);
  const start = words.findIndex(({ word }) => /(?:^|\/)chzdev$/.test(word));
  for (let i = start + 1; i < words.length; i++) {
    const { word, index } = words[i]!;
    const value = words[i + 1];
    if (word === '-t' || word === '--type') checkType(line, value?.word ?? '', value?.index ?? index);
    const inline = /^--type=(.*)$/.exec(word);
    if (inline !== null) checkType(line, inline[1]!, index);
    if (WITH_VALUE.has(word)) i++;
    else if (!word.startsWith('-')) found = readSetting(draft, line, { word, index }) || found;
  }
  return found;
}

function checkType(line: Line, type: string, index: number): void {
  if (type !== 'ap') throw refusal(line.place(index), [], { expected: 'the type ap', got: quoted(type) });
}

function readSetting(draft: Draft, line: Line, found: { word: string; index: number }): boolean {
  const bare = /^(["'])(.*)\1$/.exec(found.word)?.[2];
  const { word, index } = bare === undefined ? found : { word: bare, index: found.index + 1 };
  const match = ASSIGNMENT.exec(word);
  // `chzdev ap ...` names the type as if it were a device.
  if (match === null && word === 'ap') return false;
  if (match === null || (match[1] !== 'apmask' && match[1] !== 'aqmask'))
    throw refusal(line.place(index), [], { expected: 'apmask=... or aqmask=...', got: quoted(word) });
  const name = match[1];
  setMask(draft, name, { text: match[2]!.replace(/^(["'])(.*)\1$/, '$2'), line, index: index + name.length + 1 });
  return true;
}

interface MaskWord {
  readonly text: string;
  readonly line: Line;
  readonly index: number;
}

function setMask(draft: Draft, name: MaskName, word: MaskWord): void {
  const place = word.line.place(word.index);
  const known = draft.masks[name];
  if (/^0x[0-9a-fA-F]{64}$/.test(word.text)) return draft.setMask(name, parseHexMask(word.text) as ApMask, place);
  const relative = /^[+-]/.test(word.text);
  // What one file changes is what another has set.
  const mask = changed(name, word, relative ? (known?.value ?? ApMask.FULL) : ApMask.EMPTY);
  if (relative) draft.masks[name] = { value: mask, place };
  else draft.setMask(name, mask, place);
}

const TERM = /^([+-]?)([^+-]+)(?:-(.+))?$/;

function changed(name: MaskName, { text, line, index }: MaskWord, from: ApMask): ApMask {
  const relative = /^[+-]/.test(text);
  let mask = from;
  let at = index;
  for (const term of text.split(',')) {
    const place = line.place(at);
    const match = TERM.exec(term);
    if (match === null || (match[1] !== '') !== relative) {
      const expected = relative ? 'numbers and ranges with a sign each, like -5,+8-10' : 'numbers and ranges without a sign, like 0-4,8';
      throw refusal(place, [name], { expected, got: quoted(term) });
    }
    const id = (word: string): number =>
      idOf(word, { what: name === 'apmask' ? 'an adapter number' : 'a domain number', place, path: [name] });
    const first = id(match[2]!);
    const last = match[3] === undefined ? first : id(match[3]);
    if (last < first) throw refusal(place, [name], { expected: 'a range, the first not above the last', got: quoted(term) });
    for (let bit = first; bit <= last; bit++) mask = match[1] === '-' ? mask.without(bit) : mask.with(bit);
    at += term.length + 1;
  }
  return mask;
}
