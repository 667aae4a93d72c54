/**
 * Goal: what a checker looks at belongs to the step in which it looks. Method: an invariant over two fields, each under a lock of its own,
 * that is broken in between when one of two tasks is first.
 */
import { expect, it } from 'vitest';
import type { Search } from '../../src/explore/search.ts';
import { programOf } from '../../src/explore/small-world.ts';
import { Dfs } from '../../src/explore/strategies/dfs.ts';
import { Dpor } from '../../src/explore/strategies/dpor.ts';
import { traceSet } from './trace-sets.ts';

const KEY = 'owner-and-use';

/** A queue is used as soon as there is an owner: it looks as if the two could not meet, because they take different locks. */
const ownerAndUse = (silent: boolean) =>
  programOf('owner and use', (world) => {
    const owners = world.mutex('owners_lock');
    const uses = world.mutex('uses_lock');
    const owner = world.field('owner', false, [owners]);
    const used = world.field('used', false, [uses]);
    const { rt, layer } = world;
    // A silent look is one that the engine is not told of.
    const look = <T>(read: () => T): T => {
      const { recorder } = rt;
      if (silent) rt.recorder = null;
      const value = read();
      rt.recorder = recorder;
      return value;
    };
    uses.onExclusiveRelease(() => {
      if (!look(() => used.inspect()) || look(() => owner.inspect())) return;
      layer.findings.report({ kind: 'invariant', key: KEY, title: 'used without an owner', tasks: [], time: rt.now() });
    });
    world.task('own', async (task) => {
      using _held = await owners.acquire(task);
      owner.set(task, true);
    });
    world.task('use', async (task) => {
      using _held = await uses.acquire(task);
      used.set(task, true);
    });
  });

const finds = async (search: Search, silent: boolean): Promise<boolean> =>
  (await traceSet(ownerAndUse(silent), search))!.findings.has(`invariant ${KEY}`);

it('finds an invariant that only one order breaks, as plain search does', async () => {
  expect(await finds(new Dfs(), false)).toBe(true);
  expect(await finds(new Dpor(), false)).toBe(true);
});

it('would miss it if the look of the checker were not part of the step', async () => {
  expect(await finds(new Dfs(), true)).toBe(true);
  expect(await finds(new Dpor(), true)).toBe(false);
});
