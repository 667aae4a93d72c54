/**
 * An amount of guest storage as text: `64M`, `1G`, as QEMU's option -m takes it. No kernel counterpart.
 */

const FORM = /^([1-9][0-9]{0,3})([MG])$/;
const MOST_MIB = 1024;

export const STORAGE_SIZE = 'an amount of storage from 1M to 1G, like 64M';

/** MiB; undefined for what is no such text. */
export function mebibytes(text: string): number | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  const mib = Number(match[1]) * (match[2] === 'G' ? 1024 : 1);
  return mib <= MOST_MIB ? mib : undefined;
}
