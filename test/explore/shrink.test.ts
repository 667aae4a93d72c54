/**
 * Goal: a failing schedule ends up about as short as a person would write it, fails in the same way, and replays strictly; the same for the
 * work that is done in it. Method: programs with known bugs, failing random runs of them.
 */
import { describe, expect, test } from 'vitest';
import { Explorer } from '../../src/explore/explorer.ts';
import type { Program } from '../../src/explore/program.ts';
import { reproduce } from '../../src/explore/reproduce.ts';
import { shrink, type Shrunk } from '../../src/explore/shrink.ts';
import { sameFailure } from '../../src/explore/shrink-same.ts';
import { shrinkSchedule } from '../../src/explore/shrink-schedule.ts';
import { shrinkWorkload, type SmallerProgram, type WorkloadShrinker } from '../../src/explore/shrink-workload.ts';
import { RandomWalk } from '../../src/explore/strategies/random-walk.ts';
import type { Finding } from '../../src/locks/finding.ts';
import { abba, failures, firstFailure, lockProgram, nest, noisyInversion, ring, SETTINGS } from './shrink-programs.ts';
import { chain, TOYS } from './toys.ts';

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;

async function shrinkMany(program: Program, runs: number): Promise<Shrunk[]> {
  const all: Shrunk[] = [];
  for await (const failing of failures(program, 'deadlock')) {
    const shrunk = await shrink(program, failing, SETTINGS);
    expect(shrunk).not.toBeNull();
    expect(sameFailure(shrunk!.finding, failing.finding)).toBe(true);
    all.push(shrunk!);
    if (all.length === runs) return all;
  }
  return all;
}

describe('schedules', () => {
  test('6 tasks and 200 operations: 50 failing random runs of about 80 switches end with one or two', async () => {
    const all = await shrinkMany(noisyInversion(6, 11), 50);
    expect(median(all.map(({ from }) => from.switches))).toBeGreaterThan(70);
    expect(median(all.map(({ switches }) => switches))).toBeLessThanOrEqual(2);
    expect(Math.max(...all.map(({ switches }) => switches))).toBeLessThanOrEqual(3);
    expect(median(all.map(({ steps }) => steps))).toBeLessThan(median(all.map(({ from }) => from.steps)) / 2);
    expect(median(all.map(({ executions }) => executions))).toBeLessThan(400);
  });

  test.each([2, 3, 4])('a ring of %i tasks ends with one switch less than it has tasks', async (n) => {
    for (const { switches, steps } of await shrinkMany(ring(n), 10)) {
      expect(switches).toBe(n - 1);
      expect(steps).toBe(2 * n);
    }
  });

  const failing = TOYS.filter(({ finds, name }) => finds !== null && !name.startsWith('chain'));
  test.each(failing.map((toy) => [toy.name, toy] as const))(
    'the toy %s ends with three switches at most, and fails as before',
    async (_name, toy) => {
      const counts = ({ kind }: Finding): boolean => kind === toy.finds;
      const search = new RandomWalk({ seed: 3 });
      const { failures: found } = await new Explorer({ program: toy, search, budget: { schedules: 5000 }, counts, ...SETTINGS }).explore();
      const shrunk = await shrinkSchedule(toy, found[0]!, SETTINGS);
      expect(shrunk.switches).toBeLessThanOrEqual(3);
      expect(shrunk.switches).toBeLessThanOrEqual(found[0]!.switches);
      expect(shrunk.shrunk).toMatchObject({ from: found[0]!.choices.length });
      const again = await reproduce(toy, { ...SETTINGS, choices: shrunk.choices, counts });
      expect(again).toMatchObject({ diverged: null, finding: { kind: toy.finds, key: shrunk.finding.key } });
      expect(again.timeline.map(({ task, what }) => [task, what])).toEqual(shrunk.timeline.map(({ task, what }) => [task, what]));
    },
  );

  test('an alternation keeps the switches that it needs', async () => {
    const program = chain(3);
    const shrunk = (await shrink(program, await firstFailure(program, 'invariant'), SETTINGS))!;
    expect(shrunk.switches).toBe(5);
  });

  test('the answers of the environment become plain where they do not matter', async () => {
    const program: Program = {
      name: 'answers',
      build: ({ rt }) => ({
        start() {
          rt.spawn('driver', async (task) => {
            const answers: number[] = [];
            for (let i = 0; i < 4; i++) {
              await rt.sleep(task, 1);
              answers.push(rt.choose(task, `answer ${i}`, 5));
            }
            if (answers[2] === 3) throw new Error('cannot handle 3');
          });
        },
      }),
    };
    const shrunk = (await shrink(program, await firstFailure(program, 'assertion'), SETTINGS))!;
    expect(shrunk.reproduced.recording.steps.flatMap(({ values }) => values.map(({ value }) => value))).toEqual([0, 0, 3, 0]);
  });

  test('timers that have nothing to do with it do not fire', async () => {
    const program = lockProgram('timers', (lock, { rt }) => {
      for (let i = 0; i < 5; i++) rt.timer(`tick${i}`, 0, () => undefined);
      return {
        t1: (task) => nest(task, [lock('A'), lock('B')]),
        t2: (task) => nest(task, [lock('B'), lock('A')]),
      };
    });
    for await (const failing of failures(program, 'deadlock')) {
      const before = (await shrink(program, failing, { ...SETTINGS, executions: 0 }))!.reproduced.recording.steps;
      // Behind a step of a task they are part of its segment, and not left out with a segment of their own.
      if (before.findIndex(({ id }) => id >= 0) > 0 || before.filter(({ id }) => id < 0).length < 3) continue;
      expect((await shrink(program, failing, SETTINGS))!.steps).toBe(4);
      break;
    }
  });

  test('what a task does after its part in the failure is left out', async () => {
    const program = lockProgram('talkative', (lock, { layer }) => {
      const field = layer.field({ name: 'host' }, 'gone', false);
      field.guardedBy('unguarded');
      return {
        remover: async (task) => {
          await field.write(task, true);
          for (let i = 0; i < 12; i++) await nest(task, [lock('log')]);
        },
        user: async (task) => {
          if (await field.read(task)) throw new Error('the host is gone');
        },
      };
    });
    let longest = 0;
    for (let seed = 0; seed < 10; seed++) {
      const shrunk = (await shrink(program, await firstFailure(program, 'assertion', seed), SETTINGS))!;
      longest = Math.max(longest, shrunk.from.steps);
      expect(shrunk.reproduced.recording.steps.map(({ what }) => what)).toEqual([
        'start remover',
        'write host.gone',
        'start user',
        'read host.gone',
      ]);
    }
    expect(longest).toBeGreaterThan(6);
  });

  test('a schedule that does not fail that way is not shrunk', async () => {
    const { finding } = await firstFailure(abba());
    expect(await shrink(abba(), { finding, choices: [0, 0, 0] }, SETTINGS)).toBeNull();
    expect(await shrink(ring(3), { finding, choices: [0] }, SETTINGS)).toBeNull();
  });

  test('the limit of executions is kept, and what there is by then is a failing schedule', async () => {
    const program = noisyInversion(6, 11);
    const found = await firstFailure(program);
    const shrunk = (await shrink(program, found, { ...SETTINGS, executions: 10 }))!;
    expect(shrunk.executions).toBe(10);
    expect(shrunk.finding.kind).toBe('deadlock');
    const none = (await shrink(program, found, { ...SETTINGS, interrupted: () => true }))!;
    expect([none.executions, none.choices]).toEqual([0, found.choices]);
  });
});

describe('what is the same failure', () => {
  const finding = (kind: Finding['kind'], key: string, waits: readonly string[] = []): Finding => ({
    kind,
    key,
    title: '',
    tasks: [],
    time: 0,
    ...(waits.length === 0 ? {} : { blocked: waits.map((waitsFor) => ({ task: 't', pid: 1, holds: [], waitsFor, behind: [] })) }),
  });

  test.each([
    ['equal keys', finding('leak', 'a'), finding('leak', 'a'), true],
    ['other keys', finding('leak', 'a'), finding('leak', 'b'), false],
    ['other kinds', finding('leak', 'a'), finding('assertion', 'a'), false],
    ['deadlocks of other tasks at the like locks', finding('deadlock', 'a', ['kvm0', 'm']), finding('deadlock', 'b', ['m', 'kvm2']), true],
    ['deadlocks at other locks', finding('deadlock', 'a', ['kvm', 'm']), finding('deadlock', 'b', ['m', 'x']), false],
    [
      'other tasks that hang alike',
      finding('hung-task', 'hung:v0:park v0;w:lock m'),
      finding('hung-task', 'hung:v1:park v1;x:lock m'),
      true,
    ],
    ['tasks that hang elsewhere', finding('hung-task', 'hung:v0:park v0'), finding('hung-task', 'hung:v0:lock m'), false],
    ['livelock and hang', finding('hung-task', 'livelock'), finding('hung-task', 'hung:v0:lock m'), false],
    ['races at one field', finding('data-race', 'data-race:kvm:read-write:a'), finding('data-race', 'data-race:kvm:write-read:b'), true],
    ['races at two fields', finding('data-race', 'data-race:kvm:read-write:a'), finding('data-race', 'data-race:hook:read-write:a'), false],
  ] as const)('%s', (_case, a, b, same) => {
    expect([sameFailure(a, b), sameFailure(b, a)]).toEqual([same, same]);
  });
});

describe('work', () => {
  /** A program that knows how much it does. */
  interface Sized extends Program {
    readonly tasks: number;
    readonly loops: number;
  }
  const sized = (tasks: number, loops: number): Sized => ({ ...noisyInversion(tasks, loops), tasks, loops });
  const halver: WorkloadShrinker = {
    *candidates(program): Iterable<SmallerProgram> {
      const { tasks, loops } = program as Sized;
      for (const fewer of new Set([tasks >> 1, tasks - 1]))
        if (fewer > 0) yield { program: sized(fewer, loops), what: `${tasks - fewer} of ${tasks} tasks` };
      for (const fewer of new Set([loops >> 1, loops - 1]))
        if (fewer > 0) yield { program: sized(tasks, fewer), what: `${loops - fewer} of ${loops} loops` };
    },
  };
  const OPTIONS = { ...SETTINGS, search: ({ seed }: { seed: number }) => new RandomWalk({ seed }) };

  test('n tasks and m loops become two tasks and one loop', async () => {
    const program = sized(6, 9);
    const result = (await shrinkWorkload(halver, { program, failing: await firstFailure(program) }, OPTIONS))!;
    expect(result.program.name).toBe('2 tasks, 1 loops');
    expect(result.dropped).toEqual(['3 of 6 tasks', '1 of 3 tasks', '5 of 9 loops', '2 of 4 loops', '1 of 2 loops']);
    expect(result.shrunk.switches).toBe(1);
    const again = await reproduce(result.program, {
      ...SETTINGS,
      choices: result.shrunk.choices,
      counts: ({ kind }) => kind === 'deadlock',
    });
    expect(again).toMatchObject({ diverged: null, finding: { kind: 'deadlock' } });
  });

  test('the recording alone, replayed on less work, says where the failure still is', async () => {
    const program = sized(6, 9);
    const result = (await shrinkWorkload(halver, { program, failing: await firstFailure(program) }, { ...OPTIONS, perCandidate: 0 }))!;
    expect(result.program.name).toBe('2 tasks, 1 loops');
  });

  test('nothing that is needed is left out, and the limit of executions is kept', async () => {
    const program = sized(2, 1);
    const failing = await firstFailure(program);
    const result = (await shrinkWorkload(halver, { program, failing }, { ...OPTIONS, perCandidate: 30 }))!;
    // One candidate: a single task, replayed once and searched for.
    expect([result.program, result.dropped, result.executions]).toEqual([program, [], 31]);
    const limited = (await shrinkWorkload(halver, { program, failing }, { ...OPTIONS, executions: 20 }))!;
    expect(limited.executions).toBe(20);
  });
});
