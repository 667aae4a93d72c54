/**
 * Goal: each pass of the shrinker offers the schedules that its name promises, and every one of them is made of steps that were there.
 */
import { describe, expect, test } from 'vitest';
import type { RecordedStep } from '../../src/explore/replay-recording.ts';
import {
  cutEnds,
  moved,
  plainValues,
  segmentsOf,
  withoutChunk,
  withoutPreemptions,
  withoutTimers,
  type Steps,
} from '../../src/explore/shrink-passes.ts';

/** `a1 b1 a2`: steps of tasks a, b and so on; `t` is a timer. */
const steps = (text: string): RecordedStep[] =>
  text
    .split(' ')
    .map((what) => ({ id: what.startsWith('t') ? -1 : what.codePointAt(0)! - 97, name: what[0]!, what, forced: false, values: [] }));
const text = (list: Steps): string => list.map(({ what }) => what).join(' ');
const texts = (lists: Iterable<Steps>): string[] => [...lists].map(text);

const TURNS = segmentsOf(steps('a1 a2 b1 c1 a3 b2'));

describe('segments', () => {
  test('end where another task goes on', () => {
    expect(TURNS.map(text)).toEqual(['a1 a2', 'b1', 'c1', 'a3', 'b2']);
  });

  test('keep the timers that fire in them; before anybody has run, timers are a segment of their own', () => {
    expect(segmentsOf(steps('t1 a1 t2 a2 b1 t3 a3')).map(text)).toEqual(['t1', 'a1 t2 a2', 'b1 t3', 'a3']);
    expect(segmentsOf(steps('t1 t2')).map(text)).toEqual(['t1 t2']);
    expect(segmentsOf([])).toEqual([]);
  });
});

describe('passes', () => {
  test('a chunk of segments is left out', () => {
    expect(text(withoutChunk(TURNS, 1, 2))).toBe('a1 a2 a3 b2');
  });

  test('the next segment of the same task comes to the earlier one, or the earlier one to it', () => {
    expect(texts(moved(TURNS))).toEqual(['a1 a2 a3 b1 c1 b2', 'b1 c1 a1 a2 a3 b2', 'a1 a2 b1 b2 c1 a3', 'a1 a2 c1 a3 b1 b2']);
  });

  test('a task goes on with all that it does later instead of being preempted', () => {
    expect(texts(withoutPreemptions(TURNS))).toEqual(['a1 a2 b1 b2 c1 a3', 'a1 a2 a3 b1 c1 b2']);
  });

  test('a segment ends earlier: by half of it, a quarter, one step', () => {
    expect(texts(cutEnds(segmentsOf(steps('a1 a2 a3 a4 b1'))))).toEqual(['a1 a2 b1', 'a1 a2 a3 b1']);
  });

  test('a timer does not fire', () => {
    expect(texts(withoutTimers(steps('a1 t1 b1 t2')))).toEqual(['a1 t1 b1', 'a1 b1 t2']);
  });

  test('data choices become 0, one at a time', () => {
    const values = [1, 0, 2].map((value, i) => ({ site: `s${i}`, n: 3, value }));
    const lists = [...plainValues([{ ...steps('a1')[0]!, values }])];
    expect(lists.map(([step]) => step!.values.map(({ value }) => value))).toEqual([
      [0, 0, 2],
      [1, 0, 0],
    ]);
  });
});
