/**
 * Goal: the text of a failing schedule shows each task that matters in a column of its own, in the order of events, and never leaves the page.
 * Method: schedules of small programs as they are found and shrunk, and made-up ones for the corners.
 */
import { describe, expect, test } from 'vitest';
import { constraintsOf } from '../../src/explore/constraints.ts';
import type { Program } from '../../src/explore/program.ts';
import { reproduce } from '../../src/explore/reproduce.ts';
import type { FailingSchedule } from '../../src/explore/result.ts';
import { shrinkSchedule } from '../../src/explore/shrink-schedule.ts';
import type { TimelineStep } from '../../src/explore/timeline.ts';
import type { Finding } from '../../src/locks/finding.ts';
import { WIDTH } from '../../src/report/layout.ts';
import { COLOUR } from '../../src/report/paint.ts';
import { scheduleLines } from '../../src/report/schedule-text.ts';
import { abba, firstFailure, lostWakeUp, noisyInversion, ring, SETTINGS } from '../explore/shrink-programs.ts';

async function found(program: Program, kind = 'deadlock'): Promise<FailingSchedule> {
  const { choices, finding: wanted } = await firstFailure(program, kind);
  const { finding, timeline, switches } = await reproduce(program, { ...SETTINGS, choices, counts: ({ key }) => key === wanted.key });
  return { finding: finding!, choices, steps: timeline.length, switches, execution: 3, strategy: 'random', timeline, shrunk: null };
}

/** Up to the finding's own report. */
function head(lines: readonly string[]): string[] {
  const end = lines.findIndex((line) => line.startsWith('====='));
  expect(end).toBeGreaterThan(0);
  return lines.slice(0, end);
}

const fits = (lines: readonly string[]): void => {
  for (const line of lines) {
    expect(line.length, line).toBeLessThanOrEqual(WIDTH);
    expect(line, line).toMatch(/^(?:[ -~]*[!-~])?$/);
  }
};

describe('the text', () => {
  test('of a deadlock: columns, locks held, who waits for whom, the orders it needs, the report, the replay', async () => {
    const failing = await shrinkSchedule(abba(), await found(abba()), SETTINGS);
    const constraints = (await constraintsOf(abba(), failing, SETTINGS))!;
    const lines = scheduleLines(failing, { constraints, context: 'seed 1', replay: `apemu replay ${'x'.repeat(200)}` });
    const [first, , ...rest] = head(lines);
    expect(first).toMatch(
      /^deadlock after 4 steps, 1 switch, 4 choices \(shrunk from \d in \d executions\); found by random in execution 3$/,
    );
    const wide = ' '.repeat(48);
    expect(rest).toEqual([
      `         t2${wide}t1`,
      `         --${wide}--`,
      '    1-2  start',
      '         lock B',
      '         [holds B]',
      `    3-4    ${wide}start`,
      `           ${wide}lock A`,
      `           ${wide}[holds A]`,
      `           ${wide}waits for B behind t2`,
      '         waits for A behind t1',
      '',
      'It fails only in these 2 orders together:',
      '  t2: lock B  before  t1: lock B',
      '  t1: lock A  before  t2: lock A',
      '',
    ]);
    expect(lines).toContain(' *** DEADLOCK ***');
    expect(lines).toContain('seed 1');
    expect(lines.at(-1)).toBe(`replay: apemu replay ${'x'.repeat(200)}`);
    fits(lines.slice(0, -1));
  });

  test('of many steps: repetitions are written once', async () => {
    const program = noisyInversion(6, 9);
    const lines = head(scheduleLines(await shrinkSchedule(program, await found(program), SETTINGS)));
    expect(lines.filter((line) => line.includes('4 times: lock own'))).toHaveLength(2);
    expect(lines.length).toBeLessThan(24);
    fits(lines);
  });

  test('of more tasks than fit beside each other: one below the other', async () => {
    const lines = scheduleLines(await found(ring(8)));
    expect(lines.filter((line) => /^ +\d+-?\d* +p\d: /.test(line)).length).toBeGreaterThanOrEqual(8);
    expect(lines.filter((line) => /^ {9}p\d: waits for fork\d behind p\d$/.test(line))).toHaveLength(8);
    fits(lines);
  });

  test('of any failing run that was not shrunk stays on the page', async () => {
    for (const [program, kind] of [[noisyInversion(3, 4)], [noisyInversion(6, 9)], [ring(5)], [lostWakeUp(), 'hung-task']] as [
      Program,
      string?,
    ][])
      fits(scheduleLines(await found(program, kind)));
  });

  test('is the same with colours, but for the colours', async () => {
    const failing = await found(abba());
    const options = { constraints: [{ before: { task: 'a', what: 'b' }, after: { task: 'c', what: 'd' } }], replay: 'apemu replay x' };
    const painted = scheduleLines(failing, { ...options, paint: COLOUR });
    // eslint-disable-next-line no-control-regex
    expect(painted.map((line) => line.replaceAll(/\u001b\[\d+m/g, ''))).toEqual(scheduleLines(failing, options));
    expect(painted).not.toEqual(scheduleLines(failing, options));
    expect(painted.join('\n')).toContain('It fails only in this order:');
  });
});

describe('made-up schedules', () => {
  const step = (id: number, task: string, what: string, more: Partial<TimelineStep> = {}): TimelineStep => ({
    id,
    task,
    what,
    held: [],
    after: [],
    touched: [],
    ...more,
  });
  const schedule = (timeline: readonly TimelineStep[], finding: Partial<Finding>): FailingSchedule => ({
    finding: { kind: 'invariant', key: 'k', title: 'broken', tasks: [], time: 0, ...finding },
    choices: [],
    steps: timeline.length,
    switches: 0,
    execution: 1,
    strategy: 'dfs',
    timeline,
    shrunk: null,
  });

  test('the two accesses of a race are pointed out, the earlier ones to the same field are not', () => {
    const touched = ['mdev0.kvm'];
    const lines = head(
      scheduleLines(
        schedule(
          [
            step(0, 'attach', 'write mdev0.kvm', { touched }),
            step(1, 'vcpu', 'read mdev0.kvm', { touched }),
            step(0, 'attach', 'write mdev0.kvm', { touched }),
          ],
          { kind: 'data-race', title: 'mdev0.kvm is written by attach and was read by vcpu', tasks: ['attach', 'vcpu'] },
        ),
      ),
    );
    expect(lines.slice(4)).toEqual([
      '      1  write mdev0.kvm',
      `      2  ${' '.repeat(50)}read mdev0.kvm  <==`,
      '      3  write mdev0.kvm  <==',
      '',
    ]);
  });

  test('of many tasks, those get a column that the finding names or that come again', () => {
    const others = [1, 2, 3, 4].map((id) => step(id, `guest${id}`, `lock own${id}`));
    const timeline = [step(0, 'admin', 'start admin'), ...others, step(0, 'admin', 'lock m')];
    const lines = head(scheduleLines(schedule(timeline, { tasks: ['guest4'] })));
    expect(lines.slice(2, -1)).toEqual([
      `         admin${' '.repeat(45)}guest4`,
      `         -----${' '.repeat(45)}------`,
      '      1  start',
      ...[1, 2, 3].map((id) => `      ${id + 1}  (guest${id}: lock own${id})`),
      `      5  ${' '.repeat(50)}lock own4`,
      '      6  lock m',
    ]);
    const constraints = [{ before: { task: 'guest2', what: 'lock own2' }, after: { task: 'guest4', what: 'lock own4' } }];
    expect(head(scheduleLines(schedule(timeline, { tasks: ['guest4'] }), { constraints }))[2]).toMatch(/^ +admin +guest2 +guest4$/);
  });

  test('of few tasks, all get a column', () => {
    const timeline = [step(0, 'a', 'write x'), step(1, 'b', 'read x'), step(2, 'c', 'read x'), step(0, 'a', 'write x')];
    expect(head(scheduleLines(schedule(timeline, {})))[2]).toMatch(/^ +a +b +c$/);
  });

  test('timers have no column', () => {
    const lines = head(scheduleLines(schedule([step(0, 'admin', 'sleep'), step(-1, 'scan', 'timer scan'), step(0, 'admin', 'sleep')], {})));
    expect(lines.slice(2, -1)).toEqual(['         admin', '         -----', '      1  sleep', '      2  (scan: timer)', '      3  sleep']);
  });

  test('the middle of a long stretch is left out', () => {
    const names = Array.from({ length: 40 }, (_, i) => step(0, 'admin', `lock number${i}`));
    const lines = head(scheduleLines(schedule(names, {})));
    expect(lines.slice(4, -1)).toEqual([
      '   1-40  lock number0',
      ...[1, 2, 3].map((i) => `         lock number${i}`),
      '         .. 32 more lines ..',
      ...[36, 37, 38, 39].map((i) => `         lock number${i}`),
    ]);
  });

  test('UUIDs are cut to their first digits, unless that would make two of them one', () => {
    const uuids = [
      '50b178f4-281a-537a-ba7f-1cd1881349f4',
      '704e6fdb-041a-5e86-af78-717635dda420',
      '704e6fdb-0000-5e86-af78-717635dda420',
    ] as const;
    const locks = (...names: readonly string[]): string[] =>
      head(
        scheduleLines(
          schedule(
            names.map((uuid, id) => step(id, `t${id}`, `lock ${uuid} m`)),
            { title: 'broken' },
          ),
        ),
      ).slice(4, -1);
    expect(locks(uuids[0], uuids[1])).toEqual(['      1  lock 50b178f4~ m', `      2  ${' '.repeat(50)}lock 704e6fdb~ m`]);
    expect(locks(uuids[1], uuids[2])).toEqual([`      1  lock ${uuids[1]} m`, `      2  ${' '.repeat(50)}lock ${uuids[2]} m`]);
  });

  test('long names are cut to the width of their column', () => {
    const long = 'a-task-with-a-name-that-is-much-longer-than-any-column-could-be-wide'.repeat(2);
    fits(
      scheduleLines(
        schedule(
          [0, 1, 2].map((id) => step(id, `${long}${id}`, `lock ${long}`, { after: [long, long] })),
          { title: long },
        ),
      ),
    );
  });

  test('no order that matters, and no steps at all', () => {
    const lines = scheduleLines(schedule([], {}), { constraints: [] });
    expect(lines).toContain('It fails in any order of these steps.');
    fits(lines);
  });
});
