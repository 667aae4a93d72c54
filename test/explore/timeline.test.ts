/**
 * Goal: the timeline says who did what in which order, what was held before and after each step, and what the step touched.
 */
import { describe, expect, test } from 'vitest';
import { execute } from '../../src/explore/execution.ts';
import type { Program } from '../../src/explore/program.ts';
import { countSwitches, TimelineRecorder, type TimelineStep } from '../../src/explore/timeline.ts';
import { ReplayStrategy } from '../../src/runtime/replay-strategy.ts';
import { lockProgram, nest, SETTINGS } from './shrink-programs.ts';

async function timeline(program: Program, choices: readonly number[]): Promise<readonly TimelineStep[]> {
  const recorder = new TimelineRecorder();
  await execute(program, { ...SETTINGS, strategy: new ReplayStrategy(choices), recorder });
  return recorder.steps;
}

describe('a timeline', () => {
  test('has the locks held before and after each step', async () => {
    const program = lockProgram('two', (lock) => ({
      t1: (task) => nest(task, [lock('A'), lock('B')]),
      t2: (task) => nest(task, [lock('B')]),
    }));
    const steps = await timeline(program, [0, 0, 1, 1]);
    expect(steps.map(({ id, task, what, held, after }) => [id, task, what, held.join(), after.join()])).toEqual([
      [0, 't1', 'start t1', '', ''],
      [0, 't1', 'lock A', '', 'A'],
      [1, 't2', 'start t2', '', ''],
      // Given back at once: it holds nothing when it stops.
      [1, 't2', 'lock B', '', ''],
      [0, 't1', 'lock B', 'A', ''],
    ]);
    expect(steps[4]!.touched).toEqual(['B', 'A', 't1']);
    expect(countSwitches(steps)).toBe(2);
  });

  test('has data choices in the step that makes them, and keeps what the step touches after them', async () => {
    const program: Program = {
      name: 'choosing',
      build: ({ rt, layer }) => {
        const field = layer.state.shared({ name: 'queue' }, 'state', 0);
        return {
          start() {
            rt.spawn('driver', async (task) => {
              await field.read(task);
              rt.choose(task, 'response', 4);
              field.set(task, rt.choose(task, 'fault', 2));
            });
            rt.timer('tick', 5, () => undefined);
          },
        };
      },
    };
    const steps = await timeline(program, [0, -1, 3, 1]);
    expect(steps.map(({ what }) => what)).toEqual(['start driver', 'timer tick', 'read queue.state (response: 3) (fault: 1)']);
    expect(steps[2]!.touched).toEqual(['queue.state', 'driver']);
    // A timer is nobody's switch.
    expect(steps.map(({ id }) => id)).toEqual([0, -1, 0]);
    expect(countSwitches(steps)).toBe(0);
  });
});
