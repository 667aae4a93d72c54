/**
 * The emulated /sys: paths, reading and writing with the kernel's errors (fs/kernfs, fs/sysfs).
 * A task that reads or writes first makes a visible step, so that exploration can put the removal of the attribute before or after it.
 */
import { EACCES, EINVAL, EISDIR, ENODEV, ENOENT, ENOTDIR, type Errno } from '../base/errno.ts';
import type { GuardedField } from '../locks/guarded-field.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Task } from '../runtime/task.ts';
import { AttributeEntry, Directory, LinkEntry, type Entry } from './directory.ts';
import { relativePath } from './relative-path.ts';

const PAGE_SIZE = 4096;

/** An attribute opened by path: what is read or written later may be gone by then. */
export class OpenAttribute {
  private readonly entry: AttributeEntry;
  private readonly tree: GuardedField<null>;

  constructor(entry: AttributeEntry, tree: GuardedField<null>) {
    this.entry = entry;
    this.tree = tree;
  }

  get mode(): number {
    return this.entry.def.mode;
  }

  /** -ENODEV when the attribute went away since it was opened, -EACCES when it was not made for reading. */
  async read(task: Task): Promise<string | Errno> {
    const { def, directory, owner } = this.entry;
    if ((def.mode & 0o444) === 0 || def.show === undefined) return EACCES;
    await this.tree.read(task);
    const state = directory.use(task, this.entry);
    if (state === null) return ENODEV;
    try {
      return await def.show(task, owner);
    } finally {
      directory.unuse(task, state);
    }
  }

  /** The number of bytes taken, at most a page, or a negative errno. An empty write never reaches the store. */
  async write(task: Task, text: string): Promise<number> {
    const { def, directory, owner } = this.entry;
    if ((def.mode & 0o222) === 0 || def.store === undefined) return EACCES;
    if (text === '') return 0;
    const bytes = Buffer.byteLength(text);
    const taken = bytes > PAGE_SIZE ? Buffer.from(text).subarray(0, PAGE_SIZE).toString() : text;
    await this.tree.read(task);
    const state = directory.use(task, this.entry);
    if (state === null) return ENODEV;
    try {
      const result = await def.store(task, owner, textOf(taken));
      return result < 0 ? result : Math.min(bytes, PAGE_SIZE);
    } finally {
      directory.unuse(task, state);
    }
  }
}

/** A store is given a C string: what is written behind a zero byte counts as taken, and is not seen. */
function textOf(taken: string): string {
  const end = taken.indexOf('\0');
  return end < 0 ? taken : taken.slice(0, end);
}

export interface EntryInfo {
  readonly kind: 'directory' | 'attribute' | 'link';
  readonly mode: number;
}

export class Sysfs {
  readonly layer: LockLayer;
  /** `/sys`. */
  readonly root: Directory;
  /** Stands for the tree as a whole: a lookup is a visible read of it. */
  private readonly tree: GuardedField<null>;

  constructor(layer: LockLayer) {
    this.layer = layer;
    this.root = new Directory(layer, null, { name: '/sys' });
    this.tree = layer.field({ name: 'sysfs' }, 'tree', null);
    this.tree.guardedBy('unguarded');
  }

  /** The directory at `path`, made with its parents where they are missing. */
  mkdir(path: string): Directory {
    let at = this.root;
    for (const name of partsOf(path)) at = at.ensure(name);
    return at;
  }

  /** Finds an attribute by path; links are followed. */
  open(path: string): OpenAttribute | Errno {
    const entry = this.resolve(path, true);
    if (typeof entry === 'number') return entry;
    return entry instanceof AttributeEntry ? this.openEntry(entry) : EISDIR;
  }

  /** An attribute that was found by walking the directories. */
  openEntry(entry: AttributeEntry): OpenAttribute {
    return new OpenAttribute(entry, this.tree);
  }

  async read(task: Task, path: string): Promise<string | Errno> {
    await this.tree.read(task);
    const file = this.open(path);
    return typeof file === 'number' ? file : file.read(task);
  }

  async write(task: Task, path: string, text: string): Promise<number> {
    await this.tree.read(task);
    const file = this.open(path);
    return typeof file === 'number' ? file : file.write(task, text);
  }

  /** Sorted names; -ENOTDIR for an attribute. */
  list(path: string): string[] | Errno {
    const entry = this.resolve(path, true);
    if (typeof entry === 'number') return entry;
    return entry instanceof Directory ? entry.names().toSorted() : ENOTDIR;
  }

  /** The text of a link, relative as sysfs makes it; -EINVAL for what is no link. */
  readlink(path: string): string | Errno {
    const entry = this.resolve(path, false);
    if (typeof entry === 'number') return entry;
    return entry instanceof LinkEntry ? relativePath(entry.directory.path, entry.target.path) : EINVAL;
  }

  exists(path: string): boolean {
    return typeof this.resolve(path, true) !== 'number';
  }

  /** Of the entry itself: a link is not followed. */
  stat(path: string): EntryInfo | Errno {
    const entry = this.resolve(path, false);
    if (typeof entry === 'number') return entry;
    if (entry instanceof AttributeEntry) return { kind: 'attribute', mode: entry.def.mode };
    return entry instanceof LinkEntry ? { kind: 'link', mode: 0o777 } : { kind: 'directory', mode: 0o755 };
  }

  /** `follow`: also a link in the last place. */
  private resolve(path: string, follow: boolean): Directory | AttributeEntry | LinkEntry | Errno {
    const parts = partsOf(path);
    let at: Entry = this.root;
    for (let i = 0; i < parts.length; i++) {
      if (!(at instanceof Directory)) return ENOTDIR;
      const name = parts[i]!;
      const next: Entry | null = name === '..' ? at.parent : at.entry(name);
      if (next === null) return ENOENT;
      at = next instanceof LinkEntry && (follow || i < parts.length - 1) ? next.target : next;
    }
    return at;
  }
}

/** Paths that were taken apart before: exploration writes to the same few files in every world. */
const taken = new Map<string, readonly string[]>();
const TAKEN_MAX = 256;

function partsOf(path: string): readonly string[] {
  let parts = taken.get(path);
  if (parts === undefined) {
    parts = split(path);
    if (taken.size === TAKEN_MAX) taken.clear();
    taken.set(path, parts);
  }
  return parts;
}

function split(path: string): string[] {
  if (path !== '/sys' && !path.startsWith('/sys/')) throw new Error(`expected a path below /sys, got ${path}`);
  const parts: string[] = [];
  for (let from = '/sys/'.length; from < path.length;) {
    const slash = path.indexOf('/', from);
    const to = slash < 0 ? path.length : slash;
    const part = path.slice(from, to);
    if (part !== '' && part !== '.') parts.push(part);
    from = to + 1;
  }
  return parts;
}
