/**
 * Reads the tables of docs/coverage.md and looks up what they name: files, tests, constants. Every check answers its problems as lines, so that
 * a made-up document can show that it finds some.
 */
import { readSource, type SourceText } from './source-text.ts';
import type { Tree } from './tree.ts';

export interface Row {
  /** Headings above the table, `Attributes` or `Attributes / /sys/bus/ap`. */
  readonly section: string;
  readonly line: number;
  /** By the heading of the column; backticks are as written. */
  readonly cells: Readonly<Record<string, string>>;
}

/** What a cell of "pinned by" names. */
export type Reference = { readonly id: string } | { readonly file: string; readonly title: string } | { readonly unclear: string };

const cellsOf = (line: string): string[] =>
  line
    .trim()
    .replace(/^\||\|$/g, '')
    .split('|')
    .map((cell) => cell.trim());

/** Rows of all tables of a document. */
export function rowsOf(text: string): Row[] {
  const rows: Row[] = [];
  let headings: string[] = [];
  let columns: string[] | null = null;
  for (const [at, line] of text.split('\n').entries()) {
    const heading = /^(#{2,3}) (.*)$/.exec(line);
    if (heading !== null) headings = [...headings.slice(0, heading[1]!.length - 2), heading[2]!.replaceAll('`', '')];
    if (!line.startsWith('|')) columns = null;
    else if (columns === null) columns = cellsOf(line);
    else if (!/^\|[-|]+$/.test(line)) {
      const cells = cellsOf(line);
      rows.push({
        section: headings.join(' / '),
        line: at + 1,
        cells: Object.fromEntries(columns.map((column, i) => [column, cells[i] ?? ''])),
      });
    }
  }
  return rows;
}

/** Paths of src in a cell. */
export const sourcesIn = (cell: string): string[] => [...cell.matchAll(/`(src\/[^`]+)`/g)].map((match) => match[1]!);

/** The name in the first column, without backticks. */
export const nameOf = ({ cells }: Row, column: string): string => (cells[column] ?? '').replaceAll('`', '');

export function referencesIn(cell: string): Reference[] {
  return cell.split('<br>').flatMap((part): Reference[] => {
    const named = /^`(test\/[^`]+)`: (.+)$/.exec(part);
    if (named !== null) return [{ file: named[1]!, title: named[2]! }];
    return part.split(', ').map((id) => (/^(?:vfio|bus)-[A-Z]+\d+$/.test(id) ? { id } : { unclear: id }));
  });
}

/** Test files with their code and comments told apart, each read once. */
export class TestFiles {
  private readonly tree: Tree;
  private readonly read = new Map<string, SourceText>();

  constructor(tree: Tree) {
    this.tree = tree;
  }

  has(file: string): boolean {
    return this.tree.has(file);
  }

  source(file: string): SourceText {
    let source = this.read.get(file);
    if (source === undefined) this.read.set(file, (source = readSource(this.tree.get(file) ?? '')));
    return source;
  }

  /** Is this the whole of a text in the file, between quotes? */
  hasTitle(file: string, title: string): boolean {
    const source = this.source(file);
    const written = [title, title.replaceAll("'", "\\'")];
    return written.some((words) => placesOf(source, words).some((at) => isQuote(source, at - 1) && isQuote(source, at + words.length)));
  }

  /** Files of tests in one of whose texts the id is. */
  withId(id: string): string[] {
    return [...this.tree.keys()].filter((file) => file.endsWith('.test.ts') && this.mentions(file, id));
  }

  private mentions(file: string, id: string): boolean {
    if (!this.tree.get(file)!.includes(id)) return false;
    const source = this.source(file);
    return placesOf(source, id).some((at) => !/[\w-]/.test(source.text.charAt(at - 1)) && !/\w/.test(source.text.charAt(at + id.length)));
  }
}

const isQuote = ({ code }: SourceText, at: number): boolean => /['"`]/.test(code.charAt(at));

/** Where these words are in a text between quotes: neither in the code nor in a comment. */
function placesOf({ text, code, comments }: SourceText, words: string): number[] {
  const places: number[] = [];
  for (let at = text.indexOf(words); at >= 0; at = text.indexOf(words, at + 1)) {
    const end = at + words.length;
    if (code.slice(at, end).trim() === '' && comments.slice(at, end).trim() === '') places.push(at);
  }
  return places;
}

/** Every row that has tests names tests that exist, and every file of src that is named exists. */
export function checkReferences(rows: readonly Row[], sources: Tree, tests: TestFiles): string[] {
  const problems: string[] = [];
  for (const { line, cells } of rows) {
    const found = (what: string): void => void problems.push(`docs/coverage.md:${line}: ${what}`);
    for (const cell of Object.values(cells)) for (const file of sourcesIn(cell)) if (!sources.has(file)) found(`there is no ${file}`);
    const pinned = cells['pinned by'];
    if (pinned === undefined) continue;
    for (const reference of referencesIn(pinned)) {
      if ('unclear' in reference) found(`expected the id of a case or a file with the name of a test, got '${reference.unclear}'`);
      else if ('id' in reference) {
        if (tests.withId(reference.id).length === 0) found(`no test has ${reference.id} in its name`);
      } else if (!tests.has(reference.file)) found(`there is no ${reference.file}`);
      else if (!tests.hasTitle(reference.file, reference.title)) found(`${reference.file} has no test '${reference.title}'`);
    }
  }
  return problems;
}

/** What is in one list and not in the other, in words. */
export function differences(listed: Iterable<string>, present: Iterable<string>): string[] {
  const [inTable, there] = [new Set(listed), new Set(present)];
  return [
    ...[...there].filter((name) => !inTable.has(name)).map((name) => `${name} is there, and in no table`),
    ...[...inTable].filter((name) => !there.has(name)).map((name) => `${name} is in a table, and not there`),
  ];
}

/** Names of the methods of an interface, as `ApDriver.probe`. */
export function methodsOf(text: string, name: string): string[] {
  const { code } = readSource(text);
  const start = code.search(new RegExp(`\\binterface ${name}\\b`));
  if (start < 0) throw new Error(`expected an interface ${name}`);
  const open = code.indexOf('{', start);
  const methods: string[] = [];
  for (let at = open + 1, depth = 1; depth > 0; at++) {
    const char = code.charAt(at);
    if (char === '') throw new Error(`the interface ${name} has no end`);
    const method = depth === 1 ? /^(\w+)\??\(/.exec(code.slice(at)) : null;
    if (method !== null && !/[\w.]/.test(code.charAt(at - 1))) methods.push(`${name}.${method[1]!}`);
    if ('{(['.includes(char)) depth++;
    else if ('})]'.includes(char)) depth--;
  }
  return methods;
}

/** Is the word in the code of the file, outside of comments and texts? */
export const usesWord = (source: SourceText, word: string): boolean => new RegExp(`\\b${word}\\b`).test(source.code);
