/**
 * Checks the imports of a source tree against the table of rooms. Type-only imports count: a type that points upwards makes the lower
 * room unreadable without the upper one, whatever is left of it at run time.
 */
import { posix } from 'node:path';
import { isBuiltin } from 'node:module';
import { importsOf, readSource, type ImportSite } from './source-text.ts';
import { COMPUTED_IMPORTS, ROOMS } from './rooms.ts';
import { roomOf, type Tree } from './tree.ts';

export interface LayerReport {
  readonly problems: string[];
  readonly filesSeen: number;
  readonly importsSeen: number;
}

/** The file that a relative specifier names; a worker's URL may name the built file. */
function target(from: string, site: ImportSite): string {
  const path = posix.join(posix.dirname(from), site.specifier ?? '');
  return site.url ? path.replace(/\.js$/, '.ts') : path;
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function checkRooms(from: string, to: string): string | null {
  const fromRoom = roomOf(from);
  const toRoom = roomOf(to);
  if (fromRoom === toRoom || from === 'src/index.ts') return null;
  const room = ROOMS.find(({ name }) => name === fromRoom);
  // An unknown room is reported once, by folder.
  if (room === undefined) return null;
  if (room.mayImport.includes(toRoom) || room.files?.some((file) => to === file || (file.endsWith('/') && to.startsWith(file))))
    return null;
  const allowed = [...room.mayImport, ...(room.files ?? [])].join(', ');
  return `expected ${fromRoom} to import only from [${allowed}], it imports ${to}`;
}

/** Every cycle that a walk closes, each as a list that ends where it starts. */
export function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file]);
    if (path.includes(file) || done.has(file)) return;
    path.push(file);
    for (const next of graph.get(file) ?? []) visit(next);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return cycles;
}

function checkSite(from: string, site: ImportSite, tree: Tree, dependencies: readonly string[]): string | null {
  const { specifier } = site;
  if (specifier === null) {
    return COMPUTED_IMPORTS.includes(roomOf(from)) ? null : `expected a literal in import(), found a computed one`;
  }
  if (!specifier.startsWith('.')) {
    const known = isBuiltin(specifier) ? specifier.startsWith('node:') : dependencies.includes(packageOf(specifier));
    return known ? null : `expected node:* or a dependency of package.json, found '${specifier}'`;
  }
  const to = target(from, site);
  if (!tree.has(to)) return `expected '${specifier}' to name a TypeScript file of src, found none at ${to}`;
  if (to === 'src/index.ts') return `expected nobody to import src/index.ts, which is for users of the library`;
  return checkRooms(from, to);
}

/** `dependencies` are the names that package.json lists for run time. */
export function checkLayers(tree: Tree, dependencies: readonly string[]): LayerReport {
  const problems: string[] = [];
  const graph = new Map<string, string[]>();
  let importsSeen = 0;
  for (const [file, text] of tree) {
    // A URL that names no code names an asset, which belongs to no room.
    const sites = importsOf(readSource(text)).filter(({ specifier, url }) => !url || /\.[cm]?[jt]s$/.test(specifier ?? ''));
    importsSeen += sites.length;
    for (const site of sites) {
      const problem = checkSite(file, site, tree, dependencies);
      if (problem !== null) problems.push(`${file}:${site.line}: ${problem}`);
    }
    // A worker may name its own file: that starts a thread, it does not load a module.
    const edges = sites.filter(({ specifier, url }) => !url && specifier?.startsWith('.'));
    graph.set(
      file,
      edges.map((site) => target(file, site)),
    );
  }
  for (const cycle of findCycles(graph)) problems.push(`expected no cycle of files, found ${cycle.join(' -> ')}`);
  const known = new Set(ROOMS.map(({ name }) => name));
  for (const room of new Set([...tree.keys()].filter((file) => file.split('/').length > 2).map(roomOf))) {
    if (!known.has(room)) problems.push(`expected every folder of src in the table of test/tidy/rooms.ts, src/${room} is not`);
  }
  for (const file of tree.keys()) {
    if (file.split('/').length === 2 && file !== 'src/index.ts') problems.push(`${file}: expected only index.ts directly in src`);
  }
  return { problems, filesSeen: tree.size, importsSeen };
}
