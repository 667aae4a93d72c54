/**
 * The text that `create` of an mdev type takes (drivers/vfio/mdev/mdev_sysfs.c: create_store): a UUID of 36 characters, and one more that
 * nobody looks at (lib/uuid.c: guid_parse), which is meant to be a newline.
 */
import { EINVAL, type Errno } from '../base/errno.ts';

const UUID = /^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$/;

/** The UUID in lower case, or -EINVAL. */
export function parseMdevUuid(text: string): string | Errno {
  if (text.length !== 36 && text.length !== 37) return EINVAL;
  const uuid = text.slice(0, 36);
  return UUID.test(uuid) ? uuid.toLowerCase() : EINVAL;
}
