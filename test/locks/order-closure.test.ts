/**
 * Goal: the validator reports a lock order exactly when the pairs seen so far close a strong cycle, at the section that closes it. Method:
 * random sections of four classes and three modes with trylocks and releases in any order, against an independent oracle that keeps plain
 * pairs and tries all simple cycles.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { Guard, type Held } from '../../src/locks/guard.ts';
import { LockClass } from '../../src/locks/lock-class.ts';
import type { LockLayer } from '../../src/locks/lock-layer.ts';
import { EXCLUSIVE, RECURSIVE, SHARED, TRY } from '../../src/locks/modes.ts';
import type { Task } from '../../src/runtime/task.ts';
import { controlledWorld } from '../helpers/lock-world.ts';

const NAMES = ['A', 'B', 'C', 'D'];
const CLASSES = NAMES.map((name) => new LockClass(name));

interface Step {
  readonly cls: number;
  readonly how: 'W' | 'r' | 'R';
  readonly tries: boolean;
}

/** What was seen: `held` shares or excludes, `asked` can be stopped by anybody or by writers only. */
interface Pair {
  readonly from: number;
  readonly to: number;
  readonly shares: boolean;
  readonly writersOnly: boolean;
}

function randomSection(random: Prng): Step[] {
  const classes = [0, 1, 2, 3].toSorted(() => random.below(3) - 1).slice(0, 2 + random.below(2));
  return classes.map((cls) => ({ cls, how: random.pick(['W', 'r', 'R', 'R'] as const), tries: random.below(6) === 0 }));
}

const pairsOf = (section: readonly Step[]): Pair[] =>
  section.flatMap((asked, i) =>
    asked.tries
      ? []
      : section.slice(0, i).map((held) => ({ from: held.cls, to: asked.cls, shares: held.how !== 'W', writersOnly: asked.how === 'R' })),
  );

/** Is there a ring of pairs over different classes in which no pair that only writers stop is followed by one whose lock is shared? */
function closes(pairs: readonly Pair[]): boolean {
  const walk = (path: readonly Pair[]): boolean =>
    pairs.some((next) => {
      const last = path.at(-1)!;
      if (next.from !== last.to || (last.writersOnly && next.shares)) return false;
      const first = path[0]!;
      if (next.to === first.from) return !(next.writersOnly && first.shares);
      return !path.some(({ from, to }) => from === next.to || to === next.to) && walk([...path, next]);
    });
  return pairs.some((pair) => walk([pair]));
}

function run(locks: LockLayer, task: Task, section: readonly Step[], random: Prng): void {
  const dep = locks.lockdep!;
  const guards = section.map(({ cls: index, how, tries }) => {
    const cls = CLASSES[index]!;
    const mode = { W: EXCLUSIVE, r: SHARED, R: RECURSIVE }[how] | (tries ? TRY : 0);
    const lock: Held = { cls, name: cls.name, dep, unlock: (guard) => guard.pop(), free: () => undefined, retake: () => undefined };
    return new Guard(lock, task, mode, dep.check(task, cls, mode, lock));
  });
  while (guards.length > 0) guards.splice(random.below(guards.length), 1)[0]!.release();
  expect([task.held, task.chain]).toEqual([null, null]);
}

test('reported at the section that closes a strong cycle, and never before', async () => {
  const verdicts = { reported: 0, silent: 0, late: 0 };
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const random = new Prng(seed);
      const sections = Array.from({ length: 5 }, () => randomSection(random));
      const { locks, play, findings } = controlledWorld();
      await play({
        only: async (task) => {
          const pairs: Pair[] = [];
          for (const [i, section] of sections.entries()) {
            pairs.push(...pairsOf(section));
            run(locks, task, section, random);
            const reported = findings.some(({ kind }) => kind === 'lock-order');
            expect(reported).toBe(closes(pairs));
            if (reported && i > 0) verdicts.late++;
          }
        },
      });
      verdicts[findings.length > 0 ? 'reported' : 'silent']++;
    }),
    { seed: 7, numRuns: 1500 },
  );
  // Both verdicts are tried often, or the comparison says little.
  expect(Math.min(verdicts.reported, verdicts.silent, verdicts.late)).toBeGreaterThan(150);
});
