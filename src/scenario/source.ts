/**
 * A scenario file as plain values that know their place: YAML 1.2, of which JSON is a part, so one path serves both.
 * No kernel counterpart.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type YAMLMap } from 'yaml';
import { ScenarioError, type FieldPath, type Place, type Refusal } from './place.ts';
import { refuseSpelling } from './scalar-rules.ts';

/** Bounds what nested aliases can blow a small file up to; the 256 x 256 host written out needs far less. */
const MAX_NODES = 200_000;
const MAX_DEPTH = 64;

export interface SourceNode {
  readonly value: unknown;
  readonly place: Place;
  /** The text of a scalar without its quotes, undefined for a list or a map. */
  readonly scalar: string | undefined;
  /** As an error shows it. */
  readonly shown: string;
  readonly children: ReadonlyMap<string | number, SourceNode>;
  readonly keyPlaces: ReadonlyMap<string, Place>;
}

export class ScenarioSource {
  readonly file: string;
  readonly text: string;
  readonly root: SourceNode;

  /** ScenarioError when the text is not YAML, or spells a number in a way that YAML and sysfs read differently. */
  constructor(text: string, file: string) {
    this.file = file;
    this.text = text;
    this.root = new Reader(text, file).read();
  }

  nodeAt(path: FieldPath): SourceNode | undefined {
    let node: SourceNode | undefined = this.root;
    for (const step of path) node = node?.children.get(step);
    return node;
  }

  /** Of the field, or of the nearest thing around it that is there. */
  placeOf(path: FieldPath): Place {
    return this.nodeAt(path)?.place ?? this.placeOf(path.slice(0, -1));
  }

  /** The error to throw for a field; what was got is what the file says there unless given. */
  problem(path: FieldPath, refusal: Omit<Refusal, 'got'> & { readonly got?: string }): ScenarioError {
    const got = refusal.got ?? this.nodeAt(path)?.shown ?? 'nothing';
    return new ScenarioError(this.placeOf(path), path, { ...refusal, got });
  }

  /** The same for a key that should not be there: its place is that of the key. */
  keyProblem(path: FieldPath, key: string, refusal: Omit<Refusal, 'got'>): ScenarioError {
    const place = this.nodeAt(path)?.keyPlaces.get(key) ?? this.placeOf(path);
    return new ScenarioError(place, [...path, key], { ...refusal, got: `"${key}"` });
  }
}

/** Walks the YAML document once, in file order, so that the first spelling error of the file is the one reported. */
class Reader {
  private readonly text: string;
  private readonly file: string;
  private readonly lines = new LineCounter();
  /** Collections being read, to notice an alias to one of them. */
  private readonly open = new Set<unknown>();
  private document: Document | null = null;
  private count = 0;

  constructor(text: string, file: string) {
    this.text = text;
    this.file = file;
  }

  read(): SourceNode {
    const document = parseDocument(this.text, { version: '1.2', lineCounter: this.lines, prettyErrors: false, uniqueKeys: false });
    const problem = document.errors[0] ?? document.warnings[0];
    if (problem !== undefined) {
      const got = problem.code === 'MULTIPLE_DOCS' ? 'a second document' : `a YAML error: ${problem.message}`;
      throw new ScenarioError(this.placeAt(problem.pos[0]), [], { expected: 'YAML or JSON of one document', got });
    }
    this.document = document;
    return this.node(document.contents, [], this.placeAt(0));
  }

  private node(node: unknown, path: FieldPath, around: Place): SourceNode {
    const range = (node as { range?: readonly number[] | null } | null)?.range;
    const place = range?.[0] === undefined ? around : this.placeAt(range[0]);
    if (++this.count > MAX_NODES) this.refuse(place, path, `at most ${MAX_NODES} values, aliases expanded`, 'more');
    if (path.length > MAX_DEPTH) this.refuse(place, path, `at most ${MAX_DEPTH} levels of nesting`, 'more');
    if (isAlias(node)) {
      const target = node.resolve(this.document!);
      if (target === undefined || this.open.has(target)) this.refuse(place, path, 'an alias of a finished anchor', `*${node.source}`);
      return { ...this.node(target, path, place), place };
    }
    if (isMap(node)) return this.map(node, path, place);
    if (isSeq(node)) {
      this.open.add(node);
      const items = node.items.map((item, i) => this.node(item, [...path, i], place));
      this.open.delete(node);
      return { ...LEAF, value: items.map((item) => item.value), place, shown: listText(items.length), children: new Map(items.entries()) };
    }
    return this.scalar(node, path, place);
  }

  private map(node: YAMLMap, path: FieldPath, place: Place): SourceNode {
    // Without a prototype, so that a key like __proto__ is a key.
    const value = Object.create(null) as Record<string, unknown>;
    const children = new Map<string, SourceNode>();
    const keyPlaces = new Map<string, Place>();
    this.open.add(node);
    for (const pair of node.items) {
      const keyNode = this.node(pair.key, path, place);
      const key = keyNode.value;
      if (typeof key !== 'string') return this.refuse(keyNode.place, path, 'a name as key', keyNode.shown);
      if (children.has(key)) this.refuse(keyNode.place, [...path, key], 'each key once', `a second "${key}"`);
      const child = this.node(pair.value, [...path, key], keyNode.place);
      children.set(key, child);
      keyPlaces.set(key, keyNode.place);
      value[key] = child.value;
    }
    this.open.delete(node);
    return { value, place, scalar: undefined, shown: mapText([...children.keys()]), children, keyPlaces };
  }

  private scalar(node: unknown, path: FieldPath, place: Place): SourceNode {
    if (!isScalar(node) || node.value === null) return { ...LEAF, value: null, place, shown: 'nothing' };
    const source = node.source ?? JSON.stringify(node.value);
    const plain = node.type === 'PLAIN';
    const refusal = plain ? refuseSpelling(path, source, node.value) : undefined;
    if (refusal !== undefined) throw new ScenarioError(place, path, refusal);
    const cut = source.length > 80 ? `${source.slice(0, 77)}...` : source;
    return { ...LEAF, value: node.value, place, scalar: source, shown: plain ? cut : JSON.stringify(cut) };
  }

  private placeAt(offset: number): Place {
    const { line, col } = this.lines.linePos(offset);
    // An empty text has no line yet.
    return { file: this.file, line: Math.max(1, line), column: Math.max(1, col) };
  }

  private refuse(place: Place, path: FieldPath, expected: string, got: string): never {
    throw new ScenarioError(place, path, { expected, got });
  }
}

const listText = (items: number): string => (items === 0 ? 'an empty list' : `a list of ${items}`);

function mapText(keys: readonly string[]): string {
  if (keys.length === 0) return 'an empty map';
  return `a map with ${keys.slice(0, 6).join(', ')}${keys.length > 6 ? ', ...' : ''}`;
}

const LEAF = { scalar: undefined, children: new Map<string | number, SourceNode>(), keyPlaces: new Map<string, Place>() };
