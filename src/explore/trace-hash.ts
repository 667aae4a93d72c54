/**
 * Fingerprint of a trace: equal for two executions exactly when they order all dependent steps alike (Mazurkiewicz). Each step gets a hash of
 * its causal past; the fingerprint is their sum, so it depends on no order in which independent steps happened to be made, and on no
 * numbers given to objects.
 */
import { accessClass, type AccessKind } from '../runtime/access.ts';
import type { StepRecorder } from '../runtime/footprint.ts';
import type { Runnable } from '../runtime/strategy.ts';
import { Task } from '../runtime/task.ts';
import type { CoverageCounter } from './coverage.ts';
import { textHash } from './text-hash.ts';

/** What has been done to one object. */
interface ObjectState {
  /** Hash of everything before the accesses that go on now. */
  base: number;
  /** Class of the accesses that go on, which commute with each other. */
  kind: number;
  /** Sum over those. */
  sum: number;
  /** Key of the task that touched it last, and the step. */
  user: number;
  step: number;
  /** Hash of its name, once it was handed over; NaN before. */
  name: number;
}

const mix = (a: number, b: number): number => {
  const x = Math.imul(a ^ (a >>> 15) ^ b, 0x2c1b3c6d) + Math.imul(b ^ 0x297a2d39, 0x85ebca6b);
  return Math.imul(x ^ (x >>> 13), 0xc2b2ae35) ^ (x >>> 16);
};

const CHANGES = 2;

const START = 0x51ed270b;

export class TraceHash implements StepRecorder {
  private readonly coverage: CoverageCounter | null;
  private readonly objects = new Map<object, ObjectState>();
  private readonly lastOfTask = new Map<number, number>();
  /** Sums of two independent hashes of the steps that are over. */
  private low = 0;
  private high = 0;
  private current = 0;
  private key = 0;
  private steps = 0;
  private open = false;
  /** Hash of what the task of this step does to an object: the same for all objects. */
  private deed = 0;

  /** `coverage` is told of hand-overs. */
  constructor(coverage: CoverageCounter | null = null) {
    this.coverage = coverage;
  }

  step(by: Runnable): void {
    this.close();
    this.open = true;
    this.key = by instanceof Task ? by.key : textHash(by.name);
    const last = this.lastOfTask.get(this.key) ?? START;
    this.current = mix(last, this.key);
    this.deed = mix(this.key, last);
    this.steps++;
  }

  touch(object: object, access: AccessKind): void {
    if (!this.open) return;
    const kind = accessClass(access);
    let state = this.objects.get(object);
    if (state === undefined) {
      state = { base: 0x3c6ef372, kind, sum: 0, user: this.key, step: -1, name: Number.NaN };
      this.objects.set(object, state);
    } else if (state.user !== this.key) this.handOver(object, state);
    else if (state.step === this.steps && kind !== CHANGES && kind === state.kind) return;
    state.step = this.steps;
    if (kind === CHANGES || kind !== state.kind) {
      state.base = mix(state.base, state.sum);
      state.sum = 0;
      state.kind = kind;
    }
    // A sum over the objects: in which order a step touches them is the code's, not the schedule's.
    this.current = (this.current + mix(state.base, access + 1)) | 0;
    state.sum = (state.sum + this.deed) | 0;
  }

  chosen(_site: string, _n: number, value: number): void {
    this.current = mix(this.current, value + 0x1b873593);
  }

  /** The fingerprint of what was recorded so far: 53 bits. */
  value(): number {
    this.close();
    return ((this.high >>> 0) % 0x200000) * 0x100000000 + (this.low >>> 0);
  }

  private handOver(object: object, state: ObjectState): void {
    const { coverage } = this;
    if (coverage !== null) {
      if (Number.isNaN(state.name)) state.name = coverage.hashOf(object);
      coverage.handOver(state.name, state.user, this.key);
    }
    state.user = this.key;
  }

  private close(): void {
    if (!this.open) return;
    this.open = false;
    this.lastOfTask.set(this.key, this.current);
    this.low = (this.low + mix(this.current, 0x7feb352d)) | 0;
    this.high = (this.high + mix(this.current, 0x846ca68b)) | 0;
  }
}
