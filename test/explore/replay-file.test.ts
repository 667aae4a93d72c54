/**
 * Goal: a saved schedule is text that comes back as it was, errors in it are named with their line, and a strict replay of it stops at the
 * first step that differs.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readReplay, ReplayFileError, writeReplay, type ReplayFile } from '../../src/explore/replay-file.ts';
import { choicesOf, type Recording } from '../../src/explore/replay-recording.ts';
import { reproduce } from '../../src/explore/reproduce.ts';
import { StrictReplay } from '../../src/explore/replay-strict.ts';
import { abba, firstFailure, lockProgram, nest, SETTINGS } from './shrink-programs.ts';

const HEADER = {
  program: 'made up',
  finding: { kind: 'deadlock', key: 'k', title: 'a title' },
  seed: 7,
  scenario: 'design: x\n\thost: {}',
};
const RECORDING: Recording = {
  before: [{ site: 'fault', n: 2, value: 1 }],
  steps: [
    { id: 0, name: 'vcpu0.1', what: 'lock kvm->lock', forced: false, values: [{ site: 'response', n: 4, value: 2 }] },
    { id: -1, name: 'scan', what: 'timer scan', forced: true, values: [] },
    { id: 2, name: 'admin', what: 'start admin', forced: false, values: [] },
  ],
  pending: [{ id: 0, name: 'vcpu0.1', what: 'lock mdevs_lock' }],
};
const TEXT = writeReplay({ header: HEADER, recording: RECORDING });

describe('the text', () => {
  test('is a header and a line for each step and data choice', () => {
    const [header, ...lines] = TEXT.trimEnd().split('\n');
    expect(JSON.parse(header!)).toEqual({ 'apemu-replay': 1, ...HEADER });
    expect(lines).toEqual([
      '0\t=\tfault\t1 of 2',
      '1\t0\tvcpu0.1\tlock kvm->lock',
      '2\t=\tresponse\t2 of 4',
      '-\t-1\tscan\ttimer scan',
      '3\t2\tadmin\tstart admin',
      'end\t0\tvcpu0.1\tlock mdevs_lock',
    ]);
  });

  test('comes back as it was, and so do the choices', () => {
    const { header, recording } = readReplay(TEXT);
    expect(header).toEqual(HEADER);
    expect({ ...recording }).toMatchObject(RECORDING);
    expect(choicesOf(recording)).toEqual([1, 0, 2, 2]);
    expect(writeReplay(readReplay(TEXT.replaceAll('\n', '\r\n')))).toBe(TEXT);
  });

  test('holds any names', () => {
    const name = fc.string({ unit: fc.constantFrom('a', ' ', '\t', '\n', '\r', '\\', 's', 'n', '=', '-', 'é') });
    const value = fc.tuple(name, fc.integer({ min: 2, max: 9 })).map(([site, n]) => ({ site, n, value: n - 1 }));
    const announced = { id: fc.integer({ min: -9, max: 99 }), name, what: name };
    const recording = fc.record({
      before: fc.array(value),
      steps: fc.array(fc.record({ ...announced, forced: fc.boolean(), values: fc.array(value) })),
      pending: fc.array(fc.record(announced)),
    });
    fc.assert(
      fc.property(recording, (any) => {
        const text = writeReplay({ header: HEADER, recording: any });
        const read: ReplayFile = readReplay(text);
        expect({ before: read.recording.before, steps: read.recording.steps, pending: read.recording.pending }).toEqual(any);
      }),
      { numRuns: 300, seed: 3 },
    );
  });
});

describe('errors', () => {
  const edited = (line: number, text: string): string =>
    TEXT.split('\n')
      .toSpliced(line - 1, 1, text)
      .join('\n');

  test.each([
    [1, '', 'expected a JSON object with "apemu-replay", "program" and "finding", got an empty line'],
    [1, '[1]', 'expected a JSON object with "apemu-replay", "program" and "finding", got "[1]"'],
    [1, '{"apemu-replay":2}', 'expected "apemu-replay": 1, got 2'],
    [1, '{"apemu-replay":1}', 'expected the name of the program, got none'],
    [1, '{"apemu-replay":1,"program":"p","finding":{"kind":3}}', 'expected a text as finding.kind, got 3'],
    [3, '1\t0\tvcpu0.1', 'expected four fields separated by tabs, got 3: "1\t0\tvcpu0.1"'],
    [3, '7\t0\tvcpu0.1\tlock kvm->lock', 'expected position 1, "-" or "end", got "7"'],
    [3, '1\tzero\tvcpu0.1\tlock kvm->lock', 'expected the number of a task or "=", got "zero"'],
    [4, '2\t=\tresponse\t4 of 4', 'expected a value out of how many, such as "2 of 4", got "4 of 4"'],
    [4, '-\t=\tresponse\t1 of 4', 'expected position 2 for a data choice, got "-"'],
    [6, 'end\t0\ta\tb\n3\t2\tadmin\tstart admin', 'expected nothing but "end" after the first "end", got "3\t2\tadmin\tstart admin"'],
  ])('in line %i: %j', (line, text, message) => {
    const at = text.includes('\n') ? line + 1 : line;
    expect(() => readReplay(edited(line, text))).toThrow(ReplayFileError);
    expect(() => readReplay(edited(line, text))).toThrow(`replay file, line ${at}: ${message}`);
  });
});

describe('strict replay of a recording', () => {
  async function recorded(): Promise<Recording> {
    const { choices, finding } = await firstFailure(abba());
    const { recording } = await reproduce(abba(), { ...SETTINGS, choices, counts: ({ kind }) => kind === finding.kind });
    return readReplay(writeReplay({ header: HEADER, recording })).recording;
  }
  const again = async (program: ReturnType<typeof abba>, recording: Recording): ReturnType<typeof reproduce> =>
    await reproduce(program, {
      ...SETTINGS,
      choices: [],
      strategy: new StrictReplay(recording),
      counts: ({ kind }) => kind === 'deadlock',
    });

  test('comes to the same deadlock', async () => {
    const recording = await recorded();
    const replayed = await again(abba(), recording);
    expect(replayed).toMatchObject({ diverged: null, finding: { kind: 'deadlock' } });
    expect(replayed.recording).toEqual({ before: recording.before, steps: recording.steps, pending: recording.pending });
  });

  test('stops where a task does something else, though the same tasks can run', async () => {
    const renamed = lockProgram('renamed', (lock) => ({
      t1: (task) => nest(task, [lock('A'), lock('B')]),
      t2: (task) => nest(task, [lock('B2'), lock('A')]),
    }));
    const { diverged, finding } = await again(renamed, await recorded());
    expect(finding).toBeNull();
    expect(diverged).toMatch(/^replay diverged at choice \d+: expected t2 \(1\): lock B; got t2 \(1\): lock B2 \(step \d+\)$/);
  });

  test('stops where a recorded task is not there', async () => {
    const alone = lockProgram('alone', (lock) => ({ t1: (task) => nest(task, [lock('A'), lock('B')]) }));
    const { diverged } = await again(alone, await recorded());
    expect(diverged).toMatch(/^replay diverged at choice \d+: expected t\d \(\d\): .+; got t1 \(0\): \w+ \w+ \(step \d+\)$/);
  });

  test('stops where there is a choice that was none, or none where there was one', async () => {
    const tasks = (...names: readonly string[]): ReturnType<typeof abba> =>
      lockProgram('tasks', (lock) => Object.fromEntries(names.map((name) => [name, (task) => nest(task, [lock('A')])])));
    const record = async (program: ReturnType<typeof abba>): Promise<Recording> =>
      (await reproduce(program, { ...SETTINGS, choices: [], strategy: new StrictlyFirst() })).recording;
    expect((await again(tasks('t1', 't2'), await record(tasks('t1')))).diverged).toBe(
      'replay diverged at choice 0: expected t1 (0): start t1, and nobody else; got t1 (0): start t1, t2 (1): start t2 (step 1)',
    );
    expect((await again(tasks('t1'), await record(tasks('t1', 't2')))).diverged).toBe(
      'replay diverged at choice 0: expected t1 (0): start t1, among others; got t1 (0): start t1 (step 1)',
    );
  });

  test('stops where the list has ended but the run goes on', async () => {
    const recording = await recorded();
    const { diverged } = await again(abba(), { ...recording, steps: recording.steps.slice(0, 2) });
    expect(diverged).toMatch(/^replay diverged at choice 2: expected nothing more; got t\d .+ to choose from \(step 3\)$/);
  });

  test('stops where a data choice has come, gone, or another site', async () => {
    const choosing = (site: string | null, n = 3): ReturnType<typeof abba> => ({
      name: 'choosing',
      build: ({ rt }) => ({
        start() {
          for (const name of ['a', 'b'])
            rt.spawn(name, async (task) => {
              await rt.sleep(task, 0);
              if (site !== null) rt.choose(task, site, n);
              await rt.sleep(task, 0);
            });
        },
      }),
    });
    const { recording } = await reproduce(choosing('response'), { ...SETTINGS, choices: [], strategy: new StrictlyFirst() });
    expect((await again(choosing('response'), recording)).diverged).toBeNull();
    expect((await again(choosing('fault'), recording)).diverged).toMatch(/: expected response of 3; got fault of 3 \(step \d\)$/);
    expect((await again(choosing('response', 2), recording)).diverged).toMatch(/: expected response of 3; got response of 2 \(step \d\)$/);
    expect((await again(choosing(null), recording)).diverged).toMatch(
      /: expected the data choice response of 3; got the next step \(step \d\)$/,
    );
    const without = await reproduce(choosing(null), { ...SETTINGS, choices: [], strategy: new StrictlyFirst() });
    expect((await again(choosing('response'), without.recording)).diverged).toMatch(
      /: expected no data choice; got response of 3 \(step \d\)$/,
    );
  });

  test('of choices alone: a run that ends before the list does has diverged', async () => {
    const harmless = lockProgram('harmless', () => ({ t1: () => Promise.resolve(), t2: () => Promise.resolve() }));
    expect((await reproduce(harmless, { ...SETTINGS, choices: [0] })).diverged).toBeNull();
    expect((await reproduce(harmless, { ...SETTINGS, choices: [0, 0, 1] })).diverged).toBe('the run ended with 2 of 3 choices left');
  });
});

/** The first candidate, and the value 1. */
class StrictlyFirst {
  choose(): number {
    return 0;
  }

  chooseValue(): number {
    return 1;
  }
}
