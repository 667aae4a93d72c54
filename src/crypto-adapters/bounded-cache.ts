/**
 * A map that forgets what was used least recently, so that a long run with many keys stays bounded.
 */
export class BoundedCache<V> {
  private readonly limit: number;
  private readonly entries = new Map<string, V>();

  /** `limit`: how many entries are kept, at least 1. */
  constructor(limit: number) {
    if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`expected a cache limit of at least 1 entry, got ${limit}`);
    this.limit = limit;
  }

  get size(): number {
    return this.entries.size;
  }

  get(key: string): V | undefined {
    const value = this.entries.get(key);
    if (value === undefined) return undefined;
    this.entries.delete(key);
    this.entries.set(key, value);
    return value;
  }

  set(key: string, value: V): void {
    this.entries.delete(key);
    this.entries.set(key, value);
    if (this.entries.size <= this.limit) return;
    for (const oldest of this.entries.keys()) {
      this.entries.delete(oldest);
      return;
    }
  }
}
