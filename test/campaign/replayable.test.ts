/**
 * Goal: a failing schedule that is handed on, as a token or as a file, fails again elsewhere, and what cannot is refused with a reason.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { runCampaign } from '../../src/campaign/campaign.ts';
import { replay, replayUntil } from '../../src/campaign/replay.ts';
import { fromFile, fromToken, replayText, tokenOf } from '../../src/campaign/replayable.ts';
import { readReplay } from '../../src/explore/replay-file.ts';
import type { FailingSchedule } from '../../src/explore/result.ts';
import { TokenDamagedError, TokenStaleError, encodeToken } from '../../src/explore/token.ts';
import { THREE_WAYS, unit } from './small-scenario.ts';

const WHAT = unit(THREE_WAYS, { design: 'global-mutex' });
const read = (): string => THREE_WAYS;
let deadlock: FailingSchedule;
let prediction: FailingSchedule;

beforeAll(async () => {
  const { result, predicted } = await runCampaign({ unit: WHAT, budget: { schedules: 3000 }, workers: 1 });
  [deadlock, prediction] = [result.failures[0]!, predicted[0]!];
});

describe('a token', () => {
  test('brings back the deadlock, although a lock order is broken on the way', async () => {
    const what = fromToken(tokenOf(WHAT, deadlock), read);
    expect(what).toMatchObject({ unit: { design: 'global-mutex', seed: 7, quirks: null }, kind: 'deadlock', recording: null });
    const outcome = await replay(what, { lenient: false });
    expect(outcome).toMatchObject({ verdict: 'reproduced', diverged: null, steps: deadlock.steps });
    expect(outcome.failure!.finding.title).toBe(deadlock.finding.title);
  });

  test('of a broken lock order brings back that', async () => {
    const outcome = await replay(fromToken(tokenOf(WHAT, prediction), read), { lenient: false });
    expect(outcome).toMatchObject({ verdict: 'reproduced', failure: { finding: { kind: 'lock-order' } } });
  });

  test('keeps the defects that were chosen apart from those of the scenario', () => {
    const with_ = (quirks: typeof WHAT.quirks) => fromToken(tokenOf({ ...WHAT, quirks }, deadlock), read).unit.quirks;
    expect([with_(null), with_([]), with_(['Q2', 'Q3'])]).toEqual([null, [], ['Q2', 'Q3']]);
  });

  test('is stale when the scenario has another text', () => {
    expect(() => fromToken(tokenOf(WHAT, deadlock), () => `${THREE_WAYS}\n# more`)).toThrow(TokenStaleError);
  });

  test('without the fields of a scenario is none of ours', () => {
    const token = encodeToken({ header: { program: 'x' }, seed: 1, maxSteps: 1, releaseSteps: 'declared', choices: [] });
    expect(() => fromToken(token, read)).toThrow(TokenDamagedError);
  });

  test('says where it diverges when somebody is to go on who cannot', async () => {
    const choices = [...deadlock.choices.slice(0, 3), 4711];
    const what = fromToken(tokenOf(WHAT, { ...deadlock, choices }), read);
    const outcome = await replay(what, { lenient: false });
    expect(outcome).toMatchObject({ verdict: 'diverged', failure: null });
    expect(outcome.diverged).toMatch(/^replay diverged at choice 3: expected 4711 to be able to run, got /);
  });
});

test('a schedule that ends early, or without its finding, is told apart', async () => {
  const what = fromToken(tokenOf({ ...WHAT, design: 'guests-lock' }, deadlock), read);
  const outcome = await replay(what, { lenient: false });
  expect(outcome.failure).toBeNull();
  expect(outcome.verdict).not.toBe('reproduced');
});

describe('a file', () => {
  test('holds everything that the replay needs', async () => {
    const text = await replayText(WHAT, deadlock, { apemu: '9.9.9' });
    const what = fromFile(readReplay(text));
    expect(what.unit).toEqual({ scenario: WHAT.scenario, design: 'global-mutex', quirks: null, seed: 7, wanted: 'all' });
    expect(what.choices).toEqual(deadlock.choices);
    expect(JSON.parse(text.split('\n')[0]!)).toMatchObject({ apemu: '9.9.9', finding: { kind: 'deadlock' } });
    expect(await replay(what, { lenient: false })).toMatchObject({ verdict: 'reproduced', diverged: null });
  });

  test('that names other steps diverges strictly and still leads there leniently', async () => {
    const text = await replayText(WHAT, deadlock, {});
    const renamed = fromFile(readReplay(text.replace(/\tstart pv$/m, '\tbegin pv')));
    const strict = await replay(renamed, { lenient: false });
    expect(strict.verdict).toBe('diverged');
    expect(strict.diverged).toMatch(/expected pv \(\d+\): begin pv; got/);
    const lenient = await replay(renamed, { lenient: true });
    expect(lenient).toMatchObject({ verdict: 'reproduced', failure: { finding: { kind: 'deadlock' } } });
    expect(lenient.skipped + lenient.added).toBeGreaterThan(0);
  });

  test('without its scenario is refused', async () => {
    const { header, recording } = readReplay(await replayText(WHAT, deadlock, {}));
    expect(() => fromFile({ header: { ...header, scenario: undefined }, recording })).toThrow(TypeError);
  });
});

test('the state at a step shows who holds and waits for what, and at the end the deadlock', async () => {
  const what = fromToken(tokenOf(WHAT, deadlock), read);
  const end = await replayUntil(what, 100_000);
  expect(end).toMatchObject({ steps: deadlock.steps, diverged: null });
  const states = Object.fromEntries(end.tasks.map(({ task, detail, behind }) => [task, { state: detail?.state, behind }]));
  for (const name of deadlock.finding.tasks) expect(states[name], name).toMatchObject({ state: 'blocked' });
  const begin = await replayUntil(what, 1);
  expect(begin.steps).toBe(1);
  expect(begin.tasks.map(({ next }) => next).filter((next) => next.startsWith('start'))).toHaveLength(2);
  expect(begin.tasks.flatMap(({ holds }) => holds)).toEqual([]);
});
