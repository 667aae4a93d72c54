/**
 * Reads the steps of a design file. No kernel counterpart.
 */
import { z } from 'zod';
import { errnoValue, OK } from '../../base/errno.ts';
import type { Answer, Condition, Otherwise, Step } from '../../vfio-ap/locking/yaml/plan.ts';
import { spotAt, type Spot, type SpotPlace } from '../../vfio-ap/locking/yaml/spot.ts';
import { didYouMean } from '../did-you-mean.ts';
import { validate } from '../validate.ts';
import type { Where } from './design-part.ts';
import { stepForms, VERBS, type StepFields, type VerbName } from './step-schema.ts';

const LIST = z.array(z.unknown(), { error: 'a list of steps' });

type StepOf<V extends Step['verb']> = Omit<Extract<Step, { readonly verb: V }>, 'spot'>;
type AnyStep = { [V in Step['verb']]: StepOf<V> }[Step['verb']];

export class StepReader {
  /** Of every step that was read. */
  readonly places = new Map<Step, Where>();

  /** ScenarioError for the first step that is none. `entry` is what reports call the code that the steps are. */
  read(where: Where, entry: string): Step[] {
    const items = validate(where.source, where.path, LIST);
    return items.map((_, i) => this.step(where.inside(i), entry));
  }

  private step(where: Where, entry: string): Step {
    const node = where.source.nodeAt(where.path)!;
    if (typeof node.value === 'string' && node.value !== '') {
      return this.placed({ verb: 'lock', lock: node.value, mode: 'write' }, where, spotAt(node.place, entry));
    }
    const verb = verbOf(where);
    const read = validate(where.source, where.path, stepForms[verb]);
    const spot = spotAt(read.at === undefined ? node.place : placeIn(read.at), entry);
    return this.placed(this.build(verb, read, { where, entry }), where, spot);
  }

  private placed(step: AnyStep, where: Where, spot: Spot): Step {
    const placed = { ...step, spot } as Step;
    this.places.set(placed, where);
    return placed;
  }

  private build(verb: VerbName, read: StepFields<VerbName>, at: { readonly where: Where; readonly entry: string }): AnyStep {
    const as = <V extends VerbName>(): StepFields<V> => read as StepFields<V>;
    switch (verb) {
      case 'lock':
        return { verb, lock: as<'lock'>().lock, mode: as<'lock'>().mode ?? 'write' };
      case 'trylock':
        return {
          verb,
          lock: as<'trylock'>().trylock,
          mode: as<'trylock'>().mode ?? 'write',
          otherwise: this.otherwise(as<'trylock'>().else, at),
        };
      case 'unlock':
        return { verb, lock: as<'unlock'>().unlock, mode: as<'unlock'>().mode ?? null };
      case 'downgrade':
        return { verb, lock: as<'downgrade'>().downgrade };
      case 'wait':
        return { verb, lock: as<'wait'>().wait, drop: as<'wait'>().drop ?? null };
      case 'read': {
        const { read: field, unguarded = false, else: other } = as<'read'>();
        return { verb, field, unguarded, otherwise: this.otherwise(other, at) };
      }
      case 'write':
        return { verb, value: as<'write'>().value, unguarded: as<'write'>().unguarded ?? false };
      case 'call': {
        const { call, else: other } = as<'call'>();
        return { verb, call, otherwise: other === undefined ? null : this.otherwise(other, at) };
      }
      case 'hold':
        return { verb };
      case 'free':
        return { verb };
      case 'refuse':
        return { verb, errno: errnoValue(as<'refuse'>().refuse)!, when: as<'refuse'>().when.map(condition) };
      case 'return':
        return { verb, answer: answerOf(as<'return'>().return) };
    }
  }

  private otherwise(other: string | readonly unknown[], { where, entry }: { readonly where: Where; readonly entry: string }): Otherwise {
    return typeof other === 'string' ? { answer: answerOf(other) } : { steps: this.read(where.inside('else'), entry) };
  }
}

const condition = (name: string): Condition => (name === 'attached' ? { attached: true } : { flag: name });

function answerOf(text: string): Answer {
  if (text === 'not-available') return text;
  return text === 'done' ? OK : errnoValue(text)!;
}

function placeIn(at: string): SpotPlace {
  const colon = at.lastIndexOf(':');
  return { file: at.slice(0, colon), line: Number(at.slice(colon + 1)) };
}

const STEP = `a step: the name of a lock to take, or a map with one of ${VERBS.join(', ')}`;
const MODIFIERS = new Set(['mode', 'else', 'drop', 'unguarded', 'value', 'when', 'at']);

function verbOf(where: Where): VerbName {
  const { source, path } = where;
  const node = source.nodeAt(path)!;
  const keys = [...node.keyPlaces.keys()];
  if (keys.length === 0) throw where.problem({ expected: STEP });
  const verbs = keys.filter((key): key is VerbName => (VERBS as readonly string[]).includes(key));
  const [verb, second] = verbs;
  if (second !== undefined) throw source.keyProblem(path, second, { expected: `one verb a step, and ${verb!} is one already` });
  if (verb !== undefined) return verb;
  const word = keys.find((key) => !MODIFIERS.has(key)) ?? keys[0]!;
  throw source.keyProblem(path, word, { expected: `one of the steps ${VERBS.join(', ')}`, hint: didYouMean(word, VERBS) });
}
