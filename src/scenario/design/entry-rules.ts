/**
 * What the steps of each entry of a design file may do and what they may rely on. No kernel counterpart.
 */
import type { Variable } from '../../vfio-ap/locking/yaml/call-table.ts';
import { VCPU_LOCK, type Answer, type EntryName, type Step } from '../../vfio-ap/locking/yaml/plan.ts';

export interface EntryRules {
  /** Gives back what it takes by steps of its own; otherwise that happens behind what the list is taken for. */
  readonly procedure: boolean;
  readonly verbs: ReadonlySet<Step['verb']>;
  readonly variables: readonly Variable[];
  /** Held by the caller. */
  readonly held: readonly string[];
  /** What it may end with early. */
  readonly answers: string;
  accepts(answer: Answer): boolean;
}

const LOCKING = ['lock', 'trylock', 'unlock', 'downgrade', 'wait'] as const;
const PROCEDURE = new Set<Step['verb']>([...LOCKING, 'read', 'write', 'call', 'hold', 'free', 'return']);
const BRACKET = new Set<Step['verb']>(LOCKING);
const CHANGE = new Set<Step['verb']>([...LOCKING, 'refuse']);
const MASKS = new Set<Step['verb']>([...LOCKING, 'call']);

const ERRNO = { answers: 'the name of an errno', accepts: (answer: Answer) => answer !== 'not-available' && answer < 0 };
const DONE = { answers: 'done: nobody is told of a failure here', accepts: (answer: Answer) => answer === 0 };
const NEVER = { answers: 'a list of steps: nothing can be refused here', accepts: () => false };
const ANY = { answers: 'done or the name of an errno', accepts: (answer: Answer) => answer !== 'not-available' };
const STATUS = {
  answers: 'not-available or the name of an errno',
  accepts: (answer: Answer) => answer === 'not-available' || answer < 0,
};

const procedure = { procedure: true, verbs: PROCEDURE, held: [] };
const bracket = { procedure: false, verbs: BRACKET, held: [], variables: [], ...NEVER };
const masks: EntryRules = { ...bracket, verbs: MASKS, variables: ['mdev', 'kvm'] };

/** A change of an mdev without a guest has no kvm: steps that need it are left out then. */
const change: EntryRules = { procedure: false, verbs: CHANGE, variables: ['mdev', 'kvm'], held: [], ...ERRNO };

const RULES: Readonly<Partial<Record<EntryName, EntryRules>>> = {
  attach: { ...procedure, variables: ['mdev', 'kvm'], ...ANY },
  detach: { ...procedure, variables: ['mdev'], ...DONE },
  intercept: { ...procedure, variables: ['kvm'], held: [VCPU_LOCK], ...STATUS },
  'hostChange.around': bracket,
  'hostChange.each': { ...bracket, variables: ['mdev', 'kvm'] },
  inUse: { ...bracket, held: ['ap_attr_mutex'], ...ERRNO },
  inspect: bracket,
  editList: bracket,
  reserved: bracket,
  onQueue: { ...bracket, variables: ['queue'] },
  push: masks,
  withdraw: masks,
};

export const rulesOf = (entry: EntryName): EntryRules => RULES[entry] ?? change;
