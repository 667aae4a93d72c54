/**
 * Follows the steps of one entry of a design file on all its ways at once: what may be held at each step, which variables are there, what
 * is left held in the end. Nothing is executed. No kernel counterpart.
 */
import { callSpec, type Variable } from '../../vfio-ap/locking/yaml/call-table.ts';
import {
  VCPU_LOCK,
  type Answer,
  type EntryName,
  type HookValue,
  type LockKind,
  type LockOwner,
  type Mode,
  type Step,
} from '../../vfio-ap/locking/yaml/plan.ts';
import { didYouMean } from '../did-you-mean.ts';
import type { ScenarioError } from '../place.ts';
import type { Where } from './design-part.ts';
import { rulesOf, type EntryRules } from './entry-rules.ts';

export interface KnownLock {
  readonly kind: LockKind;
  readonly of: LockOwner;
  /** False: another room's lock, which is not made to be tried. */
  readonly tryable: boolean;
}

interface Held {
  readonly lock: string;
  readonly mode: Mode;
  /** Null: held by the caller. */
  readonly step: Step | null;
}

/** One way to a step. */
interface State {
  readonly held: readonly Held[];
  readonly variables: ReadonlySet<Variable>;
  /** The instruction has been executed. */
  readonly status: boolean;
}

export interface Taking {
  readonly lock: string;
  readonly where: Where;
}

export interface WalkResult {
  readonly problems: ScenarioError[];
  /** Held at the end of the entry on some way. */
  readonly left: Taking[];
  /** Unlocked although the entry does not hold it on some way. */
  readonly foreign: Taking[];
  /** `OUTER > INNER` for each lock that is asked for with another one held. */
  readonly edges: Set<string>;
}

export interface WalkParts {
  readonly entry: EntryName;
  readonly steps: readonly Step[];
  readonly where: Where;
  readonly locks: ReadonlyMap<string, KnownLock>;
  readonly places: ReadonlyMap<Step, Where>;
}

export class LockWalk {
  readonly result: WalkResult = { problems: [], left: [], foreign: [], edges: new Set() };
  private readonly parts: WalkParts;
  private readonly rules: EntryRules;
  private readonly told = new Set<string>();

  constructor(parts: WalkParts) {
    this.parts = parts;
    this.rules = rulesOf(parts.entry);
  }

  walk(): WalkResult {
    const held = this.rules.held.map((lock): Held => ({ lock, mode: 'write', step: null }));
    const start: State = { held, variables: new Set(this.rules.variables), status: false };
    const ends = this.list(this.parts.steps, [start], true);
    for (const end of ends) this.end(end);
    if (this.parts.entry === 'intercept' && ends.some(({ status }) => !status)) {
      this.result.problems.push(
        this.parts.where.problem({ expected: 'call: aqic, or return, on every way to the end', got: 'a way without them' }),
      );
    }
    return this.result;
  }

  private list(steps: readonly Step[], start: State[], outermost: boolean): State[] {
    let states = start;
    for (const [i, step] of steps.entries()) {
      if (states.length === 0) {
        this.problem(step, '', { expected: 'no step behind a return', got: steps[i]!.verb });
        break;
      }
      if (!this.rules.verbs.has(step.verb)) {
        this.problem(step, '', { expected: `one of ${[...this.rules.verbs].join(', ')} in ${this.parts.entry}`, got: step.verb });
      } else states = this.step(step, states, outermost);
    }
    return distinct(states);
  }

  private step(step: Step, states: State[], outermost: boolean): State[] {
    switch (step.verb) {
      case 'lock':
      case 'trylock':
        return this.acquire(step, states);
      case 'unlock':
        return step.lock === VCPU_LOCK ? this.leave(step, states, outermost) : this.unlock(step, states);
      case 'downgrade':
        return this.downgrade(step, states);
      case 'wait':
        return this.wait(step, states);
      case 'read':
        return this.read(step, states);
      case 'write':
        this.need(step, states, ['kvm', ...HOOK_VALUE_NEEDS[step.value]]);
        if (step.unguarded && step.value === 'withdrawn')
          this.problem(step, 'unguarded', { expected: 'no unguarded: withdrawn looks at who else is there' });
        return states;
      case 'call':
        return this.call(step, states);
      case 'hold':
      case 'free':
        this.need(step, states, ['kvm']);
        return states;
      case 'refuse':
        for (const when of step.when) if ('flag' in when) this.flag(step, 'when', when.flag);
        return states;
      case 'return':
        this.answer(step, step.verb, { answer: step.answer, states });
        for (const state of states) this.end(state);
        return [];
    }
  }

  private acquire(step: Extract<Step, { verb: 'lock' | 'trylock' }>, states: State[]): State[] {
    const known = this.known(step, step.verb, step.lock);
    if (known === null) return states;
    this.need(step, states, known.of === 'host' ? [] : [known.of]);
    const named = this.place(step).source.nodeAt(this.place(step).path)?.children.has('mode') ?? false;
    const shared = known.kind === 'rwsem' || known.kind === 'rwlock';
    if (shared && !named)
      this.problem(step, '', { expected: `mode: read or mode: write, because ${step.lock} is an ${known.kind}`, got: 'no mode' });
    if (!shared && named) this.problem(step, 'mode', { expected: `no mode, because ${step.lock} is a ${known.kind}` });
    if (step.verb === 'trylock' && !known.tryable) this.problem(step, step.verb, { expected: 'a lock that may be tried', got: step.lock });
    const waits = step.verb === 'lock' && known.kind !== 'flag';
    if (waits) for (const state of states) this.note(state.held, step.lock);
    const after = states.map((state) => ({ ...state, held: [...state.held, { lock: step.lock, mode: step.mode, step }] }));
    return step.verb === 'lock' ? after : [...after, ...this.otherwise(step, states)];
  }

  private unlock(step: Extract<Step, { verb: 'unlock' }>, states: State[]): State[] {
    const known = this.known(step, 'unlock', step.lock);
    if (known === null) return states;
    this.need(step, states, known.of === 'host' ? [] : [known.of]);
    if (states.some(({ held }) => !held.some((hold) => hold.lock === step.lock && hold.step !== null))) {
      this.result.foreign.push({ lock: step.lock, where: this.place(step).inside('unlock') });
    }
    return states.map((state) => ({ ...state, held: without(state.held, step.lock) }));
  }

  /** The rest of an interception runs when KVM_RUN has been left. */
  private leave(step: Step, states: State[], outermost: boolean): State[] {
    const inside = states.every(({ held }) => held.some(({ lock }) => lock === VCPU_LOCK));
    if (this.parts.entry !== 'intercept' || !outermost || !inside) {
      this.problem(step, 'unlock', { expected: `${VCPU_LOCK} to be given back in intercept only, once, and outside of else` });
    }
    const own = states.flatMap(({ held }) => held.filter((hold) => hold.step !== null));
    if (own.length > 0) this.problem(step, 'unlock', { expected: `nothing else to be held when KVM_RUN is left`, got: own[0]!.lock });
    return states.map((state) => ({ ...state, held: without(state.held, VCPU_LOCK) }));
  }

  private downgrade(step: Extract<Step, { verb: 'downgrade' }>, states: State[]): State[] {
    const known = this.known(step, 'downgrade', step.lock);
    if (known === null) return states;
    const writer = (hold: Held): boolean => hold.lock === step.lock && hold.mode === 'write' && hold.step !== null;
    const ok = (known.kind === 'rwsem' || known.kind === 'rwlock') && states.every(({ held }) => held.some(writer));
    if (!ok) this.problem(step, 'downgrade', { expected: 'a semaphore that is held for writing on every way to here', got: step.lock });
    return states.map((state) => ({
      ...state,
      held: state.held.map((hold) => (writer(hold) ? { ...hold, mode: 'read' as const } : hold)),
    }));
  }

  private wait(step: Extract<Step, { verb: 'wait' }>, states: State[]): State[] {
    const known = this.flag(step, 'wait', step.lock);
    if (known !== null) this.need(step, states, known.of === 'host' ? [] : [known.of]);
    const { drop } = step;
    if (drop !== null && this.known(step, 'drop', drop) !== null && !states.every((state) => holds(state, drop))) {
      this.problem(step, 'drop', { expected: `${drop} to be held on every way to here`, got: 'a way without it' });
    }
    for (const { held } of states) this.note(drop === null ? held : without(held, drop), step.lock);
    return states;
  }

  private read(step: Extract<Step, { verb: 'read' }>, states: State[]): State[] {
    const [entry, needs, sets] = step.field === 'kvm.hook' ? (['intercept', 'kvm', 'mdev'] as const) : (['detach', 'mdev', 'kvm'] as const);
    if (this.parts.entry !== entry) this.problem(step, 'read', { expected: `${step.field} to be read in ${entry} only` });
    this.need(step, states, [needs]);
    return [...withVariable(states, sets), ...this.otherwise(step, states)];
  }

  private call(step: Extract<Step, { verb: 'call' }>, states: State[]): State[] {
    const { needs, sets, asks, interceptOnly = false } = callSpec(step.call);
    if (interceptOnly && this.parts.entry !== 'intercept')
      this.problem(step, 'call', { expected: 'a call that needs no intercepted instruction' });
    this.need(step, states, needs);
    if (asks !== (step.otherwise !== null)) {
      const expected = asks ? `else: what happens when the answer of ${step.call} is no` : `no else: ${step.call} is no question`;
      this.problem(step, asks ? '' : 'else', asks ? { expected, got: 'no else' } : { expected });
      if (asks) return states;
    }
    const yes = sets === undefined ? states : withVariable(states, sets);
    const other = step.call === 'check-other-user' ? withVariable(states, 'other') : states;
    const after = step.call === 'aqic' ? yes.map((state) => ({ ...state, status: true })) : yes;
    return step.otherwise === null ? after : [...after, ...this.otherwise(step, other)];
  }

  /** The ways on which the other way joins again. */
  private otherwise(step: Step, states: State[]): State[] {
    const { otherwise } = step as Extract<Step, { verb: 'read' }>;
    if ('steps' in otherwise) return this.list(otherwise.steps, states, false);
    // Everything is released there.
    this.answer(step, 'else', { answer: otherwise.answer, states });
    return [];
  }

  private answer(step: Step, key: string, { answer, states }: { readonly answer: Answer; readonly states: readonly State[] }): void {
    const outside = this.parts.entry === 'intercept' && states.some(({ held }) => !held.some(({ lock }) => lock === VCPU_LOCK));
    if (outside && answer !== 'not-available') this.problem(step, key, { expected: 'not-available: KVM_RUN has been left' });
    else if (!this.rules.accepts(answer)) this.problem(step, key, { expected: this.rules.answers });
  }

  private end({ held }: State): void {
    if (!this.rules.procedure) return;
    for (const { lock, step } of held) {
      if (step === null) continue;
      if (!this.result.left.some((other) => other.where === this.place(step))) this.result.left.push({ lock, where: this.place(step) });
    }
  }

  private known(step: Step, key: string, lock: string): KnownLock | null {
    const known = this.parts.locks.get(lock);
    if (known !== undefined) return known;
    const names = [...this.parts.locks.keys()];
    this.problem(step, key, { expected: `a lock that is declared (${names.join(', ')})`, got: lock, hint: didYouMean(lock, names) });
    return null;
  }

  private flag(step: Step, key: string, lock: string): KnownLock | null {
    const known = this.known(step, key, lock);
    if (known !== null && known.kind !== 'flag') this.problem(step, key, { expected: 'a flag', got: `${lock}, which is a ${known.kind}` });
    return known?.kind === 'flag' ? known : null;
  }

  private need(step: Step, states: readonly State[], needs: readonly Variable[]): void {
    const missing = needs.find((variable) => states.some(({ variables }) => !variables.has(variable)));
    if (missing !== undefined) this.problem(step, '', { expected: HOW_TO_GET[missing], got: `no ${missing} on a way to this step` });
  }

  private note(held: readonly Held[], inner: string): void {
    for (const { lock } of held) this.result.edges.add(`${lock} > ${inner}`);
  }

  private place(step: Step): Where {
    return this.parts.places.get(step)!;
  }

  /** Once a place: a list of steps may serve several kinds of change. `key` is the part of the step that is wrong, or nothing. */
  private problem(
    step: Step,
    key: string,
    refusal: { readonly expected: string; readonly got?: string; readonly hint?: string | undefined },
  ): void {
    const place = this.place(step);
    const inner = key === '' || place.source.nodeAt(place.path)?.children.has(key) !== true ? place : place.inside(key);
    const error = inner.problem(refusal);
    if (this.told.has(error.message)) return;
    this.told.add(error.message);
    this.result.problems.push(error);
  }
}

const HOW_TO_GET: Readonly<Record<Variable, string>> = {
  mdev: 'an mdev: read: kvm.hook before',
  kvm: 'a guest: read: mdev.kvm before',
  queue: 'a queue: call: lookup or call: find-queue before',
  other: 'another user of the guest: this stands behind the else of call: check-other-user only',
};

const HOOK_VALUE_NEEDS: Readonly<Record<HookValue, readonly Variable[]>> = {
  mdev: ['mdev'],
  other: ['other'],
  nothing: [],
  withdrawn: ['mdev'],
};

const holds = ({ held }: State, lock: string): boolean => held.some((hold) => hold.lock === lock && hold.step !== null);

function without(held: readonly Held[], lock: string): readonly Held[] {
  const at = held.findLastIndex((hold) => hold.lock === lock);
  return at < 0 ? held : held.toSpliced(at, 1);
}

function withVariable(states: readonly State[], variable: Variable): State[] {
  return states.map((state) => ({ ...state, variables: new Set([...state.variables, variable]) }));
}

/** Ways that differ in nothing are one way: their number stays small however many questions there are. */
function distinct(states: readonly State[]): State[] {
  const seen = new Map<string, State>();
  for (const state of states) {
    const held = state.held.map(({ lock, mode }) => `${lock} ${mode}`).join();
    const key = `${held}|${[...state.variables].toSorted().join()}|${state.status}`;
    if (!seen.has(key)) seen.set(key, state);
  }
  return [...seen.values()];
}
