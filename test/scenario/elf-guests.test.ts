/**
 * Goal: the example of two guests in machine code does all of its work while their adapters are unplugged and returned, on both runtimes,
 * always alike for a seed; and under churn programs begin anew without anything left behind.
 */
import { describe, expect, test } from 'vitest';
import { loadScenario, loadScenarioFile } from '../../src/scenario/load.ts';
import type { RunReport } from '../../src/scenario/run-report.ts';
import { ScenarioRun, type RunOptions } from '../../src/scenario/run-scenario.ts';
import { scenarioText } from '../../src/scenario/scenario-text.ts';
import { fewerVcpus, shorterWorkload } from '../../src/scenario/smaller-guests.ts';
import { dataOf, hostWith, runScenario, withMain } from '../guest/s390x/program-run.ts';

const scenario = loadScenarioFile(new URL('../../scenarios/elf-guests.yaml', import.meta.url).pathname);

function run(options: Partial<RunOptions>): Promise<RunReport> {
  const { design } = scenario;
  return new ScenarioRun({
    scenario,
    design,
    seed: 1,
    runtime: 'controlled',
    mode: 'run',
    logger: { level: 'silent' },
    ...options,
  }).start();
}

/** Every operation verified by both programs, each of which has lost its queue once. */
function allDone(report: RunReport): void {
  expect(report).toMatchObject({ ok: true, outcome: 'done', findings: [], quiescence: { clean: true } });
  expect(report.events.map(({ result }) => result)).toEqual(Array.from({ length: 6 }, () => 'ok'));
  for (const { operations, errors, code } of report.guests) {
    expect({ operations, errors }).toEqual({ operations: 24, errors: 0 });
    expect(code).toMatchObject({ program: 'interrupt-loop', result: 'passed', status: 1, unimplemented: {} });
    expect(code?.console).toMatch(/^24 operations verified, \d+ interruptions, begun anew [1-9]\d* times\n/m);
    expect(code?.interruptions['I/O']).toBeGreaterThan(10);
  }
}

describe('two guests in machine code whose adapters are unplugged and returned', () => {
  test('verify every operation on virtual time, and one seed is one run', async () => {
    const report = await run({ seed: 3 });
    allDone(report);
    expect(JSON.stringify(await run({ seed: 3 }))).toBe(JSON.stringify(report));
  });

  test('verify every operation on real time', async () => allDone(await run({ runtime: 'live' })));

  test.each<[string, Partial<RunOptions>]>([
    ['virtual time', { steps: 6000 }],
    ['real time', { runtime: 'live', limitMs: 1000 }],
  ])('leave nothing behind under churn, on %s', async (_name, more) => {
    const report = await run({ mode: 'stress', ...more });
    expect(report).toMatchObject({ ok: true, outcome: 'done', findings: [], quiescence: { clean: true } });
  });
});

test('a program that ends begins anew under churn, also on several CPUs, and how it ends does not matter', async () => {
  const failing = withMain('main:\n  lghi %r2,1\n  br %r14\n');
  const text = hostWith([`{ elf: ${dataOf(failing)}, mem: 1M }`], { vcpus: 2 });
  const report = await runScenario(text, { mode: 'stress', steps: 4000 });
  expect(report).toMatchObject({ ok: true, outcome: 'done', findings: [], quiescence: { clean: true } });
  expect(report.guests[0]?.code?.restarts).toBeGreaterThan(2);
  expect(report.guests[0]?.errors).toBe(0);
});

test('a smaller scenario with machine code is one that loads, and keeps its programs as they are', () => {
  const more = { ...scenario, host: { ...scenario.host, guests: scenario.host.guests.map((guest) => ({ ...guest, vcpus: 3 })) } };
  const smaller = [...fewerVcpus(more)];
  expect(smaller.length).toBeGreaterThan(0);
  for (const { scenario: candidate } of smaller) expect(loadScenario(scenarioText(candidate), 'x.yaml').host).toEqual(candidate.host);
  expect([...shorterWorkload(more)]).toEqual([]);
});
