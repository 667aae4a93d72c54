/**
 * The part of the Cartesian configuration of Avocado-VT that test configurations of tp-libvirt use: blocks by indentation, settings with `=` and
 * `+=`, and variants. Source: "Cartesian Configuration" in the documentation of Avocado-VT.
 */
import type { Place } from '../place.ts';
import { quoted, refusal, type ForeignText, type Line } from './foreign-text.ts';

/** A piece of the value of a setting, where it stands. */
export interface Piece {
  readonly text: string;
  readonly place: Place;
}

/** A variant with the settings that it has and inherits. */
export interface Variant {
  /** Names of the blocks around it that are variants, with points. */
  readonly name: string;
  readonly place: Place;
  readonly settings: ReadonlyMap<string, readonly Piece[]>;
}

interface Row {
  readonly indent: number;
  readonly line: Line;
}

const SETTING = /^([\w.-]+)\s*(\+?=)\s*/;
const BLOCK = /^-\s*@?([\w.,@ -]+?)\s*:(.*)$/;

/** The innermost variants, in the order of the file. */
export function variantsOf(source: ForeignText): Variant[] {
  const rows = source.lines().flatMap((line): Row[] => {
    const text = line.text.trim();
    return text === '' || text.startsWith('#') ? [] : [{ indent: line.text.search(/\S/), line }];
  });
  return leaves(rows, { name: '', place: source.place(0), settings: new Map() });
}

/** Of the rows of one block; `around` is what it has from outside. */
function leaves(rows: readonly Row[], around: Variant): Variant[] {
  const settings = new Map(around.settings);
  const blocks: { row: Row; name: string; inside: Row[] }[] = [];
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    const inside = below(rows, i);
    const text = row.line.text.trim();
    const block = BLOCK.exec(text);
    if (/^variants\b.*:$/.test(text)) {
      if (blocks.length > 0)
        throw refusal(row.line.place(row.indent), [], { expected: 'one list of variants in a block', got: 'a second one' });
      blocks.push(...variantBlocks(inside));
    } else if (block !== null) blocks.push({ row, name: '', inside });
    else if (!readSetting(settings, row)) continue;
    i += block !== null || /^variants\b.*:$/.test(text) ? inside.length : 0;
  }
  const own = { ...around, settings };
  if (blocks.length === 0) return [own];
  return blocks.flatMap(({ row, name, inside }) => {
    const place = row.line.place(row.indent);
    return leaves(inside, { name: [own.name, name].filter(Boolean).join('.'), place, settings });
  });
}

/** The rows that belong to this one. */
function below(rows: readonly Row[], at: number): Row[] {
  const end = rows.findIndex((row, i) => i > at && row.indent <= rows[at]!.indent);
  return rows.slice(at + 1, end < 0 ? rows.length : end);
}

function variantBlocks(rows: readonly Row[]): { row: Row; name: string; inside: Row[] }[] {
  const first = rows[0]?.indent ?? 0;
  return rows.flatMap((row, i) => {
    if (row.indent !== first) return [];
    const block = BLOCK.exec(row.line.text.trim());
    if (block === null)
      throw refusal(row.line.place(row.indent), ['variants'], { expected: 'a variant, like "- name:"', got: quoted(row.line.text.trim()) });
    return [{ row, name: block[1]!.trim(), inside: below(rows, i) }];
  });
}

/** Filters and whatever else is no setting is not for us. */
function readSetting(settings: Map<string, readonly Piece[]>, { indent, line }: Row): boolean {
  const text = line.text.slice(indent);
  const match = SETTING.exec(text);
  if (match === null) return false;
  const raw = text.slice(match[0].length).replace(/\s+$/, '');
  const bare = /^(["'])(.*)\1$/.exec(raw);
  const piece = { text: bare?.[2] ?? raw, place: line.place(indent + match[0].length + (bare === null ? 0 : 1)) };
  const before = match[2] === '+=' ? (settings.get(match[1]!) ?? []) : [];
  settings.set(match[1]!, [...before, piece]);
  return true;
}
