/**
 * Places for everything that the real /sys has and the emulated one has not: an empty directory, an empty file or the same link, on which
 * the real thing is mounted inside a mount namespace. sysfs lets nobody make a directory, so that the emulated parts can only come first and
 * the rest on top of them. No kernel counterpart.
 */
import { readdirSync, readlinkSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import type { DirectoryNode, FileNode, FileTree } from './file-tree.ts';
import { FixedDirectory, FixedLink, nextInode } from './fixed-tree.ts';
import { overlay } from './overlay-tree.ts';

/** Directories of which a part is emulated and a part is not. Whatever else is emulated is so as a whole. */
const SHARED: readonly string[] = ['bus', 'class', 'class/misc', 'devices', 'devices/virtual', 'devices/virtual/misc', 'kernel', 'module'];

export interface NamespaceTree {
  readonly tree: FileTree;
  /** Paths below the root, on which the real thing of that path has to be mounted. */
  readonly binds: readonly string[];
}

/** `real` is the directory of the real /sys. Read here, once: what comes to it later has no place. */
export function namespaceTree(emulated: FileTree, real: string): NamespaceTree {
  const binds: string[] = [];
  const rest = new FixedDirectory();
  addRest({ emulated: emulated.root, rest, binds }, real, '');
  return { tree: overlay(emulated, rest), binds };
}

function addRest(at: { emulated: DirectoryNode; rest: FixedDirectory; binds: string[] }, real: string, path: string): void {
  for (const entry of entriesOf(join(real, path))) {
    const below = path === '' ? entry.name : `${path}/${entry.name}`;
    const known = at.emulated.child(entry.name);
    if (known?.kind === 'directory' && entry.isDirectory() && SHARED.includes(below))
      addRest({ ...at, emulated: known, rest: at.rest.ensure(entry.name) }, real, below);
    else if (known === null) addPlace(at, entry, { real, path: below });
  }
}

function addPlace(at: { rest: FixedDirectory; binds: string[] }, entry: Dirent, { real, path }: { real: string; path: string }): void {
  if (entry.isSymbolicLink()) {
    at.rest.add(entry.name, new FixedLink(readlinkSync(join(real, path))));
    return;
  }
  at.rest.add(entry.name, entry.isDirectory() ? new FixedDirectory() : emptyFile());
  at.binds.push(path);
}

/** Something is mounted on it before anybody could look. */
function emptyFile(): FileNode {
  const file: FileNode = { kind: 'file', mode: 0o444, size: 0, inode: nextInode(), same: (other) => other === file, open: () => ({}) };
  return file;
}

/** Sorted. A machine may lack a directory of which a part is emulated. */
function entriesOf(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}
