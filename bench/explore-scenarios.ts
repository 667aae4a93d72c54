/**
 * What exploring the model costs: schedules per second of nine tasks of vfio_ap with everything on, two workers against one, and for each case
 * of the bug corpus how many schedules the portfolio needs until it finds it.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { runCampaign } from '../src/campaign/campaign.ts';
import { exploreUnit } from '../src/campaign/explore-unit.ts';
import type { CampaignUnit } from '../src/campaign/unit.ts';
import { loadScenarioFile } from '../src/scenario/load.ts';
import { median, type Figure } from './measure.ts';

const NINE_TASKS = 'scenarios/nine-tasks.yaml';
const CORPUS = 'scenarios/corpus';
/** Until the code is as fast as it gets. */
const WARM_UP = 6000;
const MEASURED = 3000;
const ROUNDS = 5;
/** Schedules of a short and of a long campaign. */
const SHORT = 12_000;
const LONG = 32_000;
const SEEDS = 20;
const LIMIT = 5000;

function unitOf(file: string, searchSeed = 1): CampaignUnit {
  const text = readFileSync(file, 'utf8');
  const { design } = loadScenarioFile(file);
  return {
    ...{ scenario: { text, source: file }, design, quirks: null, strategy: 'portfolio', seed: 1, searchSeed },
    ...{ wanted: 'all', collect: false },
  };
}

async function nineTasks(): Promise<Figure[]> {
  const unit: CampaignUnit = { ...unitOf(NINE_TASKS), strategy: 'random' };
  await exploreUnit(unit, { schedules: WARM_UP });
  const rates: number[] = [];
  let steps = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const cpu = process.cpuUsage();
    const { result } = await exploreUnit({ ...unit, searchSeed: round + 2 }, { schedules: MEASURED });
    const { user, system } = process.cpuUsage(cpu);
    if (result.verdict !== 'clean') throw new Error(`expected ${NINE_TASKS} to be clean, found ${result.verdict}`);
    rates.push(MEASURED / ((user + system) / 1000));
    steps = result.steps / result.schedules;
  }
  const note = `${steps.toFixed(0)} steps each after the boot; per second of CPU time, invariants, lockdep, wait-for, traces on`;
  return [{ name: 'nine tasks of vfio_ap, thousand schedules a second', value: median(rates), goal: { atLeast: 10 }, note }];
}

async function workers(): Promise<Figure[]> {
  const unit: CampaignUnit = { ...unitOf(NINE_TASKS), strategy: 'random' };
  const took = async (count: number, schedules: number): Promise<number> => {
    const since = performance.now();
    await runCampaign({ unit, budget: { schedules }, workers: count });
    return performance.now() - since;
  };
  // A thread needs some thousand schedules until its code is compiled: what counts in a long campaign is what each further one takes.
  const further = async (count: number): Promise<number> => (await took(count, LONG)) - (await took(count, SHORT));
  const [one, two] = [await further(1), await further(2)];
  const whole = (await took(1, SHORT)) / (await took(2, SHORT));
  const note = `${whole.toFixed(2)} times for a campaign of ${SHORT} schedules, start of the threads and compilation included`;
  return [{ name: 'two workers, times one thread, after warm-up', value: one / two, goal: { atLeast: 1.7 }, note }];
}

async function corpusCase(file: string): Promise<Figure> {
  const needed: number[] = [];
  let missed = 0;
  let kinds = '';
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { result } = await exploreUnit(unitOf(`${CORPUS}/${file}`, seed), { schedules: LIMIT });
    const [first] = result.failures;
    if (first === undefined) missed++;
    else needed.push(first.execution);
    kinds ||= first?.finding.kind ?? '';
  }
  const mean = needed.reduce((sum, n) => sum + n, 0) / Math.max(needed.length, 1);
  const note = `${kinds}; at most ${Math.max(...needed, 0)}${missed > 0 ? `; not found within ${LIMIT} by ${missed} of ${SEEDS} seeds` : ''}`;
  return { name: `corpus ${file.replace('.yaml', '')}, schedules to the first finding`, value: mean, goal: { atMost: LIMIT / 10 }, note };
}

export async function exploreScenarios(): Promise<Figure[]> {
  const figures = [...(await nineTasks()), ...(await workers())];
  for (const file of readdirSync(CORPUS).toSorted()) figures.push(await corpusCase(file));
  return figures;
}
