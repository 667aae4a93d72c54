/**
 * Goal: the dump is what was learnt: classes with their dependencies counted as the kernel counts them, every sequence, totals.
 */
import { expect, test } from 'vitest';
import { LockClass } from '../../src/locks/lock-class.ts';
import { dumpLocks } from '../../src/locks/lock-dump.ts';
import { WORLDS } from '../helpers/lock-world.ts';

const [A, B, C, D] = [
  new LockClass('dump-a', { protects: 'the first' }),
  new LockClass('dump-b'),
  new LockClass('dump-c'),
  new LockClass('dump-never'),
];

test.each(WORLDS)('%s: three locks in a row, one of them as a reader', async (_name, make) => {
  const { locks, play } = make({ statistics: true });
  const [a, b, c] = [locks.mutex(A, 'a'), locks.rwSemaphore(B, 'b'), locks.mutex(C, 'c')];
  locks.mutex(D, 'never taken');
  await play({
    first: async (task) => {
      using _ = await a.acquire(task);
      using __ = await b.read(task);
    },
    second: async (task) => {
      using _ = await b.write(task);
      using __ = await c.acquire(task);
    },
  });
  const dump = dumpLocks(locks);
  expect(dump.classes.map(({ name, operations, forward, backward, modes }) => ({ name, operations, forward, backward, modes }))).toEqual([
    { name: 'dump-a', operations: 1, forward: 3, backward: 1, modes: ['write'] },
    { name: 'dump-b', operations: 2, forward: 2, backward: 2, modes: ['read', 'write'] },
    { name: 'dump-c', operations: 1, forward: 1, backward: 3, modes: ['write'] },
  ]);
  expect(dump.classes[0]).toMatchObject({ after: [B.id], protects: 'the first' });
  const chains = dump.chains.map(({ locks: sequence }) => sequence.map(({ name, mode }) => `${name} ${mode}`).join(', '));
  expect(chains.toSorted()).toEqual(['dump-a write', 'dump-a write, dump-b read', 'dump-b write', 'dump-b write, dump-c write']);
  for (const { place } of dump.chains) expect(place[0]).toContain('lock-dump.test.ts');
  expect(dump.totals).toEqual({
    classes: 3,
    directDependencies: 2,
    indirectDependencies: 3,
    chains: 4,
    longestChain: 2,
    findings: {},
  });
  expect(dump.statistics.map(({ lock, mode }) => `${lock} ${mode}`).toSorted()).toEqual([
    'dump-a write',
    'dump-b read',
    'dump-b write',
    'dump-c write',
  ]);
});

test.each(WORLDS)('%s: a ring reaches everything from everywhere and is found once', async (_name, make) => {
  const { locks, play } = make();
  const [a, b] = [locks.mutex(A, 'a'), locks.mutex(B, 'b')];
  await play({
    only: async (task) => {
      for (const [outer, inner] of [
        [a, b],
        [b, a],
      ] as const) {
        using _ = await outer.acquire(task);
        using __ = await inner.acquire(task);
      }
    },
  });
  const dump = dumpLocks(locks);
  expect(dump.classes.map(({ forward, backward, operations }) => [forward, backward, operations])).toEqual([
    [2, 2, null],
    [2, 2, null],
  ]);
  expect(dump.totals).toMatchObject({ directDependencies: 2, indirectDependencies: 2, findings: { 'lock-order': 1 } });
  expect([dump.statistics, dump.sites]).toEqual([[], []]);
});

test.each(WORLDS)('%s: without the validator there is nothing to dump but statistics', async (_name, make) => {
  const { locks, play } = make({ validate: false, statistics: true });
  const a = locks.mutex(A, 'a');
  await play({ only: async (task) => (await a.acquire(task)).release() });
  const dump = dumpLocks(locks);
  expect([dump.classes, dump.chains, dump.statistics.length]).toEqual([[], [], 1]);
});
