/**
 * Goal: what is told of an exploration is true of it: verdict, reasons, figures, what was left out; text within its width.
 * Method: campaigns made up for each ending.
 */
import { describe, expect, test } from 'vitest';
import type { CampaignResult } from '../../src/campaign/campaign.ts';
import type { ExploreResult, FailingSchedule } from '../../src/explore/result.ts';
import type { FindingKind } from '../../src/locks/finding.ts';
import { judgeExploration, type Exploration } from '../../src/report/exploration.ts';
import { exploreJson } from '../../src/report/explore-json.ts';
import { exploreProgressText, exploreText } from '../../src/report/explore-text.ts';

const RESULT: ExploreResult = {
  ...{ program: 'small', strategy: 'random', seed: 5, verdict: 'clean', schedules: 12_345, redundant: 0, endless: 0, steps: 24_690 },
  ...{ elapsedMs: 2000, coverage: { traces: 678, handOvers: 90, lockEdges: 12 }, bounds: ['at most 100 steps an execution'] },
  ...{ estimate: { schedules: 3e12, error: 1e11, walks: 100 }, failures: [], rechecked: 0, unstable: [] },
};

const failure = (kind: FindingKind): FailingSchedule => ({
  finding: { kind, key: kind, title: `a ${kind} of two tasks`, tasks: ['a', 'b'], time: 0 },
  ...{ choices: [1, 2, 1], steps: 4, switches: 2, execution: 17, strategy: 'pos', shrunk: { from: 30, executions: 55 } },
  timeline: [1, 2, 1].map((id) => ({ task: id === 1 ? 'a' : 'b', id, what: `lock ${id}`, held: [], after: [], touched: [] })),
});

function exploration(result: Partial<ExploreResult>, more: Partial<CampaignResult> = {}, rest: Partial<Exploration> = {}): Exploration {
  const campaign = { result: { ...RESULT, ...result }, predicted: [], confirmation: null, interrupted: false, ...more };
  return {
    ...{ scenario: 'small', design: 'guests-lock', quirks: [], strategy: 'portfolio', seed: 5, workers: 1, strict: false },
    ...{ budget: { ms: 2000 }, campaign, expected: [], notExplored: ['fault of a kind'] },
    constraints: () => undefined,
    replay: ({ execution }) => `apemu1.${execution}`,
    ...rest,
  };
}

const lastLine = (what: Exploration): string => exploreText(what, judgeExploration(what)).trimEnd().split('\n').at(-1)!;
const FOUND = { verdict: 'finding', failures: [failure('deadlock')] } as const;

describe('the verdict', () => {
  test.each([
    ['clean', exploration({}), { passed: true, open: false }, 'ok: nothing found in 12,345 schedules (678 distinct traces)'],
    ['exhausted', exploration({ verdict: 'exhausted' }), { passed: true, open: false }, 'ok: all 678 traces explored, nothing found'],
    [
      'undecided',
      exploration({ verdict: 'undecided' }),
      { passed: false, open: true },
      'UNDECIDED: nothing found so far in 12,345 schedules (678 distinct traces): the search was cut short',
    ],
    ['a finding', exploration(FOUND), { passed: false, open: false }, 'FAILED: 1 finding in 12,345 schedules: found: deadlock'],
    [
      'an expected finding',
      exploration(FOUND, {}, { expected: ['deadlock', 'lock-order'] }),
      { passed: true, open: false },
      'ok: 1 finding in 12,345 schedules, as the scenario expects of guests-lock',
    ],
    [
      'another finding than the expected one',
      exploration(FOUND, {}, { expected: ['leak'] }),
      { passed: false, open: false },
      'FAILED: 1 finding in 12,345 schedules: found what is not expected (deadlock)',
    ],
    [
      'an expected finding that is missing',
      exploration({}, {}, { expected: ['leak'] }),
      { passed: false, open: false },
      'FAILED: nothing found in 12,345 schedules (678 distinct traces): expected a finding (leak), found none',
    ],
    ["the same in Linux lockdep's view", exploration({}, {}, { expected: ['leak'], strict: true }), { passed: true, open: false }, /^ok: /],
    [
      'a program that is not deterministic',
      exploration({ unstable: ['execution 3: something'] }),
      { passed: false, open: true },
      /^UNDECIDED: .*1 execution came out otherwise when made again$/,
    ],
    ['an interruption', exploration({}, { interrupted: true }), { passed: false, open: false }, /^interrupted: nothing found in 12,345/],
  ] as const)('of %s', (_case, what, verdict, line) => {
    expect(judgeExploration(what)).toMatchObject(verdict);
    if (typeof line === 'string') expect(lastLine(what)).toBe(line);
    else expect(lastLine(what)).toMatch(line);
  });
});

test('figures, bounds and what was left out are told, within the width', () => {
  const what = exploration({ redundant: 45, endless: 6, rechecked: 7 }, {}, { notExplored: ['words '.repeat(60).trim()] });
  const text = exploreText(what, judgeExploration(what));
  expect(text).toContain('schedules: 12,345, 45 of them cut as redundant, 6 without an end, 7 made twice; 2.0 steps each, 6,173 a second');
  expect(text).toContain('traces: 678 distinct; 90 hand-overs, 12 lock dependencies');
  expect(text).toContain('estimate: about 3.0e+12 schedules in all (standard error 1.0e+11)');
  expect(text).toContain('within: at most 100 steps an execution');
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
});

test('a finding comes with its schedule and the token, a confirmed prediction beside it', () => {
  const predicted = [failure('lock-order')];
  const what = exploration(FOUND, { predicted, confirmation: { outcome: 'confirmed', schedules: 3 } });
  const text = exploreText(what, judgeExploration(what));
  expect(text).toContain('\nFinding 1 of 2: deadlock\n');
  expect(text).toContain('\nFinding 2 of 2: predicted and confirmed: lock-order\n');
  expect(text).toContain('\nreplay: apemu replay apemu1.17\n');
  expect(text).toContain('the deadlock that the lock order predicts was found 3 schedules later');
});

test.each([
  ['refuted', 'the deadlock that the lock order predicts is in none of all 40 schedules of this scenario'],
  ['open', 'the deadlock that the lock order predicts was not met in 40 more schedules'],
] as const)('a prediction that was %s', (outcome, text) => {
  const what = exploration({ ...FOUND, failures: [failure('lock-order')] }, { confirmation: { outcome, schedules: 40 } });
  expect(exploreText(what, judgeExploration(what))).toContain(text);
});

test('the JSON has the fields that scripts rely on, and the finding only where there is one', () => {
  const json = (what: Exploration): Record<string, unknown> =>
    JSON.parse(exploreJson(what, judgeExploration(what))) as Record<string, unknown>;
  expect(json(exploration({}))).toMatchObject({
    ...{ scenario: 'small', design: 'guests-lock', strategy: 'portfolio', seed: 5, verdict: 'clean', schedules: 12_345, steps: 24_690 },
    ...{ schedulesPerSecond: 6172.5, bounds: RESULT.bounds, coverage: RESULT.coverage, estimate: RESULT.estimate, findings: [] },
  });
  expect(json(exploration({}))).not.toHaveProperty('finding');
  expect(json(exploration(FOUND))['finding']).toMatchObject({
    ...{ kind: 'deadlock', title: 'a deadlock of two tasks', tasks: ['a', 'b'], steps: 4, replay: 'apemu1.17', switches: 2 },
  });
});

test('progress is one line of figures', () => {
  const progress = { schedules: 1234, traces: 345, estimate: 1.25e10, perSecond: 385.4, failures: 0, strategy: 'pos' };
  expect(exploreProgressText(progress, 3200)).toBe(
    '3.200 s: 1,234 schedules, 345 distinct, about 1.3e+10 in all, 385 a second, nothing found (pos)',
  );
  expect(exploreProgressText({ ...progress, traces: null, estimate: null, failures: 2, schedules: 1 }, 0)).toBe(
    '0.000 s: 1 schedule, 385 a second, 2 findings (pos)',
  );
  expect(exploreProgressText(null, 100)).toBe('0.100 s: starting');
});
