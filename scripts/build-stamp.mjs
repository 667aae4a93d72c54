/**
 * The stamp of a build: a hash over the names and contents of everything that goes into dist. Contents, not times, because a checkout,
 * a copy and a restored cache all set new times on unchanged files.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const SETTINGS = ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts/build.mjs', 'scripts/build-stamp.mjs'];

/** Every file below src, as sorted paths from the root with forward slashes. */
export function sourceFiles(root) {
  const files = [];
  const visit = (folder) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) visit(path);
      else files.push(path);
    }
  };
  visit('src');
  return files.sort((a, b) => (a < b ? -1 : 1));
}

export function sourceStamp(root) {
  const hash = createHash('sha256');
  for (const file of [...SETTINGS, ...sourceFiles(root)]) {
    const content = readFileSync(join(root, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** True when dist carries this stamp and holds the output of every source file: a half-deleted dist is built again. */
export function isFresh(root, stamp) {
  const stampFile = join(root, 'dist', '.stamp');
  if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8').trim() !== stamp) return false;
  return sourceFiles(root).every((file) => existsSync(join(root, 'dist', file.slice('src/'.length).replace(/\.ts$/, '.js'))));
}
