/**
 * The files that the tidy tests look at: path from the root with forward slashes, and text. A test may hand a made-up tree to the same
 * checker, which is how each checker proves that it can fail.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type Tree = ReadonlyMap<string, string>;

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const NOT_OURS = new Set(['node_modules', 'dist', 'coverage', '.git', 'fixtures']);

export function readTree(folder: string, extension: string): Tree {
  const tree = new Map<string, string>();
  const visit = (path: string): void => {
    for (const entry of readdirSync(join(ROOT, path), { withFileTypes: true })) {
      if (NOT_OURS.has(entry.name)) continue;
      const child = path === '' ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory()) visit(child);
      else if (entry.name.endsWith(extension)) tree.set(child, readFileSync(join(ROOT, child), 'utf8'));
    }
  };
  if (existsSync(join(ROOT, folder))) visit(folder);
  return tree;
}

/** A made-up tree for canaries. */
export function madeUp(files: Readonly<Record<string, string>>): Tree {
  return new Map(Object.entries(files));
}

/** `src/locks/mutex.ts` is in room `locks`; a file directly in src is in room ``. */
export function roomOf(path: string): string {
  const parts = path.split('/');
  return parts.length > 2 ? (parts[1] ?? '') : '';
}
