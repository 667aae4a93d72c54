/**
 * Operations of a task that concern nobody else: its start, and the park that a wake-up ends.
 */
import type { Op } from './task.ts';

export const START: Op = { opName: 'start', enabled: () => true, perform: () => undefined };

/** Spawned while a release of the spawning task is still queued: it may start after that. */
export const START_LATER: Op = { opName: 'start', enabled: () => false, perform: () => undefined };

export const PARK: Op = {
  opName: 'park',
  enabled: (task) => task.permit,
  perform: (task) => {
    task.permit = false;
    return undefined;
  },
};
