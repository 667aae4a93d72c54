/**
 * Strict replay of a recording: the same tasks, doing the same, with the same answers, step by step. Stops at the first difference and says
 * which it is.
 */
import { ReplayDiverged } from '../runtime/replay-strategy.ts';
import type { Runnable, Strategy } from '../runtime/strategy.ts';
import { whatNext, type RecordedValue, type Recording } from './replay-recording.ts';

/** A difference is shown with at most so many of those who could go on. */
const NAMED_MAX = 6;

export class StrictReplay implements Strategy {
  readonly asksAlways = true;
  private readonly recording: Recording;
  private step = -1;
  private value = 0;
  /** Position in the list of choices. */
  private position = 0;

  constructor(recording: Recording) {
    this.recording = recording;
  }

  /** Steps that the replay has not come to. */
  get left(): number {
    return this.recording.steps.length - this.step - 1;
  }

  choose(candidates: readonly Runnable[], n: number): number {
    this.checkValuesUsed();
    const entry = this.recording.steps[++this.step];
    this.value = 0;
    const able = candidates.slice(0, n);
    if (entry === undefined) throw this.diverged('nothing more', `${ableText(able)} to choose from`);
    const index = able.findIndex(({ id }) => id === entry.id);
    const expected = `${entry.name} (${entry.id}): ${entry.what}`;
    const found = able[index];
    if (found === undefined) throw this.diverged(expected, ableText(able));
    if (found.name !== entry.name || whatNext(found) !== entry.what) throw this.diverged(expected, whoText(found));
    if (entry.forced !== (n === 1))
      throw this.diverged(`${expected}${entry.forced ? ', and nobody else' : ', among others'}`, ableText(able));
    if (!entry.forced) this.position++;
    return index;
  }

  chooseValue(site: string, n: number): number {
    const expected = this.values()[this.value];
    if (expected === undefined) throw this.diverged('no data choice', `${site} of ${n}`);
    if (expected.site !== site || expected.n !== n) throw this.diverged(valueText(expected), `${site} of ${n}`);
    this.value++;
    this.position++;
    return expected.value;
  }

  private values(): readonly RecordedValue[] {
    return this.step < 0 ? this.recording.before : (this.recording.steps[this.step]?.values ?? []);
  }

  private checkValuesUsed(): void {
    const missing = this.values()[this.value];
    if (missing !== undefined) throw this.diverged(`the data choice ${valueText(missing)}`, 'the next step');
  }

  private diverged(expected: string, got: string): ReplayDiverged {
    return new ReplayDiverged(this.position, `expected ${expected}; got ${got} (step ${Math.max(this.step, 0) + 1})`);
  }
}

const whoText = (who: Runnable): string => `${who.name} (${who.id}): ${whatNext(who)}`;
const valueText = ({ site, n }: RecordedValue): string => `${site} of ${n}`;

function ableText(able: readonly Runnable[]): string {
  const names = able.slice(0, NAMED_MAX).map(whoText);
  return `${names.join(', ')}${able.length > NAMED_MAX ? ` and ${able.length - NAMED_MAX} more` : ''}`;
}
