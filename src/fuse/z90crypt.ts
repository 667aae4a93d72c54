/**
 * Device nodes of zcrypt for programs of this machine: z90crypt and those made through /sys/class/zcrypt/create (kernel: the misc device
 * and the character devices of drivers/s390/crypto/zcrypt_api.c, as devtmpfs shows them). They are regular files to stat, as nobody but
 * the kernel can make a device; programs open them and do not look.
 */
import { endianness } from 'node:os';
import { EINTR, ERESTARTSYS, type Errno } from '../base/errno.ts';
import type { Task } from '../runtime/task.ts';
import type { ZcryptFile } from '../ap-bus/zcrypt/zcrypt-file.ts';
import type { ZcryptNode } from '../ap-bus/zcrypt/zcrypt-node.ts';
import type { Zcrypt } from '../ap-bus/zcrypt/zcrypt.ts';
import type { DirectoryNode, FileNode, FileTree, IoctlAnswer, IoctlRequest, OpenFile, TreeNode, TreeObserver } from './file-tree.ts';
import { nextInode } from './fixed-tree.ts';
import { programIoctl, type MemoryRights } from './z90crypt-ioctl.ts';

const BASE = 'z90crypt';
/** Who may reach the mount may open them; whose memory may be looked into is asked at each ioctl. */
const DEVICE_MODE = 0o666;

/** A directory as /dev has it: the nodes by name, there as long as they can be opened. */
export class ZcryptDevices implements DirectoryNode, FileTree {
  readonly kind = 'directory';
  readonly mode = 0o755;
  readonly inode = nextInode();
  readonly identity = this;
  private readonly zcrypt: Zcrypt;
  private readonly rights: MemoryRights;
  private readonly base: ZcryptFileNode;
  private readonly others = new WeakMap<ZcryptNode, ZcryptFileNode>();

  /** `rights.owner`: the uid of the mount's owner. */
  constructor(zcrypt: Zcrypt, rights: MemoryRights) {
    this.zcrypt = zcrypt;
    this.rights = rights;
    this.base = new ZcryptFileNode(rights, async () => zcrypt.open());
  }

  /** It is the root of a tree of its own, and can be put into another one. */
  get root(): DirectoryNode {
    return this;
  }

  child(name: string): TreeNode | null {
    if (name === BASE) return this.base;
    const node = this.zcrypt.nodes?.node(name);
    return node === undefined ? null : this.fileOf(node);
  }

  *list(): IterableIterator<readonly [string, TreeNode]> {
    yield [BASE, this.base];
    for (const node of this.zcrypt.nodes?.nodes() ?? []) if (node.name !== BASE) yield [node.name, this.fileOf(node)];
  }

  watch(observer: TreeObserver): () => void {
    return this.zcrypt.nodes?.watch((name) => observer(this.identity, name)) ?? (() => undefined);
  }

  private fileOf(node: ZcryptNode): ZcryptFileNode {
    let file = this.others.get(node);
    if (file === undefined) this.others.set(node, (file = new ZcryptFileNode(this.rights, (task) => node.open(task))));
    return file;
  }
}

class ZcryptFileNode implements FileNode {
  readonly kind = 'file';
  readonly mode = DEVICE_MODE;
  readonly size = 0;
  /** A node that is destroyed leaves those who have it open alone. */
  readonly outlivesName = true;
  readonly inode = nextInode();
  private readonly rights: MemoryRights;
  private readonly opening: (task: Task) => Promise<ZcryptFile | Errno>;

  constructor(rights: MemoryRights, opening: (task: Task) => Promise<ZcryptFile | Errno>) {
    this.rights = rights;
    this.opening = opening;
  }

  same(other: FileNode): boolean {
    return other === this;
  }

  /** However it is opened: the drivers ask for no mode. */
  async open(task: Task): Promise<OpenFile | Errno> {
    const file = await this.opening(task);
    return typeof file === 'number' ? forPrograms(file) : new OpenZcrypt(file, this.rights);
  }
}

class OpenZcrypt implements OpenFile {
  private readonly file: ZcryptFile;
  private readonly rights: MemoryRights;

  constructor(file: ZcryptFile, rights: MemoryRights) {
    this.file = file;
    this.rights = rights;
  }

  read(): Errno {
    return this.file.read();
  }

  write(): Errno {
    return this.file.write();
  }

  async ioctl(task: Task, request: IoctlRequest): Promise<IoctlAnswer | Errno> {
    const { command, argument, caller, compat } = request;
    const abi = { littleEndian: endianness() === 'LE', pointerSize: compat ? 4 : 8 } as const;
    const call = { command, argument: Number(argument), pid: caller.pid, uid: caller.uid, abi };
    const { errno, bytes } = await programIoctl(task, this.file, call, this.rights);
    return errno < 0 ? forPrograms(errno) : { result: errno, output: Buffer.from(bytes) };
  }

  release(): void {
    this.file.release();
  }
}

/** -ERESTARTSYS is the kernel's own: programs see -EINTR. */
const forPrograms = (errno: Errno): Errno => (errno === ERESTARTSYS ? EINTR : errno);
