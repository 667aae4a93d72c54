/**
 * What a campaign has seen of a program, cheaply: from which task to which other one each object was handed over. New hand-overs are the
 * feedback of the greybox search.
 */
import type { AccessKind } from '../runtime/access.ts';
import type { StepRecorder } from '../runtime/footprint.ts';
import type { Runnable } from '../runtime/strategy.ts';
import { Task } from '../runtime/task.ts';
import { textHash } from './trace-hash.ts';

export class CoverageCounter implements StepRecorder {
  private readonly seen = new Set<number>();
  private lastUser = new Map<object, number>();
  private readonly nameHashes = new Map<string, number>();
  private current = 0;
  private before = 0;

  /** An execution begins. */
  begin(): void {
    this.lastUser = new Map();
    this.before = this.seen.size;
  }

  /** Was anything seen for the first time in this execution? */
  ended(): boolean {
    return this.seen.size > this.before;
  }

  /** Fingerprints of what was seen. */
  keys(): Iterable<number> {
    return this.seen;
  }

  get handOvers(): number {
    return this.seen.size;
  }

  step(by: Runnable): void {
    this.current = by instanceof Task ? by.key : this.hashOf(by.name);
  }

  touch(object: object, _access: AccessKind): void {
    const last = this.lastUser.get(object);
    if (last === this.current) return;
    this.lastUser.set(object, this.current);
    if (last === undefined) return;
    const { name } = object as { name?: unknown };
    const what = typeof name === 'string' ? this.hashOf(name) : 0;
    this.seen.add(Math.imul(last, 31) ^ Math.imul(this.current, 0x9e3779b1) ^ what);
  }

  chosen(): void {
    // Data choices are not handed over.
  }

  private hashOf(name: string): number {
    let hash = this.nameHashes.get(name);
    if (hash === undefined) this.nameHashes.set(name, (hash = textHash(name)));
    return hash;
  }
}
