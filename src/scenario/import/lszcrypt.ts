/**
 * What lszcrypt prints, with and without -V, in the columns of its versions. Source: lszcrypt(8); its header line names the columns, and only
 * the status of a queue of vfio_ap may have a blank in it.
 */
import type { CardMode } from '../../crypto-adapters/card-type.ts';
import { apqnOf, apqnText, cardText } from '../../base/apqn.ts';
import type { Place, ScenarioError } from '../place.ts';
import type { Draft } from './draft.ts';
import { quoted, refusal, wordsOf, type Line } from './foreign-text.ts';
import { ADAPTER, DOMAIN, hexIdOf } from './ids.ts';
import type { Importer } from './importer.ts';

const HEADER = /^\s*CARD\.DOM(?:AIN)?\s+TYPE\s+MODE\b/;

export const LSZCRYPT: Importer = {
  name: 'lszcrypt',
  recognizes: (text) => /^\s*CARD\.DOM/m.test(text),
  read(source, draft) {
    let columns: readonly string[] | null = null;
    const cards = new Map<number, string>();
    for (const line of source.lines()) {
      if (HEADER.test(line.text)) columns = wordsOf(line.text).map(({ word }) => word);
      // In front of the header there is what was called.
      else if (columns !== null && !/^(?:\s*|-+|Warning:.*|.*[$#]\s*)$/.test(line.text)) addRow(draft, cards, new Row(columns, line));
    }
    draft.known.adapters = true;
    if (columns === null) throw refusal(source.place(0), [], { expected: 'the header CARD.DOMAIN TYPE MODE', got: 'none' });
  },
};

const MODES: Readonly<Record<string, CardMode>> = { 'CCA-Coproc': 'C', Accelerator: 'A', 'EP11-Coproc': 'P' };
const FIRST = /^([0-9a-fA-F]{2})(?:\.([0-9a-fA-F]{4}))?$/;
const TYPE = /^CEX([2-8])([ACP])$/;
const NO_DRIVER = '-no-driver-';

interface Cell {
  readonly word: string;
  readonly index: number;
}

class Row {
  readonly line: Line;
  /** By the names of the columns; `CARD.DOMAIN` and `CARD.DOM` are one. */
  private readonly cells: ReadonlyMap<string, Cell>;

  constructor(columns: readonly string[], line: Line) {
    this.line = line;
    const words = wordsOf(line.text.replace(/\bin use\b/, 'in_use')).map(({ word, index }) => ({
      word: word.replace('in_use', 'in use'),
      index,
    }));
    if (words.length < 3 || words.length > columns.length)
      throw refusal(line.place(), [], { expected: `a row of ${columns.join(', ')}`, got: quoted(line.text.trim()) });
    this.cells = new Map(words.map((cell, i) => [i === 0 ? 'CARD.DOM' : columns[i]!, cell]));
  }

  get(column: string): string | undefined {
    return this.cells.get(column)?.word;
  }

  place(column: string): Place {
    return this.line.place(this.cells.get(column)?.index ?? 0);
  }

  problem(column: string, expected: string): ScenarioError {
    return refusal(this.place(column), [column], { expected, got: quoted(this.get(column) ?? '') });
  }
}

/** `cards`: the status of each card so far, by number. */
function addRow(draft: Draft, cards: Map<number, string>, row: Row): void {
  const place = row.place('CARD.DOM');
  const device = FIRST.exec(row.get('CARD.DOM')!);
  if (device === null) throw row.problem('CARD.DOM', 'a card like 05 or a queue like 05.0004');
  const adapter = hexIdOf(device[1]!, { what: ADAPTER, place, path: ['CARD.DOM'] });
  draft.listAdapter(adapter, place, cardOf(row));
  if (device[2] === undefined) {
    cards.set(adapter, row.get('STATUS') ?? 'online');
    return addCardState(draft, row, adapter);
  }
  const domain = hexIdOf(device[2], { what: DOMAIN, place, path: ['CARD.DOM'] });
  draft.listDomain(domain, place);
  addQueueState(draft, row, { adapter, domain, card: cards.get(adapter) ?? 'online' });
}

/** A card that its driver has left has a type only as a number. */
function cardOf(row: Row): { generation?: number; mode?: CardMode } {
  const match = TYPE.exec(row.get('TYPE')!);
  if (match === null && row.get('TYPE') !== '-') throw row.problem('TYPE', 'a card type from CEX2 to CEX8 with its mode, like CEX8C');
  const mode = MODES[row.get('MODE')!];
  if (mode === undefined) throw row.problem('MODE', `a mode: ${Object.keys(MODES).join(', ')}`);
  if (match !== null && match[2] !== mode) throw row.problem('MODE', `the mode of ${row.get('TYPE')}`);
  if (match !== null) return { mode, generation: Number(match[1]) };
  const generation = Number(row.get('HWTYPE') ?? Number.NaN) - FIRST_HWTYPE;
  return generation >= 4 && generation <= 8 ? { mode, generation } : { mode };
}

/** CEX4 has the number 10. */
const FIRST_HWTYPE = 6;

const DEVICES = '/sys/devices/ap';
const cardPath = (adapter: number): string => `${DEVICES}/${cardText(adapter)}`;

/** A scenario begins with everything switched on: what is not is switched off by its first events. */
function addCardState(draft: Draft, row: Row, adapter: number): void {
  const place = row.place('STATUS');
  switch (row.get('STATUS')) {
    case undefined:
    case 'online':
    case '-':
      break;
    case 'offline':
      draft.addEvent({ kind: 'write', path: `${cardPath(adapter)}/online`, value: '0' }, place);
      break;
    case 'deconfig':
      draft.addEvent({ kind: 'write', path: `${cardPath(adapter)}/config`, value: '0' }, place);
      draft.addEvent({ kind: 'write', path: '/sys/bus/ap/scans', value: '1' }, place);
      break;
    case 'chkstop':
      draft.addEvent({ kind: 'checkstop', adapter, on: true }, place);
      break;
    default:
      throw row.problem('STATUS', 'the status of a card: online, offline, deconfig, chkstop or -');
  }
  if (row.get('DRIVER') !== NO_DRIVER) return;
  draft.addEvent({ kind: 'write', path: '/sys/bus/ap/drivers/cex4card/unbind', value: cardText(adapter) }, row.place('DRIVER'));
}

function addQueueState(draft: Draft, row: Row, { adapter, domain, card }: { adapter: number; domain: number; card: string }): void {
  const place = row.place('CARD.DOM');
  const queue = apqnText(apqnOf(adapter, domain));
  const driver = row.get('DRIVER');
  if (driver === NO_DRIVER) draft.addEvent({ kind: 'unbind', queue }, row.place('DRIVER'));
  else if (driver !== undefined) draft.addQueue({ adapter, domain, host: driver !== 'vfio_ap', place });
  const status = row.get('STATUS') ?? 'online';
  if (/^(?:online|assigned|unassigned|in use|-)$/.test(status) || status === card) return;
  if (status !== 'offline')
    throw row.problem('STATUS', `the status of its card (${card}), or one of a queue alone: online, offline or that of vfio_ap`);
  draft.addEvent({ kind: 'write', path: `${cardPath(adapter)}/${queue}/online`, value: '0' }, row.place('STATUS'));
}
