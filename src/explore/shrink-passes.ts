/**
 * Shorter and simpler versions of a schedule, to be tried one after another: a schedule is a list of segments, each of one task.
 */
import type { RecordedStep } from './replay-recording.ts';

export type Steps = readonly RecordedStep[];
/** Steps of one task with nobody between them. */
export type Segment = Steps;

/** Timers belong to the segment in which they fire: they run on nobody's account. */
export function segmentsOf(steps: Steps): Segment[] {
  const segments: RecordedStep[][] = [];
  let owner: number | null = null;
  for (const step of steps) {
    if (owner === null || (step.id >= 0 && step.id !== owner)) segments.push([]);
    if (step.id >= 0) owner = step.id;
    else owner ??= step.id;
    segments.at(-1)!.push(step);
  }
  return segments;
}

const ownerOf = (segment: Segment): number => segment.find(({ id }) => id >= 0)?.id ?? -1;

/** The list without `count` segments from `at`. */
export const withoutChunk = (segments: readonly Segment[], at: number, count: number): Steps =>
  [...segments.slice(0, at), ...segments.slice(at + count)].flat();

/** Whenever a task comes back later, what it does there at once: after its earlier segment, or before its later one. */
export function* moved(segments: readonly Segment[]): IterableIterator<Steps> {
  for (let i = 0; i < segments.length; i++) {
    for (let j = i + 2; j < segments.length; j++) {
      if (ownerOf(segments[i]!) !== ownerOf(segments[j]!)) continue;
      const [head, first, between, later, tail] = [
        segments.slice(0, i),
        segments[i]!,
        segments.slice(i + 1, j),
        segments[j]!,
        segments.slice(j + 1),
      ];
      yield [...head, first, later, ...between, ...tail].flat();
      yield [...head, ...between, first, later, ...tail].flat();
      break;
    }
  }
}

/** At each switch, the task goes on with all that it does later. */
export function* withoutPreemptions(segments: readonly Segment[]): IterableIterator<Steps> {
  for (let i = segments.length - 2; i >= 0; i--) {
    const owner = ownerOf(segments[i]!);
    const rest = segments.slice(i + 1);
    const own = rest.filter((segment) => ownerOf(segment) === owner);
    if (own.length === 0) continue;
    const others = rest.filter((segment) => ownerOf(segment) !== owner);
    yield [...segments.slice(0, i + 1), ...own, ...others].flat();
  }
}

/** Each segment without the end of it: half, a quarter, one step. */
export function* cutEnds(segments: readonly Segment[]): IterableIterator<Steps> {
  for (let i = 0; i < segments.length; i++) {
    for (let cut = segments[i]!.length >> 1; cut > 0; cut >>= 1) {
      yield [...segments.slice(0, i), segments[i]!.slice(0, -cut), ...segments.slice(i + 1)].flat();
    }
  }
}

/** Each timer does not fire where it did: later, when it must, or never. */
export function* withoutTimers(steps: Steps): IterableIterator<Steps> {
  for (let i = steps.length - 1; i >= 0; i--) if (steps[i]!.id < 0) yield steps.toSpliced(i, 1);
}

/** Each data choice that is not 0 as 0. */
export function* plainValues(steps: Steps): IterableIterator<Steps> {
  for (const [i, step] of steps.entries()) {
    for (const [k, { value }] of step.values.entries()) {
      if (value === 0) continue;
      const values = step.values.map((recorded, at) => (at === k ? { ...recorded, value: 0 } : recorded));
      yield steps.map((other, at) => (at === i ? { ...step, values } : other));
    }
  }
}
