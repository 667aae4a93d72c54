/**
 * /proc/self/mountinfo (kernel: fs/proc_namespace.c): what is mounted where. Reading it asks no file system.
 */
import { readFileSync } from 'node:fs';

export interface MountEntry {
  /** Minor number of the device: for FUSE the name of its connection below /sys/fs/fuse/connections. */
  readonly minor: number;
  readonly point: string;
  readonly type: string;
}

/** In the order of mounting: of several at one place the last one is seen. */
export function parseMountInfo(text: string): MountEntry[] {
  const entries: MountEntry[] = [];
  for (const line of text.split('\n')) {
    const fields = line.split(' ');
    const dash = fields.indexOf('-');
    const device = fields[2];
    const point = fields[4];
    const type = fields[dash + 1];
    if (dash < 0 || device === undefined || point === undefined || type === undefined) continue;
    entries.push({ minor: Number(device.split(':')[1]), point: unescape(point), type });
  }
  return entries;
}

/** What is seen at `point`, or null. */
export function mountAt(point: string): MountEntry | null {
  return mounts().findLast((entry) => entry.point === point) ?? null;
}

export const mounts = (): MountEntry[] => parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8'));

/** The kernel writes space, tab, newline and backslash as three octal digits. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_all, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
