/**
 * One scenario in many schedules: random walks under the controlled runtime, one a seed, and what they find.
 */
import type { Finding } from '../../src/locks/finding.ts';
import { ScenarioRun } from '../../src/scenario/run-scenario.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import type { QuirkName } from '../../src/vfio-ap/quirks.ts';

async function findingsOf(scenario: Scenario, seed: number, quirks: readonly QuirkName[]): Promise<readonly Finding[]> {
  const options = { design: scenario.design, runtime: 'controlled', mode: 'run', logger: { level: 'silent' } } as const;
  const report = await new ScenarioRun({ ...options, scenario, seed, quirks }).start();
  if (!report.ok && report.findings.length === 0)
    throw new Error(`seed ${seed}: the run ended as ${report.outcome}, not ok, without a finding`);
  return report.findings;
}

/** What the first schedule that finds anything finds; nothing when none of them does. */
export async function firstFindings(scenario: Scenario, quirks: readonly QuirkName[], seeds: number): Promise<readonly Finding[]> {
  for (let seed = 1; seed <= seeds; seed++) {
    const findings = await findingsOf(scenario, seed, quirks);
    if (findings.length > 0) return findings;
  }
  return [];
}
