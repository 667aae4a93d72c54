/**
 * Can these tasks stand at these places at the same time? Held sets that go together are not enough: on its way a section may have to pass
 * through a lock that another one holds. Tries the ways there, each joint position once. No kernel counterpart.
 */
import { EXCLUSIVE, SHARED } from '../modes.ts';
import type { WaitPoint } from './section.ts';

/** Joint positions tried before the answer is taken to be yes: held sets that go together almost always can be reached. */
const MAX_STATES = 20_000;

/** True when some schedule brings every task to its point, before it asks for the lock there. */
export function canMeet(points: readonly WaitPoint[], lockCount: number): boolean {
  return new Walk(points, lockCount).from(points.map(() => 0));
}

class Walk {
  private readonly points: readonly WaitPoint[];
  /** By lock: how often it is held shared, or -1 for a write holder. */
  private readonly state: number[];
  /** By task: its own holds, outermost first. */
  private readonly own: { lock: number; mode: number }[][];
  private readonly seen = new Set<string>();

  constructor(points: readonly WaitPoint[], lockCount: number) {
    this.points = points;
    this.state = Array.from({ length: lockCount }, () => 0);
    this.own = points.map(() => []);
  }

  from(at: number[]): boolean {
    const done = this.points.every((point, i) => at[i] === point.at);
    if (done || this.seen.size >= MAX_STATES) return true;
    const key = at.join();
    if (this.seen.has(key)) return false;
    this.seen.add(key);
    for (const [i, point] of this.points.entries()) {
      if (at[i]! >= point.at) continue;
      const undo = this.step(i, at[i]!);
      if (undo === null) continue;
      at[i]!++;
      const met = this.from(at);
      at[i]!--;
      undo();
      if (met) return true;
    }
    return false;
  }

  /** Runs one step of a task; answers how to take it back, or null when it would have to wait. */
  private step(task: number, at: number): (() => void) | null {
    const { kind, lock, mode } = this.points[task]!.section.steps[at]!;
    const own = this.own[task]!;
    const before = this.state[lock]!;
    const restoreState = (): void => {
      this.state[lock] = before;
    };
    if (kind === 'touch') return before === 0 ? restoreState : null;
    if (kind === 'take') {
      const exclusive = (mode & 3) === EXCLUSIVE;
      if (exclusive ? before !== 0 : before < 0) return null;
      this.state[lock] = exclusive ? -1 : before + 1;
      own.push({ lock, mode: mode & 3 });
      return () => {
        own.pop();
        restoreState();
      };
    }
    const index = own.findLastIndex((hold) => hold.lock === lock && (kind === 'release' || hold.mode === EXCLUSIVE));
    const hold = own[index]!;
    this.state[lock] = kind === 'downgrade' ? 1 : hold.mode === EXCLUSIVE ? 0 : before - 1;
    if (kind === 'release') own.splice(index, 1);
    else own[index] = { lock, mode: SHARED };
    return () => {
      if (kind === 'release') own.splice(index, 0, hold);
      else own[index] = hold;
      restoreState();
    };
  }
}
