/**
 * Reference: resets (vfio-ap 7), and what they and the end of a link give back of a guest (8.5).
 * DECISION: a queue that leaves its mdev, or whose guest goes, holds nothing of a guest any more, also when no reset could be done.
 */
import * as machine from './hardware.ts';
import { apqnOf, queueName, type RefQueue, type World } from './world.ts';

export function resetQueue(world: World, queue: RefQueue): void {
  queue.resetRc = machine.zapq(world.hardware, queue);
  world.resets.push(`${queueName(queue)} ${queue.resetRc}`);
  // 01 leaves the resources alone: the queue is not known to be reset.
  if (queue.resetRc !== machine.Rc.NOT_AVAILABLE) queue.held = null;
}

export function resetAll(world: World, queues: readonly RefQueue[]): void {
  for (const queue of queues) resetQueue(world, queue);
}

/** 00, 03, 04. */
export const passable = ({ resetRc }: RefQueue): boolean => resetRc !== machine.Rc.NOT_AVAILABLE;

/** IRQ disable: the resources are given back in every case. */
export function disableInterrupt(world: World, queue: RefQueue): number {
  const rc = machine.aqic(world.hardware, queue, false);
  queue.held = null;
  return rc;
}

/** The queue is nobody's from now on. */
export function unlink(world: World, queue: RefQueue): void {
  if (queue.held !== null) {
    queue.held = null;
    world.hardware.interrupts.delete(apqnOf(queue.adapter, queue.domain));
  }
  queue.mdev = null;
}
