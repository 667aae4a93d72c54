/**
 * Goal: a recording survives changes of the code that have nothing to do with its bug, and without changes it is followed exactly.
 * Method: failing random runs of a program are replayed on edited versions of it; made-up programs are replayed unedited.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FollowIds } from '../../src/explore/lenient-default.ts';
import { LenientReplay } from '../../src/explore/lenient.ts';
import type { Program } from '../../src/explore/program.ts';
import type { Recording } from '../../src/explore/replay-recording.ts';
import { repair } from '../../src/explore/replay-repair.ts';
import { runRecorded } from '../../src/explore/replay-run.ts';
import { sameFailure } from '../../src/explore/shrink-same.ts';
import type { Finding } from '../../src/locks/finding.ts';
import { RandomStrategy } from '../../src/runtime/random-strategy.ts';
import { ReplayStrategy } from '../../src/runtime/replay-strategy.ts';
import type { Strategy } from '../../src/runtime/strategy.ts';
import { failures, lockProgram, nest, SETTINGS } from './shrink-programs.ts';

/** Of each task, what it does one after another: `A>B` is B inside A. */
type Table = Readonly<Record<string, readonly string[]>>;

const program = (table: Table): Program =>
  lockProgram('table', (lock) =>
    Object.fromEntries(
      Object.entries(table).map(([name, paths]) => [
        name,
        async (task) => {
          for (const path of paths) await nest(task, path.split('>').map(lock));
        },
      ]),
    ),
  );

const BASE: Table = { writer: ['config', 'A>B', 'stats'], reader: ['stats', 'B>A'], bystander: ['config', 'stats', 'config'] };
const EDITS: Readonly<Record<string, Table>> = {
  'a lock added before': { ...BASE, writer: ['config', 'trace', 'A>B', 'stats'] },
  'a lock added inside': { ...BASE, writer: ['config', 'A>trace>B', 'stats'] },
  'a lock added outside, in both tasks': { ...BASE, writer: ['trace>config', 'A>B', 'stats'], reader: ['trace>stats', 'B>A'] },
  'a step renamed': { ...BASE, writer: ['settings', 'A>B', 'stats'] },
  'the step before the deadlock renamed': { ...BASE, reader: ['stats', 'C>A'], writer: ['config', 'A>C', 'stats'] },
  'all locks of the deadlock renamed, and the step before it': {
    ...BASE,
    writer: ['settings', 'A2>B2', 'stats'],
    reader: ['stats', 'B2>A2'],
  },
  'a step removed': { ...BASE, writer: ['A>B', 'stats'] },
  'all harmless steps removed': { ...BASE, writer: ['A>B'], reader: ['B>A'] },
  'a task added in front': { newcomer: ['config', 'trace', 'stats'], ...BASE },
  'a task removed': { writer: BASE['writer']!, reader: BASE['reader']! },
};

const FULL = { validate: false, places: false };
const deadlock = (finding: Finding): boolean => finding.kind === 'deadlock';
const record = async (of: Program, strategy: Strategy, wanted = deadlock): Promise<{ finding: Finding | null; recording: Recording }> =>
  await runRecorded(of, { settings: SETTINGS, strategy, wanted, detail: FULL });

const RECORDINGS = 40;

async function makeRecordings(): Promise<{ finding: Finding; recording: Recording }[]> {
  const found: { finding: Finding; recording: Recording }[] = [];
  for await (const { finding, choices } of failures(program(BASE), 'deadlock')) {
    found.push({ finding, recording: (await record(program(BASE), new ReplayStrategy(choices))).recording });
    if (found.length === RECORDINGS) break;
  }
  return found;
}

let made: Promise<{ finding: Finding; recording: Recording }[]> | null = null;
const recordings = (): ReturnType<typeof makeRecordings> => (made ??= makeRecordings());

describe('after an edit', () => {
  test.each(Object.entries(EDITS))('%s: the deadlock comes about again, and the strict replay says where it left', async (name, table) => {
    const edited = program(table);
    let again = 0;
    for (const { finding, recording } of await recordings()) {
      // The edit that renames the lock of the bug asks for less: any deadlock of the same two tasks.
      const wanted = (other: Finding): boolean => (name.includes('deadlock renamed') ? deadlock(other) : sameFailure(other, finding));
      const repaired = await repair(edited, recording, { settings: SETTINGS, wanted });
      // Somebody who has not run yet is not missed.
      const touched = name !== 'a task removed' || recording.steps.some((step) => step.name === 'bystander');
      if (touched) expect(repaired.diverged).toMatch(/^replay diverged at choice \d+: expected .+; got .+ \(step \d+\)$/);
      if (repaired.finding === null) continue;
      again++;
      const strict = await record(edited, new ReplayStrategy(repaired.choices), wanted);
      expect(strict.finding?.key).toBe(repaired.finding.key);
    }
    expect(again).toBe(RECORDINGS);
  });

  test('the last step before the deadlock renamed: what the tasks were about to do says where to stop, whatever unknown steps are taken for', async () => {
    const edited = program({ ...BASE, writer: ['config', 'A2>B', 'stats'], reader: ['stats', 'B>A2'] });
    for (const { recording } of await recordings())
      for (const unknown of ['inserted', 'renamed'] as const)
        expect((await record(edited, new LenientReplay(recording, { unknown }))).finding).not.toBeNull();
  });

  test('the canary: a program without the inversion does not deadlock', async () => {
    const fixed = program({ ...BASE, reader: ['stats', 'A>B'] });
    for (const { recording } of await recordings()) {
      const repaired = await repair(fixed, recording, { settings: SETTINGS, wanted: deadlock });
      expect(repaired.finding).toBeNull();
      expect(repaired.diverged).not.toBeNull();
    }
  });

  test('a replay of random choices deadlocks much less often than the repaired one', async () => {
    let hits = 0;
    for (let seed = 0; seed < RECORDINGS; seed++) if ((await record(program(BASE), new RandomStrategy(seed))).finding !== null) hits++;
    expect(hits).toBeLessThan(RECORDINGS / 2);
  });
});

describe('where the list says nothing', () => {
  const EMPTY: Recording = { before: [], steps: [], pending: [] };

  test.each([
    ['lenient replay', (): Strategy => new LenientReplay(EMPTY)],
    ['a list of ids', (): Strategy => new FollowIds([], [])],
  ])('%s: nobody is preempted, the oldest goes first, and time passes when nobody else can go on', async (_name, strategy) => {
    const busy = lockProgram('busy', (lock, { rt }) => ({
      first: async (task) => {
        rt.timer('tick', 0, () => undefined);
        await nest(task, [lock('A')]);
        await rt.sleep(task, 1);
        await nest(task, [lock('A')]);
      },
      second: (task) => nest(task, [lock('B'), lock('A')]),
      third: async (task) => {
        await rt.sleep(task, 0);
        rt.choose(task, 'response', 3);
      },
    }));
    const { recording } = await record(busy, strategy());
    expect(recording.steps.map(({ name, what, values }) => [name, what, ...values.map(({ value }) => value)].join(': '))).toEqual([
      'first: start first',
      'first: lock A',
      'second: start second',
      'second: lock B',
      'second: lock A',
      'third: start third',
      'third: sleep clock: 0',
      'tick: timer tick',
      'first: sleep clock',
      'first: lock A',
    ]);
  });
});

test('whoever runs goes on, though an older task has been woken', async () => {
  const woken = lockProgram('woken', (lock, { rt }) => ({
    old: (task) => Promise.resolve(rt.park(task)),
    young: async (task) => {
      rt.wake([...rt.tasks].find(({ name }) => name === 'old')!);
      await nest(task, [lock('A')]);
    },
  }));
  for (const strategy of [new LenientReplay({ before: [], steps: [], pending: [] }), new FollowIds([], [])]) {
    const { recording } = await record(woken, strategy);
    expect(recording.steps.map(({ what }) => what)).toEqual(['start old', 'start young', 'lock A', 'park old']);
  }
});

test('a data choice gets the answer that was given at its site, though others have gone', async () => {
  const choosing = (...sites: readonly string[]): Program =>
    lockProgram('choosing', (_lock, { rt }) => ({
      only: (task) => {
        for (const site of sites) rt.choose(task, site, 3);
        return Promise.resolve();
      },
    }));
  const last: Strategy = { choose: () => 0, chooseValue: (site) => (site === 'fault' ? 1 : 2) };
  const { recording } = await record(choosing('fault', 'response'), last);
  const again = await record(choosing('response', 'unknown', 'fault'), new LenientReplay(recording));
  expect(again.recording.steps[0]!.values.map(({ site, value }) => [site, value])).toEqual([
    ['response', 2],
    ['unknown', 0],
    ['fault', 1],
  ]);
});

test('a recorded step that does not come is given up after a while, and the others go on', () => {
  const step = (id: number, name: string, what: string): Recording['steps'][number] => ({ id, name, what, forced: false, values: [] });
  const replay = new LenientReplay({ before: [], steps: [step(-1, 't', 'gone'), step(-2, 'u', 'timer u')], pending: [] });
  const candidates = [
    { id: -2, name: 'u' },
    { id: -1, name: 't' },
  ];
  const chosen = Array.from({ length: 17 }, () => candidates[replay.choose(candidates, 2, null)]!.name).join('');
  expect(chosen).toBe(`${'t'.repeat(16)}u`);
  expect([replay.skipped, replay.added]).toEqual([1, 16]);
});

describe('without an edit', () => {
  test('the strict replay finds no difference and nothing is left out', async () => {
    for (const { finding, recording } of await recordings()) {
      const repaired = await repair(program(BASE), recording, { settings: SETTINGS, wanted: deadlock });
      expect(repaired).toMatchObject({ diverged: null, skipped: 0, added: 0, finding: { key: finding.key } });
      expect(repaired.recording).toEqual(recording);
    }
  });

  const step = fc.oneof(
    fc.constantFrom('A', 'B', 'C', 'A>B', 'B>C', 'C>A'),
    fc.constantFrom('sleep 0', 'sleep 1', 'choose', 'timer', 'spawn', 'read', 'write'),
  );
  const table = fc.array(fc.array(step, { maxLength: 6 }), { minLength: 1, maxLength: 4 });

  /** Tasks that do everything a strategy can see; two of them share a name. */
  const anything = (bodies: readonly (readonly string[])[]): Program => ({
    name: 'anything',
    build(world) {
      const { rt, layer } = world;
      const field = layer.state.shared({ name: 'x' }, 'y', 0);
      const inner = lockProgram('inner', (lock) =>
        Object.fromEntries(
          bodies.map((steps, i) => [
            `t${i}`,
            async (task) => {
              for (const what of steps) {
                if (what.startsWith('sleep')) await rt.sleep(task, Number(what.slice(6)));
                else if (what === 'choose') rt.choose(task, 'response', 3);
                else if (what === 'timer') rt.timer('tick', 1, () => void rt.choose(null, 'in timer', 2));
                else if (what === 'spawn') rt.spawn('child', async (child) => void (await field.read(child)));
                else if (what === 'read') await field.read(task);
                else if (what === 'write') await field.write(task, 1);
                else await nest(task, what.split('>').map(lock));
              }
            },
          ]),
        ),
      );
      return inner.build(world);
    },
  });

  test('any program takes exactly the recorded course', async () => {
    let values = 0;
    let longest = 0;
    await fc.assert(
      fc.asyncProperty(table, fc.integer({ min: 0, max: 1000 }), async (bodies, seed) => {
        const first = await record(anything(bodies), new RandomStrategy(seed));
        const replay = new LenientReplay(first.recording);
        const second = await record(anything(bodies), replay);
        expect(second.recording).toEqual(first.recording);
        expect([replay.skipped, replay.added]).toEqual([0, 0]);
        values += first.recording.steps.filter((made) => made.values.length > 0).length;
        longest = Math.max(longest, first.recording.steps.length);
      }),
      { numRuns: 200, seed: 11 },
    );
    expect(values).toBeGreaterThan(50);
    expect(longest).toBeGreaterThan(15);
  });
});
