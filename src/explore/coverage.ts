/**
 * What a campaign has seen of a program, cheaply: from which task to which other one each object was handed over. New hand-overs are the
 * feedback of the greybox search.
 */
import { textHash } from './text-hash.ts';

export class CoverageCounter {
  private readonly seen = new Set<number>();
  private readonly nameHashes = new Map<string, number>();
  private before = 0;

  /** An execution begins. */
  begin(): void {
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

  /** The object with this hash went from one task to another; tasks by their keys. */
  handOver(object: number, from: number, to: number): void {
    this.seen.add(Math.imul(from, 31) ^ Math.imul(to, 0x9e3779b1) ^ object);
  }

  /** What stands for an object in all executions: its name. */
  hashOf(object: object): number {
    const { name } = object as { name?: unknown };
    if (typeof name !== 'string') return 0;
    let hash = this.nameHashes.get(name);
    if (hash === undefined) this.nameHashes.set(name, (hash = textHash(name)));
    return hash;
  }
}
