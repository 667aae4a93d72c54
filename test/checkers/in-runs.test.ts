/**
 * Goal: the invariants of the specification are looked at again and again in a stress run and in an exploration, and what one of them says
 * is a finding of the run. Method: the checkers themselves are listened to; one of them is made to complain.
 */
import { afterEach, expect, test, vi } from 'vitest';
import { INVARIANTS } from '../../src/checkers/invariants.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { ScenarioRun } from '../../src/scenario/run-scenario.ts';
import { Explorer } from '../../src/explore/explorer.ts';
import { strategyByName } from '../../src/explore/strategies/registry.ts';
import { scenarioProgram } from '../../src/scenario/scenario-program.ts';

const SCENARIO = loadScenario(
  `host: { adapters: [{ id: 5, type: CEX8C }], domains: [4], apmask: "-5", serviceScale: 0 }
mdevs: [{ name: m1, adapters: [5], domains: [4] }]
guests: [{ name: g, mdev: m1, workload: { instructions: [aqic 05.0004] } }]
events:
  - { task: admin, write: [/sys/devices/vfio_ap/matrix/m1/unassign_domain, "4"] }
  - { task: admin, write: [/sys/devices/vfio_ap/matrix/m1/assign_domain, "4"] }
`,
  'small.yaml',
);
const LETTERS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];

/** Titles of what is found. */
const RUNS: Readonly<Record<string, () => Promise<string[]>>> = {
  'a stress run': async () => {
    const options = { design: 'guests-lock', seed: 1, runtime: 'controlled', mode: 'stress', steps: 1500 } as const;
    const report = await new ScenarioRun({ ...options, scenario: SCENARIO, logger: { level: 'silent' } }).start();
    return report.findings.map(({ title }) => title);
  },
  'an exploration': async () => {
    const program = scenarioProgram(SCENARIO, { design: 'guests-lock', seed: 1 });
    const search = strategyByName('random')!({ seed: 1, maxSteps: 10_000 });
    const settings = { program, search, seed: 1, maxSteps: 10_000, recheck: 0, budget: { schedules: 20 } };
    const { failures } = await new Explorer(settings).explore();
    return failures.map(({ finding }) => finding.title);
  },
};

afterEach(() => vi.restoreAllMocks());

test.each(Object.entries(RUNS))('%s looks at each invariant again and again', async (_what, run) => {
  const looks = INVARIANTS.map((checker) => ({ letter: checker.name.split(':')[0]!, spy: vi.spyOn(checker, 'check') }));
  expect(await run()).toEqual([]);
  for (const letter of LETTERS)
    expect([letter, looks.find((look) => look.letter === letter)!.spy.mock.calls.length > 100]).toEqual([letter, true]);
});

test.each(Object.keys(RUNS).flatMap((what) => INVARIANTS.map((checker) => ({ what, checker, name: checker.name }))))(
  '$what ends with what invariant $name says',
  async ({ what, checker, name }) => {
    vi.spyOn(checker, 'check').mockReturnValue('broken');
    expect(await RUNS[what]!()).toEqual([`invariant ${name}: broken`]);
  },
);
