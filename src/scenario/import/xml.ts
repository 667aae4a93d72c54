/**
 * XML of libvirt as elements that know their place. A document type declaration is refused, and with it every entity of its own: libvirt writes
 * none. No kernel counterpart.
 */
import { DOMParser, type Attr, type Element, type Node } from '@xmldom/xmldom';
import type { FieldPath, Place, ScenarioError } from '../place.ts';
import { refusal, type ForeignText } from './foreign-text.ts';

const ELEMENT_NODE = 1;

export class XmlElement {
  readonly name: string;
  readonly place: Place;
  readonly path: FieldPath;
  private readonly element: Element;
  private readonly file: string;

  constructor(file: string, element: Element, path: FieldPath) {
    this.file = file;
    this.element = element;
    this.name = element.localName ?? element.nodeName;
    this.path = this.name === WRAP ? path : [...path, this.name];
    this.place = placeOf(file, element);
  }

  /** Of the attribute; null when it is not there. */
  attribute(name: string): string | null {
    return this.element.getAttribute(name);
  }

  attributePlace(name: string): Place {
    const node: Attr | null = this.element.getAttributeNode(name);
    return node === null ? this.place : placeOf(this.file, node, this.place);
  }

  children(name?: string): XmlElement[] {
    const found: XmlElement[] = [];
    for (let node: Node | null = this.element.firstChild; node !== null; node = node.nextSibling) {
      if (node.nodeType !== ELEMENT_NODE) continue;
      const child = new XmlElement(this.file, node as Element, this.path);
      if (name === undefined || child.name === name) found.push(child);
    }
    return found;
  }

  child(name: string): XmlElement | null {
    return this.children(name)[0] ?? null;
  }

  need(name: string): XmlElement {
    const child = this.child(name);
    if (child !== null) return child;
    throw this.problem(`an element <${name}>`, `<${this.name}> without`);
  }

  /** Without the blanks around it. */
  get text(): string {
    return (this.element.textContent ?? '').trim();
  }

  problem(expected: string, got: string, place = this.place): ScenarioError {
    return refusal(place, this.path, { expected, got });
  }
}

/** Around what is read: `virsh` prints one document a call, and people collect its output in one file. */
const WRAP = 'documents';
const OPEN = `<${WRAP}>`;

/** The documents as children of one element. ScenarioError for what is not well-formed. */
export function readXml(source: ForeignText): XmlElement {
  const declared = /<!(?:DOCTYPE|ENTITY)/i.exec(source.text);
  if (declared !== null) throw refusal(source.place(declared.index), [], { expected: 'XML without a document type', got: declared[0] });
  // Blanks keep what follows in its place.
  const text = source.text.replaceAll(/<\?xml\b[^>]*\?>/g, (found) => found.replaceAll(/[^\n]/g, ' '));
  const problems: ScenarioError[] = [];
  const parser = new DOMParser({
    locator: true,
    onError: (level, message, context) => {
      if (level === 'warning') return;
      problems.push(refusal(placeIn(source, context), [], { expected: 'well-formed XML', got: problemText(message) }));
      throw problems[0]!;
    },
  });
  try {
    const root = parser.parseFromString(`${OPEN}${text}</${WRAP}>`, 'application/xml').documentElement;
    return new XmlElement(source.file, root!, []);
  } catch (error) {
    throw problems[0] ?? error;
  }
}

/** What was put around the file is nothing that its writer knows of. */
const problemText = (message: string): string => message.split('\n')[0]!.replace(`"${WRAP}"`, 'the end of the file');

interface Located {
  readonly lineNumber?: number | undefined;
  readonly columnNumber?: number | undefined;
}

function placeIn({ file }: ForeignText, context: unknown): Place {
  return located(file, (context as { readonly locator?: Located } | null)?.locator ?? {}, { file, line: 1, column: 1 });
}

function placeOf(file: string, node: Node, around: Place = { file, line: 1, column: 1 }): Place {
  return located(file, node as Located, around);
}

/** The first line begins behind what was put around it. */
function located(file: string, { lineNumber = 0, columnNumber = 1 }: Located, around: Place): Place {
  if (lineNumber < 1) return around;
  return { file, line: lineNumber, column: Math.max(1, lineNumber === 1 ? columnNumber - OPEN.length : columnNumber) };
}
