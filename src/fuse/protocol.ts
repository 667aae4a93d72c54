/**
 * Numbers of the FUSE kernel protocol, version 7 (include/uapi/linux/fuse.h): operations, flags, sizes of structures in bytes.
 */
export const MAJOR = 7;
/** What this server understands; the kernel keeps to the smaller of the two. */
export const MINOR = 38;
/** From here on the answer to INIT has the size that it has today (Linux 3.15). */
export const OLDEST_MINOR = 23;

export const ROOT_ID = 1;

export const Opcode = {
  LOOKUP: 1,
  FORGET: 2,
  GETATTR: 3,
  SETATTR: 4,
  READLINK: 5,
  SYMLINK: 6,
  MKNOD: 8,
  MKDIR: 9,
  UNLINK: 10,
  RMDIR: 11,
  RENAME: 12,
  LINK: 13,
  OPEN: 14,
  READ: 15,
  WRITE: 16,
  STATFS: 17,
  RELEASE: 18,
  FSYNC: 20,
  SETXATTR: 21,
  GETXATTR: 22,
  LISTXATTR: 23,
  REMOVEXATTR: 24,
  FLUSH: 25,
  INIT: 26,
  OPENDIR: 27,
  READDIR: 28,
  RELEASEDIR: 29,
  FSYNCDIR: 30,
  CREATE: 35,
  INTERRUPT: 36,
  DESTROY: 38,
  IOCTL: 39,
  POLL: 40,
  BATCH_FORGET: 42,
  RENAME2: 45,
} as const;

/** Codes of what the server writes unasked, in the place of the errno. */
export const Notify = { INVAL_INODE: 2, INVAL_ENTRY: 3 } as const;

/** Of INIT, asked for where the kernel offers them. */
export const InitFlag = {
  BIG_WRITES: 1 << 5,
  PARALLEL_DIROPS: 1 << 18,
  /** Safe, because a link that leads elsewhere is another node. */
  CACHE_SYMLINKS: 1 << 23,
} as const;

/** Of the answer to OPEN. */
export const OpenFlag = { DIRECT_IO: 1 << 0, NOFLUSH: 1 << 5, PARALLEL_DIRECT_WRITES: 1 << 6 } as const;

/** Which fields of SETATTR count. */
export const SetAttr = { MODE: 1 << 0, UID: 1 << 1, GID: 1 << 2, SIZE: 1 << 3 } as const;

export const IoctlFlag = { COMPAT: 1 << 0, UNRESTRICTED: 1 << 1 } as const;

export const Size = {
  IN_HEADER: 40,
  OUT_HEADER: 16,
  INIT_OUT: 64,
  ATTR: 88,
  ENTRY_OUT: 128,
  ATTR_OUT: 104,
  OPEN_OUT: 16,
  WRITE_OUT: 8,
  STATFS_OUT: 80,
  IOCTL_OUT: 16,
  /** Without the name. */
  DIRENT: 24,
} as const;

/** Longest write(2) that reaches the server in one piece. A page is all that a store takes, but the rest must not come as another store.
 * 32 pages, the kernel's own limit for a connection that does not negotiate another one. */
export const MAX_WRITE = 128 * 1024;
export const NAME_MAX = 255;
/** Of an attribute, and what one show or store carries at most. */
export const PAGE_SIZE = 4096;
/** Bytes of the longest request: a write of that size with its headers. */
export const MAX_REQUEST = MAX_WRITE + PAGE_SIZE;
