/**
 * How V8 has to be set for exploration. Worlds that are built and dropped ten thousand times a second teach it that their objects live
 * long, and it then allocates them where only a full collection finds them again. No kernel counterpart.
 */
import { setFlagsFromString } from 'node:v8';

/** To be called before the first world is built; it holds for all threads of the process. */
export function setEngineFlags(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}
