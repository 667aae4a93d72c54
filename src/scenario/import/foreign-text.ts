/**
 * A text that another program wrote, with the place of everything in it: importers read lines and offsets, errors name line and column.
 * No kernel counterpart.
 */
import { ScenarioError, type FieldPath, type Place, type Refusal } from '../place.ts';

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without what ends it. */
  readonly text: string;
  place(index?: number): Place;
}

export class ForeignText {
  readonly file: string;
  readonly text: string;
  private starts: readonly number[] | null = null;

  constructor(file: string, text: string) {
    this.file = file;
    // A byte order mark is no part of the first line.
    this.text = text.startsWith('\uFEFF') ? text.slice(1) : text;
  }

  /** Of the character at this offset. */
  place(offset: number): Place {
    const starts = (this.starts ??= startsOf(this.text));
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { file: this.file, line: low + 1, column: offset - starts[low]! + 1 };
  }

  lines(): Line[] {
    const { file } = this;
    return this.text.split('\n').map((raw, i) => ({
      number: i + 1,
      text: raw.replace(/\r$/, ''),
      place: (index = 0) => ({ file, line: i + 1, column: index + 1 }),
    }));
  }
}

function startsOf(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

export const refusal = (place: Place, path: FieldPath, what: Refusal): ScenarioError => new ScenarioError(place, path, what);

/** `FILE:LINE:COLUMN`, for the second place of a conflict and for comments. */
export const placeText = ({ file, line, column }: Place): string => `${file}:${line}:${column}`;

/** As an error quotes a word of the file. */
export function quoted(word: string): string {
  return JSON.stringify(word.length > 60 ? `${word.slice(0, 57)}...` : word);
}

/** Words between blanks, each with its index in the line. */
export function wordsOf(text: string): { readonly word: string; readonly index: number }[] {
  return [...text.matchAll(/\S+/g)].map((match) => ({ word: match[0], index: match.index }));
}
