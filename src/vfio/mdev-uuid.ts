/**
 * The text that `create` of an mdev type takes (drivers/vfio/mdev/mdev_sysfs.c: create_store): a UUID of 36 characters, or 37 with the
 * newline.
 */
import { EINVAL, type Errno } from '../base/errno.ts';

const UUID = /^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$/;

/** The UUID in lower case, or -EINVAL. */
export function parseMdevUuid(text: string): string | Errno {
  if (text.length !== 36 && text.length !== 37) return EINVAL;
  if (text.length === 37 && !text.endsWith('\n')) return EINVAL;
  const uuid = text.slice(0, 36);
  return UUID.test(uuid) ? uuid.toLowerCase() : EINVAL;
}
