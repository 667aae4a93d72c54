/**
 * Goal: state that tasks share and nobody declares is found, and what is declared is left alone. Method: a program with a plain variable,
 * and the same with a field.
 */
import { describe, expect, it } from 'vitest';
import { checkCommutation, type CommutationResult } from '../../src/explore/commutation.ts';
import { execute } from '../../src/explore/execution.ts';
import type { Program } from '../../src/explore/program.ts';
import { programOf, type SmallWorld } from '../../src/explore/small-world.ts';
import { RandomStrategy } from '../../src/runtime/random-strategy.ts';
import type { Task } from '../../src/runtime/task.ts';

interface Cell {
  get(task: Task): number;
  set(task: Task, value: number): void;
}

/** Two tasks, each of which changes the cell under a lock of its own. */
const twoWriters = (cellOf: (world: SmallWorld) => Cell) =>
  programOf('two writers', (world) => {
    const cell = cellOf(world);
    let last = 0;
    for (const [i, name] of ['add', 'double'].entries()) {
      const lock = world.mutex(`${name}_lock`);
      world.task(name, async (task) => {
        for (let round = 0; round < 2; round++) {
          using _held = await lock.acquire(task);
          cell.set(task, i === 0 ? cell.get(task) + 1 : cell.get(task) * 2);
          last = cell.get(task);
        }
      });
    }
    world.state(() => last);
  });

const plain = (): Cell => {
  let value = 1;
  return {
    get: () => value,
    set: (_task, next) => {
      value = next;
    },
  };
};

const field = (world: SmallWorld): Cell => world.field('cell', 1, 'unguarded');

const SEEDS = Array.from({ length: 10 }, (_, i) => i + 1);

async function check(program: Program): Promise<CommutationResult> {
  const results = [];
  for (const seed of SEEDS) results.push(await checkCommutation(program, { seed: 1, schedule: new RandomStrategy(seed) }));
  return { pairs: results.reduce((sum, { pairs }) => sum + pairs, 0), undeclared: results.flatMap(({ undeclared }) => undeclared) };
}

describe('exchanging neighbours', () => {
  it('finds a plain variable that two tasks share, and names both steps', async () => {
    const { pairs, undeclared } = await check(twoWriters(plain));
    expect(pairs).toBeGreaterThan(SEEDS.length);
    expect(undeclared.map(({ first, second }) => [first, second].toSorted())).toContainEqual([
      'add: lock add_lock',
      'double: lock double_lock',
    ]);
    expect(undeclared[0]?.difference).toContain('state:');
  });

  it('says nothing of a field, whose accesses keep their order', async () => {
    const { pairs, undeclared } = await check(twoWriters(field));
    expect(pairs).toBeGreaterThan(SEEDS.length);
    expect(undeclared).toEqual([]);
  });

  it('takes a schedule that was recorded', async () => {
    const program = twoWriters(plain);
    for (const seed of SEEDS) {
      const { choices } = await execute(program, { strategy: new RandomStrategy(seed), seed: 1, maxSteps: 100 });
      const schedule = new RandomStrategy(seed);
      expect(await checkCommutation(program, { seed: 1, schedule: choices })).toEqual(
        await checkCommutation(program, { seed: 1, schedule }),
      );
    }
  });

  it('finds what decides about later steps, not only about the end', async () => {
    const program = programOf('undeclared order', (world) => {
      let winner = '';
      for (const name of ['a', 'b']) {
        const lock = world.mutex(`${name}_lock`);
        const prize = world.mutex(`${name}_prize`);
        world.task(name, async (task) => {
          const held = await lock.acquire(task);
          winner ||= name;
          held.release();
          if (winner === name) (await prize.acquire(task)).release();
        });
      }
    });
    const { undeclared } = await check(program);
    expect(undeclared.map(({ difference }) => difference).join(' ')).toMatch(/touched|is not possible|"[ab]: lock [ab]_prize"/u);
  });
});
