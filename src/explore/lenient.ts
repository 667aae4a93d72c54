/**
 * Lenient replay: a recording is followed as far as the code still does what it did. Tasks and steps are known by name, so added and removed
 * tasks and steps do no harm; where the list says nothing, nobody is preempted. No kernel counterpart.
 */
import type { Runnable, Strategy } from '../runtime/strategy.ts';
import { withoutPreemption, ValuesBySite } from './lenient-default.ts';
import { whatNext, type Recording } from './replay-recording.ts';

/** A task may leave out so many recorded steps at once, and one more for each step that it has made instead. */
const AHEAD = 8;
/** So many unknown steps are let pass before the recorded one is given up. */
const UNKNOWN_MAX = 16;

export interface LenientOptions {
  /** What a step is that the recording does not know: one more (default), or a recorded one under a new name. */
  readonly unknown?: 'inserted' | 'renamed';
  /** A step that the recording knows for later: those before it are gone (default), or it is one more. */
  readonly later?: 'removed' | 'inserted';
}

/** What the recording says about one task. */
interface Course {
  /** Steps in the recording, by position; the one that was announced at the end comes last, with no position of its own. */
  readonly what: string[];
  readonly positions: number[];
  /** Of the next recorded step. */
  next: number;
  /** Steps made since the last one that matched. */
  unknown: number;
}

export class LenientReplay implements Strategy {
  readonly asksAlways = true;
  /** Recorded steps that were not made. */
  skipped = 0;
  /** Steps that the recording does not know, while there was something left of it. */
  added = 0;
  private readonly recording: Recording;
  private readonly options: LenientOptions;
  private readonly courses = new Map<string, Course>();
  private readonly keyOfEntry: readonly string[];
  private readonly gone: boolean[] = [];
  private readonly keys = new Map<number, string>();
  private readonly namesakes = new Map<string, number>();
  private readonly values: ValuesBySite;
  private position = 0;

  constructor(recording: Recording, options: LenientOptions = {}) {
    this.recording = recording;
    this.options = options;
    this.values = new ValuesBySite(recording.before);
    const names = recordedKeys(recording);
    this.keyOfEntry = recording.steps.map(({ id }) => names.get(id)!);
    for (const [i, key] of this.keyOfEntry.entries()) {
      const course = this.courseOf(key);
      course.what.push(recording.steps[i]!.what);
      course.positions.push(i);
    }
    for (const { id, what } of recording.pending) this.courseOf(names.get(id)!).what.push(what);
  }

  choose(candidates: readonly Runnable[], n: number, running: Runnable | null): number {
    this.meet(candidates, n);
    this.values.set([]);
    for (;;) {
      const at = this.nextEntry(candidates, n);
      if (at < 0) return withoutPreemption(candidates, n, running);
      const index = this.follow(at, candidates, n);
      if (index >= 0) return index;
    }
  }

  chooseValue(site: string, n: number): number {
    return this.values.take(site, n);
  }

  /** The first entry whose task can go on; those before it are given up. -1, and nothing given up, when there is none. */
  private nextEntry(candidates: readonly Runnable[], n: number): number {
    const { steps } = this.recording;
    let at = this.position;
    while (at < steps.length && (this.gone[at] === true || this.indexOf(at, candidates, n) < 0)) at++;
    if (at === steps.length) return -1;
    for (let i = this.position; i < at; i++) if (this.gone[i] !== true) this.giveUp(i);
    this.position = at;
    return at;
  }

  /** What the entry asks for; -1 when it turns out that its step is gone. */
  private follow(at: number, candidates: readonly Runnable[], n: number): number {
    const entry = this.recording.steps[at]!;
    const course = this.courseOf(this.keyOfEntry[at]!);
    const index = this.indexOf(at, candidates, n);
    const what = whatNext(candidates[index]!);
    if (what === entry.what) {
      this.values.set(entry.values);
      this.pass(at, course);
      return index;
    }
    const ahead = course.what.indexOf(what, course.next + 1) - course.next;
    if (this.options.later !== 'inserted' && ahead > 0 && ahead <= AHEAD + course.unknown) {
      for (let k = 0; k < ahead; k++) this.giveUp(course.positions[course.next]!);
      return -1;
    }
    if (course.unknown >= UNKNOWN_MAX) {
      this.giveUp(at);
      return -1;
    }
    course.unknown++;
    this.added++;
    if (this.options.unknown === 'renamed') {
      this.values.set(entry.values);
      this.pass(at, course);
    }
    return index;
  }

  private pass(at: number, course: Course): void {
    course.next++;
    course.unknown = 0;
    this.position = at + 1;
  }

  private giveUp(at: number): void {
    this.gone[at] = true;
    this.skipped++;
    this.courseOf(this.keyOfEntry[at]!).next++;
  }

  /** The candidate that the entry means: of several timers of one name the recorded one, if it is there. */
  private indexOf(at: number, candidates: readonly Runnable[], n: number): number {
    const key = this.keyOfEntry[at]!;
    const { id } = this.recording.steps[at]!;
    let found = -1;
    for (let i = 0; i < n; i++) {
      if (this.keys.get(candidates[i]!.id) !== key) continue;
      if (candidates[i]!.id === id) return i;
      if (found < 0) found = i;
    }
    return found;
  }

  /** Namesakes come in the order of their ids, as they were spawned. */
  private meet(candidates: readonly Runnable[], n: number): void {
    let strangers: Runnable[] | null = null;
    for (let i = 0; i < n; i++) if (!this.keys.has(candidates[i]!.id)) (strangers ??= []).push(candidates[i]!);
    if (strangers === null) return;
    for (const { id, name } of strangers.toSorted((a, b) => a.id - b.id)) {
      const before = this.namesakes.get(name) ?? 0;
      if (id >= 0) this.namesakes.set(name, before + 1);
      this.keys.set(id, keyText(id, name, before));
    }
  }

  private courseOf(key: string): Course {
    let course = this.courses.get(key);
    if (course === undefined) this.courses.set(key, (course = { what: [], positions: [], next: 0, unknown: 0 }));
    return course;
  }
}

/** Namesakes are told apart by the order in which they were spawned; timers of one name are all the same. */
const keyText = (id: number, name: string, before: number): string =>
  id < 0 || before === 0 ? `${id < 0 ? 'timer ' : ''}${name}` : `${name}#${before}`;

function recordedKeys({ steps, pending }: Recording): Map<number, string> {
  const names = new Map([...steps, ...pending].map(({ id, name }) => [id, name]));
  const namesakes = new Map<string, number>();
  const keys = new Map<number, string>();
  for (const [id, name] of [...names].toSorted(([a], [b]) => a - b)) {
    const before = namesakes.get(name) ?? 0;
    if (id >= 0) namesakes.set(name, before + 1);
    keys.set(id, keyText(id, name, before));
  }
  return keys;
}
