/**
 * Operations of a task that concern nobody else: its start, and the park that a wake-up ends.
 */
import { CLOCK } from './footprint.ts';
import type { Op } from './task.ts';

export const START: Op = { opName: 'start', enabled: () => true, perform: () => undefined, touches: (task) => task };

/** Spawned while a release of the spawning task is still queued: it may start after that. */
export const START_LATER: Op = { opName: 'start', enabled: () => false, perform: () => undefined, touches: (task) => task };

export const PARK: Op = {
  opName: 'park',
  touches: (task) => task,
  enabled: (task) => task.permit,
  perform: (task) => {
    task.permit = false;
    return undefined;
  },
};

/** Until a time of this clock; picking it before that moves the clock. */
export const sleepOp = (clock: { now(): number }): Op => ({
  opName: 'sleep',
  touches: () => CLOCK,
  enabled: (task) => task.due <= clock.now(),
  perform: (task) => {
    task.due = Number.POSITIVE_INFINITY;
    return undefined;
  },
});
