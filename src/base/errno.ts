/**
 * The errno values the model answers with (include/uapi/asm-generic/errno*.h), as negative numbers, as kernel functions return them.
 * ERESTARTSYS is internal to the kernel: user space sees EINTR or a restarted call.
 */
export const OK = 0;
export const EPERM = -1;
export const ENOENT = -2;
export const ESRCH = -3;
export const EINTR = -4;
export const EIO = -5;
export const ENXIO = -6;
export const EBADF = -9;
export const EAGAIN = -11;
export const ENOMEM = -12;
export const EACCES = -13;
export const EFAULT = -14;
export const EBUSY = -16;
export const EEXIST = -17;
export const ENODEV = -19;
export const ENOTDIR = -20;
export const EISDIR = -21;
export const EINVAL = -22;
export const ENOTTY = -25;
export const ENOSPC = -28;
export const ERANGE = -34;
export const EDEADLK = -35;
export const ENOSYS = -38;
export const ETIME = -62;
export const EPROTO = -71;
export const EMSGSIZE = -90;
export const EOPNOTSUPP = -95;
export const EADDRINUSE = -98;
export const EADDRNOTAVAIL = -99;
export const EUSERS = -87;
export const ESTALE = -116;
export const ERESTARTSYS = -512;

/** 0 or a negative errno. */
export type Errno = number;

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries({
    OK,
    EPERM,
    ENOENT,
    ESRCH,
    EINTR,
    EIO,
    ENXIO,
    EBADF,
    EAGAIN,
    ENOMEM,
    EACCES,
    EFAULT,
    EBUSY,
    EEXIST,
    ENODEV,
    ENOTDIR,
    EISDIR,
    EINVAL,
    ENOTTY,
    ENOSPC,
    ERANGE,
    EDEADLK,
    ENOSYS,
    ETIME,
    EPROTO,
    EMSGSIZE,
    EOPNOTSUPP,
    EADDRINUSE,
    EADDRNOTAVAIL,
    EUSERS,
    ESTALE,
    ERESTARTSYS,
  }).map(([name, value]) => [value, name]),
);

/** 'EBUSY' for -16, 'ok' for 0 and for byte counts, 'errno N' for a value without a name here. */
export function errnoName(value: number): string {
  if (value >= 0) return 'ok';
  return NAMES.get(value) ?? `errno ${-value}`;
}

/** The negative errno that a name stands for, or undefined. */
export function errnoValue(name: string): number | undefined {
  for (const [value, known] of NAMES) if (known === name && value !== 0) return value;
  return undefined;
}
