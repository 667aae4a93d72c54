/**
 * Finds a locking design by what a scenario, a command line or a recording calls it: the name of a built-in one, or the path of a design
 * file in YAML or TypeScript. No kernel counterpart.
 */
import { isAbsolute, resolve } from 'node:path';
import { designByName, designNames } from '../vfio-ap/locking/designs.ts';
import type { DesignFactory } from '../vfio-ap/locking/port.ts';
import { yamlDesign } from './design/yaml-design.ts';
import { didYouMean } from './did-you-mean.ts';
import { ScenarioError } from './place.ts';
import { readText } from './read-text.ts';

export interface LoadedDesign {
  /** A built-in design's name; otherwise the absolute path of its file, by which another thread loads it again. */
  readonly key: string;
  /** What the design calls itself. */
  readonly name: string;
  /** Null: it is built in. */
  readonly file: string | null;
  readonly order: readonly (readonly string[])[];
  /** `OUTER > INNER` as the steps of a file in YAML take them; null where only a run can tell. */
  readonly edges: readonly string[] | null;
  readonly make: DesignFactory;
}

/** Designs of files that this thread has loaded, by their keys: what runs under one says its key, as it says a name. */
const loaded = new Map<string, DesignFactory>();

/** The design of a key: a built-in one, or one that `loadDesign` has loaded in this thread. Undefined when there is none. */
export function designOf(key: string): DesignFactory | undefined {
  return designByName(key) ?? loaded.get(key);
}

/** Names have no slash and no ending. */
export const isDesignFile = (nameOrPath: string): boolean => /[/\\]|\.(?:ts|mts|ya?ml|json)$/.test(nameOrPath);

/**
 * `relativeTo` is the folder that a relative path starts from: that of the scenario which names the design, or the current one.
 * ScenarioError for a file that is no design, with the first thing that is wrong; RangeError for a name that there is not.
 */
export async function loadDesign(nameOrPath: string, relativeTo: string): Promise<LoadedDesign> {
  if (isDesignFile(nameOrPath)) return await loadDesignFile(nameOrPath, relativeTo);
  const make = designByName(nameOrPath);
  if (make !== undefined) return { key: nameOrPath, name: nameOrPath, file: null, order: [], edges: null, make };
  const names = designNames();
  const hint = didYouMean(nameOrPath, names);
  const expected = `expected a locking design (${names.join(', ')}) or a file (./NAME.yaml, ./NAME.ts)`;
  throw new RangeError(`${expected}, got ${JSON.stringify(nameOrPath)}${hint === undefined ? '' : `; ${hint}`}`);
}

async function loadDesignFile(path: string, relativeTo: string): Promise<LoadedDesign> {
  const { problems, design } = await readDesignFile(path, relativeTo);
  if (design === null) throw problems[0]!;
  loaded.set(design.key, design.make);
  return design;
}

export interface DesignFile {
  readonly problems: readonly ScenarioError[];
  /** Null when there are problems. */
  readonly design: LoadedDesign | null;
}

/** All that is wrong with a design file, as far as one reading can tell. */
export async function readDesignFile(path: string, relativeTo: string): Promise<DesignFile> {
  const file = isAbsolute(path) ? path : resolve(relativeTo, path);
  try {
    if (/\.m?ts$/.test(file)) {
      // The compiler behind it is heavy, and most runs have no use for it.
      const { typeScriptDesign } = await import('./design/typescript-design.ts');
      const { name, order, make } = await typeScriptDesign(file);
      return { problems: [], design: { key: file, name, file, order, edges: null, make } };
    }
    const { name, order, edges, problems, make } = yamlDesign(readText(file, 'design file'), file);
    return { problems, design: make === null ? null : { key: file, name, file, order, edges, make } };
  } catch (error) {
    if (error instanceof ScenarioError) return { problems: [error], design: null };
    throw error;
  }
}
