/**
 * The generated part of the page of a design: its order, what exploration finds in each scenario of the history, its shortest failure.
 */
import { shrinkFailures } from '../../src/campaign/shrunk.ts';
import { isPrediction } from '../../src/campaign/unit.ts';
import type { Constraint } from '../../src/explore/constraints.ts';
import type { FailingSchedule } from '../../src/explore/result.ts';
import type { FindingKind } from '../../src/locks/finding.ts';
import { count, wrapText } from '../../src/report/layout.ts';
import { scheduleLines } from '../../src/report/schedule-text.ts';
import { RULE } from '../../src/report/splat.ts';
import { declaredOrder, orderTree } from './declared-order.ts';
import { historyCells, kindsOf, PROOF, PROOF_SCHEDULES, SEED, type HistoryCell } from './history-cells.ts';

/** Told in this order; the others follow as they are found, and what is only predicted comes last. */
const TELLING: readonly FindingKind[] = ['deadlock', 'hung-task', 'use-after-free', 'data-race', 'stale-write'];
/** Round numbers age more slowly. */
const BUDGETS = [10, 100, 1000, 3000];

export async function designPart(design: string): Promise<string[]> {
  const cells = await historyCells(design);
  const failing = await mostTelling(cells);
  return [
    '## Explored',
    '',
    'The order that the design declares; lockdep knows it from the start:',
    '',
    ...fenced(orderTree(declaredOrder(design))),
    '',
    ...verdicts(cells),
    ...(failing === null ? [] : ['', ...failurePart(failing)]),
  ];
}

const fenced = (lines: readonly string[]): string[] => ['```text', ...lines, '```'];

function verdicts(cells: readonly HistoryCell[]): string[] {
  const failing = cells.filter(({ result }) => result.failures.length > 0);
  const proven = cells.filter(({ result }) => result.verdict === 'exhausted');
  const where = `${cells.length} scenarios of \`scenarios/history\` that fit it`;
  const head = failing.length === 0 ? `Nothing is found in any of the ${where}` : `It fails in ${failing.length} of the ${where}`;
  const proof =
    proven.length === 0 ? '' : `; every trace of ${proven.length} was explored (\`--strategy ${PROOF} --budget ${PROOF_SCHEDULES}\`)`;
  return [
    `${head}${proof}.`,
    '',
    '| scenario | explored |',
    '|---|---|',
    ...cells.map((cell) => `| \`${cell.scenario.name}\` | ${verdict(cell)} |`),
  ];
}

function verdict({ expected, result }: HistoryCell): string {
  const found = kindsOf(result.failures).toSorted(byTelling);
  const missing = expected.filter((kind) => !found.includes(kind));
  const others = found.filter((kind) => !expected.includes(kind));
  const differs = [
    ...(missing.length === 0 ? [] : [`expects ${missing.join(', ')}`]),
    ...(others.length === 0 ? [] : [`does not expect ${others.join(', ')}`]),
  ];
  const told = found.length === 0 ? nothingFound(result) : `**${found.join(', ')}**`;
  return differs.length === 0 ? told : `${told} (the scenario ${differs.join(' and ')})`;
}

function nothingFound(result: HistoryCell['result']): string {
  if (result.verdict !== 'exhausted') return `nothing found in ${count(result.schedules, 'schedule')}`;
  const { traces } = result.coverage;
  return traces === 1 ? 'the only trace explored, nothing found' : `all ${traces} traces explored, nothing found`;
}

const rank = (kind: FindingKind): number =>
  isPrediction({ kind }) ? Infinity : TELLING.includes(kind) ? TELLING.indexOf(kind) : TELLING.length;
const byTelling = (a: FindingKind, b: FindingKind): number => (rank(a) === rank(b) ? 0 : rank(a) - rank(b));

interface Failing {
  readonly cell: HistoryCell;
  /** As short as it gets. */
  readonly failure: FailingSchedule;
  readonly constraints: readonly Constraint[] | undefined;
}

/** The deadlock if there is one; of several the one with the fewest steps. One that needs no interleaving says less of a locking design. */
async function mostTelling(cells: readonly HistoryCell[]): Promise<Failing | null> {
  const all = cells.flatMap((cell) => cell.result.failures.map((failure) => ({ cell, failure })));
  const sorted = all.toSorted((a, b) => byTelling(a.failure.finding.kind, b.failure.finding.kind) || a.failure.steps - b.failure.steps);
  let first: Failing | null = null;
  for (const { cell, failure } of sorted) {
    const shrunk = await shrunkOf(cell, failure);
    if (shrunk.failure.switches > 0) return shrunk;
    first ??= shrunk;
  }
  return first;
}

async function shrunkOf(cell: HistoryCell, failure: FailingSchedule): Promise<Failing> {
  const found = { result: { ...cell.result, failures: [failure] }, predicted: [], confirmation: null, interrupted: false };
  const { campaign, constraints } = await shrinkFailures(found, cell.unit, () => false);
  const [shrunk] = campaign.result.failures;
  return { cell, failure: shrunk!, constraints: constraints.get(shrunk!) };
}

function failurePart({ cell: { scenario, unit }, failure, constraints }: Failing): string[] {
  const { finding, steps, switches, execution } = failure;
  const budget = BUDGETS.find((schedules) => schedules >= execution);
  const command = `npx apemu explore scenarios/history/${scenario.name}.yaml --design ${unit.design} --seed ${SEED} --all --budget ${budget}`;
  return [
    `The shortest schedule to the ${finding.kind} in \`${scenario.name}\`, ${count(steps, 'step')} with ${count(switches, 'switch', 'switches')}:`,
    '',
    ...fenced([...scheduleOnly(scheduleLines(failure, constraints === undefined ? {} : { constraints })), ...titleLines(failure)]),
    '',
    'With the whole report, and a token that replays it:',
    '',
    '```sh',
    command,
    '```',
  ];
}

/** Without how it was found and without the report, which names lines of the sources. */
function scheduleOnly(lines: readonly string[]): string[] {
  const from = lines.indexOf('') + 1;
  return lines.slice(from, lines.indexOf(RULE));
}

function titleLines({ finding: { kind, title, cycle = [] } }: FailingSchedule): string[] {
  const ring = cycle.length === 0 ? [] : wrapText([cycle[0]!.from, ...cycle.map(({ to }) => to)].join(' --> '), '  ');
  const said = title.startsWith(kind) ? title : `${kind}: ${title}`;
  return [...wrapText(said, ''), ...ring];
}
