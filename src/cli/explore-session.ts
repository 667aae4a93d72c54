/**
 * One exploration from its settings to the exit code: progress while it goes on, Ctrl-C, the report in the end. No kernel counterpart.
 */
import { runCampaign, type CampaignResult } from '../campaign/campaign.ts';
import { programOf } from '../campaign/explore-unit.ts';
import { replayText, tokenOf } from '../campaign/replayable.ts';
import { shrinkFailures, type ShrunkCampaign } from '../campaign/shrunk.ts';
import { smallerScenario, type SmallerScenario } from '../campaign/smaller-scenario.ts';
import type { Progress } from '../explore/explorer.ts';
import type { FailingSchedule } from '../explore/result.ts';
import { allFailures, judgeExploration, type Exploration, type ExploreVerdict } from '../report/exploration.ts';
import { exploreJson } from '../report/explore-json.ts';
import { exploreProgressText, exploreText } from '../report/explore-text.ts';
import { bootProblem, unexplored } from '../scenario/scenario-program.ts';
import { EXIT_FOUND, EXIT_INTERRUPTED, EXIT_OK, EXIT_UNDECIDED } from './exit-code.ts';
import type { ExploreSettings } from './explore-settings.ts';
import { Interrupts, type SignalSource } from './interrupt.ts';
import { SaveFile } from './save-file.ts';
import { StatusLine } from './status-line.ts';
import { paintFor, writeOut, type Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';
import { packageVersion } from './version.ts';

export interface ExplorePorts {
  readonly terminal: Terminal;
  readonly signals: SignalSource;
}

export async function exploreSession(settings: ExploreSettings, { terminal, signals }: ExplorePorts): Promise<number> {
  const { scenario, plan, json } = settings;
  const save = settings.save === undefined ? null : new SaveFile('apemu explore', settings.save);
  const problem = await bootProblem(programOf(plan.unit));
  if (problem !== null) throw new UsageError(`${scenario.source}: ${problem.message}`);
  const found = await follow(settings, { terminal, signals });
  const exploration = explorationOf(settings, found);
  const verdict = judgeExploration(exploration);
  await writeOut(terminal.stdout, json ? exploreJson(exploration, verdict) : exploreText(exploration, verdict, paintFor(terminal)));
  const complaint = save === null ? null : await keep(save, settings, found);
  if (complaint !== null) terminal.stderr.write(`apemu explore: ${complaint}\n`);
  const code = exitCode(found.campaign, verdict);
  return code === EXIT_OK && complaint !== null ? EXIT_FOUND : code;
}

/** With the smaller scenario, where one was asked for and there is a finding. */
type Found = ShrunkCampaign & { readonly smaller?: SmallerScenario | null };

function explorationOf(settings: ExploreSettings, { campaign, constraints, smaller }: Found): Exploration {
  const { scenario, plan, quirks, strict, expected, save } = settings;
  const { unit, budget, workers } = plan;
  return {
    ...{
      scenario: scenario.name,
      design: unit.design,
      quirks,
      strategy: unit.strategy,
      seed: unit.seed,
      workers,
      strict,
      budget,
      campaign,
      expected,
    },
    notExplored: unexplored(scenario),
    constraints: (failure) => constraints.get(failure),
    replay: (failure) => tokenOf(unit, failure),
    ...(smaller === undefined ? {} : { smaller }),
    ...(save === undefined ? {} : { kept: save }),
  };
}

async function follow({ plan, quiet, shrink }: ExploreSettings, { terminal, signals }: ExplorePorts): Promise<Found> {
  let progress: Progress | null = null;
  let stopped = false;
  const status = new StatusLine(terminal.stderr, (ms) => exploreProgressText(progress, ms), !quiet);
  const stop = (): void => {
    stopped = true;
    status.above('apemu: interrupted, reporting what was explored so far (again to leave at once)\n');
  };
  const interrupts = new Interrupts(signals, { stop, stalled: () => undefined });
  const onProgress = (now: Progress): void => {
    progress = now;
  };
  try {
    const found = await runCampaign(plan, { onProgress, interrupted: () => stopped });
    const shrunk = await shrinkFailures(found, plan.unit, () => stopped);
    const [first]: readonly (FailingSchedule | undefined)[] = allFailures(shrunk.campaign);
    if (!shrink || first === undefined || stopped) return shrunk;
    return { ...shrunk, smaller: await smallerScenario(plan.unit, first, () => stopped) };
  } finally {
    interrupts.close();
    status.stop();
  }
}

/** Keeps the schedule of the first failure, in the smaller scenario if there is one; answers what went wrong. */
async function keep(save: SaveFile, { plan }: ExploreSettings, { campaign, smaller }: Found): Promise<string | null> {
  const [first]: readonly (FailingSchedule | undefined)[] = allFailures(campaign);
  if (first === undefined) {
    save.discard();
    return null;
  }
  const { unit, failure } = smaller ?? { unit: plan.unit, failure: first };
  return save.write(await replayText(unit, failure, { apemu: packageVersion(), node: process.version }));
}

function exitCode({ interrupted }: CampaignResult, { passed, open }: ExploreVerdict): number {
  if (interrupted) return EXIT_INTERRUPTED;
  if (open) return EXIT_UNDECIDED;
  return passed ? EXIT_OK : EXIT_FOUND;
}
