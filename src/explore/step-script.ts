/**
 * A schedule as a list of who made each step, told by names that do not depend on the order in which tasks and timers were made. So two
 * steps of it can be exchanged, which a list of ids does not survive.
 */
import { dependent, type AccessKind } from '../runtime/access.ts';
import { labelText, nextLabel, type StepRecorder } from '../runtime/footprint.ts';
import type { Runnable, Strategy } from '../runtime/strategy.ts';
import { Task } from '../runtime/task.ts';

/** Who it is, in every schedule. Timers of one name are told apart by their order. */
const identityOf = (who: Runnable): string => (who instanceof Task ? `${who.name}/${who.key}` : `timer ${who.name}`);

export interface ScriptStep {
  readonly who: string;
  /** As a person reads it: `vcpu0: lock mdevs_lock`. */
  readonly label: string;
  /** Who else could have made a step instead. */
  readonly candidates: readonly string[];
  readonly values: number[];
  readonly touches: { readonly object: object; readonly access: AccessKind }[];
}

/** Passes the questions on, and writes down the answers. */
export class ScriptRecorder implements Strategy, StepRecorder {
  readonly asksAlways = true;
  readonly steps: ScriptStep[] = [];
  private readonly inner: Strategy;
  private candidates: readonly string[] = [];

  constructor(inner: Strategy) {
    this.inner = inner;
  }

  choose(candidates: readonly Runnable[], n: number, running: Runnable | null): number {
    this.candidates = candidates.slice(0, n).map(identityOf);
    return n > 1 || this.inner.asksAlways === true ? this.inner.choose(candidates, n, running) : 0;
  }

  chooseValue(site: string, n: number): number {
    return this.inner.chooseValue(site, n);
  }

  step(by: Runnable): void {
    const label = `${by.name}: ${labelText(nextLabel(by))}`;
    this.steps.push({ who: identityOf(by), label, candidates: this.candidates, values: [], touches: [] });
  }

  touch(object: object, access: AccessKind): void {
    this.steps.at(-1)?.touches.push({ object, access });
  }

  chosen(_site: string, _n: number, value: number): void {
    this.steps.at(-1)?.values.push(value);
  }
}

/** Does it all once more, in the order of the script. */
export class ScriptPlayer implements Strategy {
  readonly asksAlways = true;
  private readonly script: readonly ScriptStep[];
  private at = -1;
  private value = 0;

  constructor(script: readonly ScriptStep[]) {
    this.script = script;
  }

  choose(candidates: readonly Runnable[], n: number): number {
    const step = this.script[++this.at];
    this.value = 0;
    if (step === undefined) throw new Error('the schedule goes on after its last step');
    for (let i = 0; i < n; i++) if (identityOf(candidates[i]!) === step.who) return i;
    throw new Error(`${step.label} is not possible any more`);
  }

  chooseValue(site: string, n: number): number {
    const value = this.script[this.at]?.values[this.value++];
    if (value === undefined || value >= n) throw new Error(`${site} is chosen where it was not before`);
    return value;
  }
}

/** As far as the two steps have declared what they touch, their order cannot matter. */
export function independent(a: ScriptStep, b: ScriptStep): boolean {
  return a.touches.every((one) => b.touches.every((other) => one.object !== other.object || !dependent(one.access, other.access)));
}

/** What the step touched, as text that is the same in every execution. */
export function touchesText({ touches }: ScriptStep): string {
  return [...new Set(touches.map(({ object, access }) => `${nameOf(object)}/${access}`))].toSorted().join(' ');
}

function nameOf(object: object): string {
  const { name } = object as { name?: unknown };
  return typeof name === 'string' ? name : object.constructor.name;
}
