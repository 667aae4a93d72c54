/**
 * What is left of a scenario when everything is left out that a failure does not need: as text, and for the JSON. No kernel counterpart.
 */
import { tokenOf } from '../campaign/replayable.ts';
import type { SmallerScenario } from '../campaign/smaller-scenario.ts';
import type { ScenarioFigures } from '../scenario/scenario-figures.ts';
import { count, wrapText } from './layout.ts';
import { PLAIN, type Paint } from './paint.ts';

/** With the scenario itself, unless a file keeps it. */
export function smallerLines(smaller: SmallerScenario | null, kept?: string, paint: Paint = PLAIN): string[] {
  const [head, ...rest] = wrapText(`smaller scenario: ${resultText(smaller, kept)}`, '', '  ');
  const lines = ['', paint.bold(head!), ...rest];
  if (smaller === null || smaller.dropped.length === 0) return lines;
  const left = smaller.dropped.flatMap((what) => wrapText(`without ${what}`, '  ', '    '));
  if (kept !== undefined) return [...lines, ...left];
  return [...lines, ...left, '', ...smaller.unit.scenario.text.trimEnd().split('\n')];
}

function resultText(smaller: SmallerScenario | null, kept: string | undefined): string {
  if (smaller === null) return 'none, as the schedule alone does not bring the finding about';
  const { dropped, executions, figures, from } = smaller;
  const tried = count(executions, 'execution');
  if (dropped.length === 0) return `none, as nothing could be left out of ${figuresText(from)} (${tried})`;
  const where = kept === undefined ? '' : `, kept in ${kept}`;
  return `${figuresText(figures)} (from ${figuresText(from)}) after ${tried}${where}`;
}

const figuresText = ({ events, guests, vcpus }: ScenarioFigures): string =>
  [count(events, 'event'), count(vcpus, 'vCPU'), count(guests, 'guest')].join(', ');

export function smallerJson({ unit, figures, from, dropped, executions, failure }: SmallerScenario): object {
  const { scenario } = unit;
  const { finding, steps, switches } = failure;
  const { kind, title } = finding;
  // Its token is good for the file of that name, once somebody has written it.
  const replay = tokenOf(unit, failure);
  return { scenario, ...figures, from, dropped, executions, finding: { kind, title, steps, switches, replay } };
}
