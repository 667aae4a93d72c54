/**
 * The ioctls of /dev/z90crypt and of additional nodes (uapi/asm/zcrypt.h): their numbers as s390 programs pass them.
 */
export const Ioctl = {
  ICARSAMODEXPO: 0xc0007a05,
  ICARSACRT: 0xc0007a06,
  ZSECSENDCPRB: 0xc0007a81,
  ZSENDEP11CPRB: 0xc0007a04,
  ZCRYPT_DEVICE_STATUS: 0xc0007a5f,
  ZCRYPT_STATUS_MASK: 0x81007a58,
  ZCRYPT_QDEPTH_MASK: 0x81007a59,
  ZCRYPT_PERDEV_REQCNT: 0x84007a5a,
  Z90STAT_REQUESTQ_COUNT: 0x80047a44,
  Z90STAT_PENDINGQ_COUNT: 0x80047a45,
  Z90STAT_TOTALOPEN_COUNT: 0x80047a46,
  Z90STAT_DOMAIN_INDEX: 0x80047a47,
  /** Deprecated, like the rest: 64 adapters only. */
  ZDEVICESTATUS: 0xc0007a4f,
  Z90STAT_STATUS_MASK: 0x80407a48,
  Z90STAT_QDEPTH_MASK: 0x80407a49,
  Z90STAT_PERDEV_REQCNT: 0x81007a4a,
} as const;

export type IoctlName = keyof typeof Ioctl;

/** What a node's ioctl mask is asked for: the lowest byte. */
export const ioctlNumber = (command: number): number => command & 0xff;

const NAMES: ReadonlyMap<number, IoctlName> = new Map(
  (Object.entries(Ioctl) as [IoctlName, number][]).map(([name, command]) => [command, name]),
);

/** undefined: -ENOTTY. */
export const ioctlName = (command: number): IoctlName | undefined => NAMES.get(command >>> 0);
