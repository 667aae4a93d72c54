/**
 * A failing schedule as something to hand on: a token for a log, or a text that holds all of it, the scenario too. And back again.
 * No kernel counterpart.
 */
import { MAX_STEPS } from '../explore/explorer.ts';
import { writeReplay, type ReplayFile } from '../explore/replay-file.ts';
import { choicesOf, type Recording } from '../explore/replay-recording.ts';
import { runRecorded } from '../explore/replay-run.ts';
import type { FailingSchedule } from '../explore/result.ts';
import { checkScenario, decodeToken, encodeToken, scenarioHash, TokenDamagedError } from '../explore/token.ts';
import { ReplayStrategy } from '../runtime/replay-strategy.ts';
import { programOf } from './explore-unit.ts';
import { isPrediction, type CampaignUnit, type Wanted } from './unit.ts';

/** What is to be replayed: a unit, without what only a search needs. */
export type ReplayUnit = Pick<CampaignUnit, 'scenario' | 'design' | 'quirks' | 'seed' | 'wanted'>;

export interface Replayable {
  readonly unit: ReplayUnit;
  readonly maxSteps: number;
  readonly choices: readonly number[];
  /** Null: of a token, which knows no more than the choices. */
  readonly recording: Recording | null;
  /** Kind of the finding that the schedule led to, and a hash of its key. */
  readonly kind: string;
  readonly key: string;
}

export function tokenOf({ scenario, design, quirks, seed, wanted }: ReplayUnit, { choices, finding }: FailingSchedule): string {
  const header = {
    ...{ scenario: scenario.source, hash: scenarioHash(scenario.text), design },
    // Absent and empty differ: the scenario's, and none.
    ...(quirks === null ? {} : { quirks: quirks.join(',') }),
    ...{ wanted, kind: finding.kind, key: scenarioHash(finding.key) },
  };
  return encodeToken({ header, seed, maxSteps: MAX_STEPS, releaseSteps: 'declared', choices });
}

/** `read` answers the text of a scenario by the name in the token. Throws TokenError, and whatever `read` throws. */
export function fromToken(token: string, read: (source: string) => string): Replayable {
  const { header, seed, maxSteps, choices } = decodeToken(token);
  const { scenario: source, hash, design, quirks, wanted, kind, key } = header;
  if (source === undefined || hash === undefined || design === undefined || kind === undefined || key === undefined || !isWanted(wanted))
    throw new TokenDamagedError(
      `expected scenario, hash, design, wanted, kind and key in it, got ${Object.keys(header).join(', ') || 'nothing'}`,
    );
  const text = read(source);
  checkScenario(source, hash, text);
  const unit = { scenario: { text, source }, design, quirks: quirks === undefined ? null : listOf(quirks), seed, wanted };
  return { unit, maxSteps, choices, recording: null, kind, key };
}

/** The text of a replay file. */
export async function replayText(unit: ReplayUnit, failure: FailingSchedule, versions: Readonly<Record<string, string>>): Promise<string> {
  const { finding, choices, strategy } = failure;
  const { scenario, design, quirks, seed, wanted } = unit;
  const program = programOf(unit);
  const { recording } = await runRecorded(program, {
    settings: { seed, maxSteps: MAX_STEPS, maps: wanted !== 'lockdep' },
    strategy: new ReplayStrategy(choices),
    wanted: isAgain({ kind: finding.kind, key: scenarioHash(finding.key) }),
    detail: { validate: true, places: false },
  });
  const { kind, key, title } = finding;
  const header = { program: program.name, design, quirks, seed, wanted, strategy, maxSteps: MAX_STEPS, finding: { kind, key, title } };
  return writeReplay({ header: { ...header, ...versions, scenario }, recording });
}

/** Throws TypeError when the header lacks what a scenario needs. */
export function fromFile({ header, recording }: ReplayFile): Replayable {
  const { design, seed, wanted, maxSteps, quirks, scenario, finding } = header;
  const { text, source } = (scenario ?? {}) as { text?: unknown; source?: unknown };
  const known = typeof design === 'string' && typeof seed === 'number' && typeof maxSteps === 'number' && isWanted(wanted);
  if (!known || typeof text !== 'string' || typeof source !== 'string' || !(quirks === null || Array.isArray(quirks)))
    throw new TypeError('expected design, quirks, seed, wanted, maxSteps and the scenario in the header');
  const unit: ReplayUnit = { scenario: { text, source }, design, quirks: quirks as ReplayUnit['quirks'], seed, wanted };
  return { unit, maxSteps, choices: choicesOf(recording), recording, kind: finding.kind, key: scenarioHash(finding.key) };
}

/** Is this what the recorded schedule led to? What it did not stop at, because it was known by then, is no reason to stop now. */
export function isAgain({ kind, key }: Pick<Replayable, 'kind' | 'key'>): (finding: FailingSchedule['finding']) => boolean {
  // A cycle may be described from another of its sides.
  if (isPrediction({ kind })) return (finding) => finding.kind === kind;
  return (finding) => finding.kind === kind && scenarioHash(finding.key) === key;
}

const WANTED: readonly Wanted[] = ['all', 'deadlocks', 'lockdep'];
const isWanted = (value: unknown): value is Wanted => WANTED.some((wanted) => wanted === value);

/** Checked by whoever loads the scenario: a name that is no defect switches on nothing. */
const listOf = (text: string): NonNullable<ReplayUnit['quirks']> =>
  (text === '' ? [] : text.split(',')) as unknown as NonNullable<ReplayUnit['quirks']>;
