/**
 * Operations on names and attributes of nodes (fs/kernfs/dir.c, inode.c, symlink.c). They are answered at once: the kernel holds the lock of
 * a directory meanwhile.
 */
import { EBADF, EINVAL, ENOENT, ENOTDIR, OK, type Errno } from '../base/errno.ts';
import { kindOf, NO_ANSWER, VALID, type Answer, type ConnectionCore, type Handled } from './connection-core.ts';
import type { NodeRecord } from './node-table.ts';
import { SetAttr } from './protocol.ts';
import type { DirectoryEntry } from './reply.ts';
import type { Request } from './request.ts';

const PERMISSIONS = 0o7777;
/** Where struct fuse_setattr_in has its fields, in bytes, and its length. */
const SETATTR = { mode: 68, uid: 76, gid: 80, length: 88 } as const;
const FORGET_ONE = 16;

export class NameOperations {
  private readonly core: ConnectionCore;

  constructor(core: ConnectionCore) {
    this.core = core;
  }

  lookup(request: Request): Answer {
    const { table, replies } = this.core;
    const name = request.name();
    const parent = table.get(request.nodeId);
    if (typeof parent === 'number') return parent;
    if (parent.node.kind !== 'directory') return ENOTDIR;
    const found = table.lookup(parent, name);
    if (found !== null) return replies.entry(found.id, VALID, this.core.attributes(found));
    return table.rememberAbsent(parent, name) ? replies.entry(0, VALID, null) : ENOENT;
  }

  forget(request: Request): Handled {
    this.core.table.forget(request.nodeId, request.u64(0));
    return NO_ANSWER;
  }

  /** Takes as many as are there, whatever number is announced. */
  batchForget(request: Request): Handled {
    const count = Math.min(request.u32(0), Math.floor((request.body.length - 8) / FORGET_ONE));
    for (let i = 0; i < count; i++) this.core.table.forget(request.u64(8 + i * FORGET_ONE), request.u64(16 + i * FORGET_ONE));
    return NO_ANSWER;
  }

  getAttributes(request: Request): Answer {
    return this.withNode(request, (record) => this.core.replies.attributes(VALID, this.core.attributes(record)));
  }

  /** chmod and chown are kept (kernfs_iop_setattr); a new size and new times are accepted and change nothing. */
  setAttributes(request: Request): Answer {
    request.need(SETATTR.length);
    const valid = request.u32(0);
    const changes = {
      ...((valid & SetAttr.MODE) !== 0 && { mode: request.u32(SETATTR.mode) & PERMISSIONS }),
      ...((valid & SetAttr.UID) !== 0 && { uid: request.u32(SETATTR.uid) }),
      ...((valid & SetAttr.GID) !== 0 && { gid: request.u32(SETATTR.gid) }),
    };
    return this.withNode(request, (record) => {
      if (Object.keys(changes).length > 0) this.override(record, changes);
      return this.core.replies.attributes(VALID, this.core.attributes(record));
    });
  }

  readLink(request: Request): Answer {
    return this.withNode(request, ({ node }) => (node.kind === 'link' ? this.core.replies.bytes(Buffer.from(node.target)) : EINVAL));
  }

  openDirectory(request: Request): Answer {
    return this.withNode(request, (record) => {
      if (record.node.kind !== 'directory') return ENOTDIR;
      return this.core.replies.openDirectory(this.core.openHandle({ kind: 'directory', record, entries: [] }));
    });
  }

  readDirectory(request: Request): Answer {
    const handle = this.core.directoryHandle(request.u64(0));
    if (handle === null) return EBADF;
    const from = request.u64(8);
    if (from === 0) handle.entries = this.entriesOf(handle.record);
    return this.core.replies.directory(handle.entries, from, request.u32(16));
  }

  releaseDirectory(request: Request): Answer {
    const id = request.u64(0);
    if (this.core.directoryHandle(id) === null) return EBADF;
    this.core.closeHandle(id);
    return OK;
  }

  private entriesOf(record: NodeRecord): DirectoryEntry[] {
    const { node } = record;
    const dots = [
      { name: '.', inode: node.inode, kind: kindOf('directory') },
      { name: '..', inode: (record.parent ?? record).node.inode, kind: kindOf('directory') },
    ];
    if (node.kind !== 'directory' || record.family.gone) return dots;
    return [...dots, ...Array.from(node.list(), ([name, child]) => ({ name, inode: child.inode, kind: kindOf(child.kind) }))];
  }

  private override(record: NodeRecord, changes: { mode?: number; uid?: number; gid?: number }): void {
    const { family } = record;
    if (!family.gone) this.core.table.pin(record);
    family.overrides = { ...family.overrides, ...changes };
    for (const member of family.members) if (member !== record) this.core.invalidations.attributes(member);
  }

  private withNode(request: Request, then: (record: NodeRecord) => Answer): Answer {
    const record: NodeRecord | Errno = this.core.table.get(request.nodeId);
    return typeof record === 'number' ? record : then(record);
  }
}
