/**
 * The emulated sysfs as a file tree (fs/sysfs, fs/kernfs): relative links, a show per read from the start, a store per write.
 */
import { ENODEV, EIO, type Errno } from '../base/errno.ts';
import { Directory, LinkEntry, type AttributeEntry, type Entry } from '../driver-core/directory.ts';
import { relativePath } from '../driver-core/relative-path.ts';
import type { OpenAttribute, Sysfs } from '../driver-core/sysfs.ts';
import { LockClass } from '../locks/lock-class.ts';
import type { Mutex } from '../locks/mutex.ts';
import type { Task } from '../runtime/task.ts';
import type {
  DirectoryNode,
  FileNode,
  FileTree,
  LinkNode,
  OpenFile,
  ReadRequest,
  TreeNode,
  TreeObserver,
  WriteRequest,
} from './file-tree.ts';
import { PAGE_SIZE } from './protocol.ts';

/** kernfs_open_file.mutex: two who share an open file take turns, also inside show and store. */
const OPEN_FILE = new LockClass('&of->mutex', { protects: 'one open file of sysfs: its text, and one show or store at a time' });

/** Directories by the order in which somebody first saw them: the upper half of inode numbers. */
const serials = new WeakMap<Directory, number>();
let lastSerial = 0;
const UPPER = 0x1_0000_0000;

function serialOf(directory: Directory): number {
  let serial = serials.get(directory);
  if (serial === undefined) serials.set(directory, (serial = ++lastSerial));
  return serial;
}

/** The number of a name in its directory: the same whenever it is asked for, and nothing has to be kept for it (FNV-1a). */
function inodeOf(directory: Directory, name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return serialOf(directory) * UPPER + (hash >>> 0);
}

/** One open file description (struct kernfs_open_file). */
class SysfsOpenFile implements OpenFile {
  private readonly attribute: OpenAttribute;
  private readonly entry: AttributeEntry;
  private readonly mutex: Mutex;
  /** What the last show said, and where reading of it has come to. */
  private text: Buffer = Buffer.alloc(0);
  private position = -1;

  constructor(sysfs: Sysfs, entry: AttributeEntry) {
    this.attribute = sysfs.openEntry(entry);
    this.entry = entry;
    this.mutex = sysfs.layer.mutex(OPEN_FILE, `open ${entry.def.name}`);
  }

  /** Reading on takes from what was shown; from the start, or from anywhere else, it is shown anew (fs/seq_file.c). */
  async read(task: Task, { offset, size }: ReadRequest): Promise<Buffer | Errno> {
    using _mutex = await this.mutex.acquire(task);
    if (this.entry.def.show === undefined) return EIO;
    if (offset === 0 || offset !== this.position) {
      const shown = await this.attribute.read(task);
      if (typeof shown === 'number') return shown;
      this.text = Buffer.from(shown).subarray(0, PAGE_SIZE - 1);
    }
    const part = this.text.subarray(offset, offset + size);
    this.position = offset + part.length;
    return part;
  }

  /** Where it is written to does not matter. Takes a page at most, and then answers that it was a page. */
  async write(task: Task, { data }: WriteRequest): Promise<number> {
    using _mutex = await this.mutex.acquire(task);
    if (this.entry.def.store === undefined) return EIO;
    const taken = data.subarray(0, PAGE_SIZE);
    const result = await this.attribute.write(task, taken.toString('utf8'));
    return result < 0 ? result : taken.length;
  }
}

class SysfsFile implements FileNode {
  readonly kind = 'file';
  readonly size = PAGE_SIZE;
  private readonly sysfs: Sysfs;
  private readonly entry: AttributeEntry;

  constructor(sysfs: Sysfs, entry: AttributeEntry) {
    this.sysfs = sysfs;
    this.entry = entry;
  }

  get mode(): number {
    return this.entry.def.mode;
  }

  get inode(): number {
    return inodeOf(this.entry.directory, this.entry.def.name);
  }

  same(other: FileNode): boolean {
    return other instanceof SysfsFile && other.entry.def === this.entry.def && other.entry.owner === this.entry.owner;
  }

  open(): OpenFile | Errno {
    return this.openAtOnce();
  }

  openAtOnce(): OpenFile | Errno {
    return this.entry.directory.removed ? ENODEV : new SysfsOpenFile(this.sysfs, this.entry);
  }
}

class SysfsLink implements LinkNode {
  readonly kind = 'link';
  readonly mode = 0o777;
  readonly target: string;
  private readonly entry: LinkEntry;

  constructor(entry: LinkEntry) {
    this.entry = entry;
    this.target = relativePath(entry.directory.path, entry.target.path);
  }

  get inode(): number {
    return inodeOf(this.entry.directory, this.entry.name);
  }
}

class SysfsDirectory implements DirectoryNode {
  readonly kind = 'directory';
  readonly mode = 0o755;
  readonly identity: Directory;
  private readonly sysfs: Sysfs;

  constructor(sysfs: Sysfs, directory: Directory) {
    this.sysfs = sysfs;
    this.identity = directory;
  }

  get inode(): number {
    return serialOf(this.identity) * UPPER + 1;
  }

  child(name: string): TreeNode | null {
    const entry = this.identity.entry(name);
    return entry === null ? null : this.node(entry);
  }

  *list(): Iterable<readonly [string, TreeNode]> {
    for (const name of this.identity.names()) {
      const child = this.child(name);
      if (child !== null) yield [name, child];
    }
  }

  private node(entry: Entry): TreeNode {
    if (entry instanceof Directory) return new SysfsDirectory(this.sysfs, entry);
    return entry instanceof LinkEntry ? new SysfsLink(entry) : new SysfsFile(this.sysfs, entry);
  }
}

export class SysfsTree implements FileTree {
  readonly root: DirectoryNode;
  private readonly sysfs: Sysfs;

  constructor(sysfs: Sysfs) {
    this.sysfs = sysfs;
    this.root = new SysfsDirectory(sysfs, sysfs.root);
  }

  watch(observer: TreeObserver): () => void {
    const { observers } = this.sysfs.root;
    observers.add(observer);
    return () => void observers.delete(observer);
  }
}
