/**
 * Foreign files in, the text of a scenario out: detects the formats, reads all files into one draft, writes it down with comments and loads what
 * was written, so that nobody gets a scenario that does not load. No kernel counterpart.
 */
import { statSync } from 'node:fs';
import { isMap, isSeq, parseDocument, type Document, type Node } from 'yaml';
import { loadScenario } from '../load.ts';
import { readText } from '../read-text.ts';
import type { Scenario } from '../scenario.ts';
import { scenarioText } from '../scenario-text.ts';
import { readBase } from './base-scenario.ts';
import { CEX_PLUGIN } from './cex-plugin.ts';
import { CHZDEV } from './chzdev.ts';
import { DPM } from './dpm.ts';
import { Draft } from './draft.ts';
import { EP11_TOKEN } from './ep11-token.ts';
import { ForeignText, quoted, refusal } from './foreign-text.ts';
import type { Importer, ImportOptions } from './importer.ts';
import { LIBVIRT } from './libvirt.ts';
import { LSZCRYPT } from './lszcrypt.ts';
import { MDEVCTL } from './mdevctl.ts';
import { TP_LIBVIRT } from './robustness.ts';
import { readSysfsCopy } from './sysfs-copy.ts';
import { toScenario, type Comments } from './to-scenario.ts';

const SYSFS = 'sysfs';
const SCENARIO = 'scenario';

/** In the order in which a file is asked whether it is one of theirs. */
const IMPORTERS: readonly Importer[] = [CEX_PLUGIN, DPM, MDEVCTL, LIBVIRT, LSZCRYPT, EP11_TOKEN, TP_LIBVIRT, CHZDEV];

export const IMPORT_FORMATS: readonly string[] = [...IMPORTERS.map(({ name }) => name), SYSFS, SCENARIO];

export interface ImportRequest extends ImportOptions {
  readonly files: readonly string[];
  /** Of all files; default: by content. */
  readonly format?: string | undefined;
  /** A scenario that the files join. */
  readonly base?: string | undefined;
}

/** The text of the scenario. ScenarioError for what is not understood, cannot be expressed, or contradicts itself. */
export function importFiles(request: ImportRequest): string {
  const draft = new Draft();
  let base: Scenario | null = null;
  if (request.base !== undefined) base = readBase(new ForeignText(request.base, readText(request.base, 'scenario file')), draft);
  for (const file of request.files) {
    base = readOne(file, draft, { ...request, known: base }) ?? base;
  }
  const { scenario, comments } = toScenario(draft, [...(request.base === undefined ? [] : [request.base]), ...request.files], base);
  const text = commented(scenarioText(scenario), comments);
  try {
    loadScenario(text, 'import');
  } catch (error) {
    throw new Error(`expected the scenario made of ${request.files.join(', ')} to load, got ${(error as Error).message}`, { cause: error });
  }
  return text;
}

/** Answers the scenario when the file is one; `known`: there has been one. */
function readOne(file: string, draft: Draft, request: ImportRequest & { readonly known: Scenario | null }): Scenario | null {
  if (isFolder(file)) {
    if (request.format !== undefined && request.format !== SYSFS)
      throw refusal({ file, line: 1, column: 1 }, [], { expected: `a file of the format ${request.format}`, got: 'a folder' });
    readSysfsCopy(file, draft);
    return null;
  }
  const source = new ForeignText(file, readText(file, 'file'));
  const format = request.format ?? formatOf(source);
  if (format === SCENARIO) {
    const { known } = request;
    if (known !== null) throw refusal(source.place(0), [], { expected: 'one scenario at most', got: `${known.source} as well` });
    return readBase(source, draft);
  }
  const importer = IMPORTERS.find(({ name }) => name === format);
  if (importer === undefined) throw refusal(source.place(0), [], { expected: 'a folder with a copy of /sys', got: 'a file' });
  importer.read(source, draft, request);
  return null;
}

function isFolder(file: string): boolean {
  try {
    return statSync(file).isDirectory();
  } catch {
    // Whoever reads it says what is wrong with it.
    return false;
  }
}

function formatOf(source: ForeignText): string {
  const importer = IMPORTERS.find((candidate) => candidate.recognizes(source.text));
  if (importer !== undefined) return importer.name;
  if (/^\s*["']?host["']?\s*:/m.test(source.text)) return SCENARIO;
  const got = quoted(source.text.trim().split('\n')[0] ?? '');
  throw refusal(source.place(0), [], { expected: `a file of one of the formats ${IMPORT_FORMATS.join(', ')}`, got });
}

const commentText = (lines: readonly string[]): string => lines.map((line) => ` ${line}`).join('\n');

/** The same text with comments in it. */
function commented(text: string, comments: Comments): string {
  const document = parseDocument(text, { version: '1.2' });
  document.commentBefore = commentText(comments.head);
  const host = document.get('host');
  if (isMap(host)) {
    for (const { key } of host.items) {
      const lines = comments.host.get(String(key) as 'adapters');
      if (lines !== undefined) (key as Node).commentBefore = commentText(lines);
    }
  }
  for (const [name, lines] of [
    ['mdevs', comments.mdevs],
    ['guests', comments.guests],
    ['events', comments.events],
  ] as const)
    beside(document, name, lines);
  return document.toString({ lineWidth: 0 });
}

function beside(document: Document, name: string, lines: readonly string[]): void {
  const list = document.get(name);
  if (!isSeq(list)) return;
  list.items.forEach((item, i) => {
    const line = lines[i];
    if (line !== undefined) (item as Node).commentBefore = ` ${line}`;
  });
}
