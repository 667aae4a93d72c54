/**
 * The UUID of an mdev that the scenario does not give one: a function of its name (name-based, version 5), so that every run, replay and
 * machine has the same. On a real host `mdevctl define` or the administrator draws one.
 */
import { createHash } from 'node:crypto';

const NAMESPACE = 'apemu scenario mdev: ';

export function mdevUuid(name: string): string {
  const bytes = createHash('sha1')
    .update(NAMESPACE + name)
    .digest()
    .subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
