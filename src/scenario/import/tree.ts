/**
 * JSON and YAML of other programs as nodes that know their place. Unlike a scenario file (`source.ts`) a foreign file may have several documents
 * and spell its numbers as it likes; nodes are read when they are asked for, so nested aliases cost nothing. No kernel counterpart.
 */
import { isAlias, isMap, isScalar, isSeq, parseAllDocuments, Scalar, type Document, type Node } from 'yaml';
import type { FieldPath, Place, ScenarioError } from '../place.ts';
import { ForeignText, quoted, refusal } from './foreign-text.ts';

export class TreeNode {
  readonly path: FieldPath;
  readonly place: Place;
  /** Of its key, or of what it is in. */
  readonly keyPlace: Place;
  private readonly node: unknown;
  private readonly in: TreeText;

  constructor(source: TreeText, node: unknown, path: FieldPath, around: Place) {
    this.in = source;
    this.path = path;
    this.keyPlace = around;
    this.node = isAlias(node) ? (source.document(node)?.resolve(node) ?? null) : node;
    const range = (node as Node | null)?.range;
    this.place = range === undefined || range === null ? around : source.placeOf(range[0]);
  }

  get isMap(): boolean {
    return isMap(this.node);
  }

  get isList(): boolean {
    return isSeq(this.node);
  }

  /** Null for a key that is not there, that has no value, or of what is no map. */
  get(key: string): TreeNode | null {
    const found = this.entries().find(([name]) => name === key)?.[1];
    return found === undefined || found.value === null ? null : found;
  }

  /** The same, refused when it is not there. */
  need(key: string, what: string): TreeNode {
    const found = this.get(key);
    if (found === null) throw this.problem(`${key}: ${what}`, this.shown);
    return found;
  }

  /** Keys and values of a map, nothing for anything else. */
  entries(): [string, TreeNode][] {
    const { node } = this;
    if (!isMap(node)) return [];
    return node.items.map(({ key, value }) => {
      const name = String(isScalar(key) ? key.value : key);
      const at = (key as Node | null)?.range?.[0];
      return [name, new TreeNode(this.in, value, [...this.path, name], at === undefined ? this.place : this.in.placeOf(at))];
    });
  }

  /** Refused unless it is a list. */
  items(what: string): TreeNode[] {
    const { node } = this;
    if (!isSeq(node)) throw this.problem(`a list of ${what}`);
    return node.items.map((item, i) => new TreeNode(this.in, item, [...this.path, i], this.place));
  }

  /** Of a scalar; undefined for a list or a map. */
  get value(): unknown {
    return this.node === null ? null : isScalar(this.node) ? this.node.value : undefined;
  }

  /** A string, or a number as it is written. */
  text(what: string): string {
    const { value } = this;
    if (typeof value === 'string') return value;
    if (typeof value === 'number' && isScalar(this.node)) return this.node.source ?? String(value);
    throw this.problem(what);
  }

  number(what: string): number {
    const { value } = this;
    if (typeof value === 'number') return value;
    throw this.problem(what);
  }

  /** JSON inside of a YAML text: its places are those in the outer file where the text stands as it is, else that of the text. */
  inner(what: string): TreeNode {
    const text = this.text(what);
    return new TreeText(this.in.outer, text, innerPlaces(this, this.node, text)).roots[0]!.below(this.path);
  }

  problem(expected: string, got = this.shown): ScenarioError {
    return refusal(this.place, this.path, { expected, got });
  }

  /** About the key. */
  keyProblem(expected: string, got: string): ScenarioError {
    return refusal(this.keyPlace, this.path, { expected, got });
  }

  get shown(): string {
    const { value } = this;
    if (value === null) return 'nothing';
    if (value !== undefined) return typeof value === 'string' ? quoted(value) : JSON.stringify(value);
    if (this.isList) return 'a list';
    const keys = this.entries().map(([name]) => name);
    if (!this.isMap || keys.length === 0) return 'an empty map';
    return `a map with ${keys.slice(0, 6).join(', ')}${keys.length > 6 ? ', ...' : ''}`;
  }

  /** For the block scalar that has another text inside. */
  get source(): TreeText {
    return this.in;
  }

  private below(path: FieldPath): TreeNode {
    return new TreeNode(this.in, this.node, path, this.place);
  }
}

/** Where a character of an inner text stands. */
type Places = (offset: number) => Place;

export class TreeText {
  readonly outer: ForeignText;
  /** One a document. */
  readonly roots: readonly TreeNode[];
  readonly placeOf: Places;
  private readonly documents: readonly Document[];

  /** ScenarioError for what is neither JSON nor YAML. */
  constructor(outer: ForeignText, text = outer.text, places: Places = (offset) => outer.place(offset)) {
    this.outer = outer;
    this.placeOf = places;
    const parsed = parseAllDocuments(text, { prettyErrors: false, strict: true });
    this.documents = 'empty' in parsed ? [] : (parsed as Document[]);
    const problem = this.documents.flatMap(({ errors }) => errors)[0];
    if (problem !== undefined)
      throw refusal(places(problem.pos[0]), [], { expected: 'JSON or YAML', got: problem.message.split('\n')[0]! });
    this.roots = this.documents
      .filter(({ contents }) => contents !== null)
      .map(({ contents }) => new TreeNode(this, contents, [], places(0)));
    if (this.roots.length === 0) throw refusal(places(0), [], { expected: 'JSON or YAML', got: 'nothing' });
  }

  /** The document that an alias belongs to; anchors are those of one document. */
  document(alias: Node): { resolve(node: unknown): unknown } | null {
    const at = alias.range?.[0] ?? 0;
    const owner = this.documents.find(({ range }) => range !== undefined && range[0] <= at && at <= range[2]);
    return owner === undefined ? null : { resolve: (node) => (isAlias(node) ? node.resolve(owner) : node) };
  }
}

/** A literal block stands in the outer file line by line, each behind the same blanks. */
function innerPlaces(holder: TreeNode, node: unknown, text: string): Places {
  const whole = (): Place => holder.place;
  if (!isScalar(node) || node.type !== Scalar.BLOCK_LITERAL) return whole;
  const { outer } = holder.source;
  const lines = outer.text.split('\n');
  // Block inside of a text inside of a file is more than anybody writes.
  if (holder.source.placeOf(0).line !== outer.place(0).line) return whole;
  const first = lines.findIndex((line, i) => i >= holder.place.line && line.trim() !== '');
  const indent =
    /^ */.exec(lines[first] ?? '')![0].length - /^ */.exec(text.split('\n').find((line) => line.trim() !== '') ?? '')![0].length;
  const inner = new ForeignText(outer.file, text);
  return (offset) => {
    const { line, column } = inner.place(offset);
    return { file: outer.file, line: holder.place.line + line, column: column + indent };
  };
}
