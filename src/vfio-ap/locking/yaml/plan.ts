/**
 * A locking design as data: what a design file says once it has been read, its base filled in. The interpreter makes a LockingDesign of it.
 * No kernel counterpart.
 */
import type { Errno } from '../../../base/errno.ts';
import type { LockClass } from '../../../locks/lock-class.ts';
import type { Target } from '../port.ts';
import type { CallName } from './call-table.ts';
import type { FieldName } from './fields.ts';
import type { Spot } from './spot.ts';

export type Mode = 'read' | 'write';
/** mutex, rw semaphore, reader-preferring lock; a flag is set and cleared by hand and waited for: a lock by another name. */
export type LockKind = 'mutex' | 'rwsem' | 'rwlock' | 'flag';
/** Which object a lock is part of: there is one for each. */
export type LockOwner = 'host' | 'kvm' | 'mdev' | 'queue';

export interface LockPlan {
  readonly kind: LockKind;
  readonly of: LockOwner;
  /** Null: the lock is another room's, and only its name is known here. */
  readonly cls: LockClass | null;
}

/** How a procedure ends before its last step: an errno (0: done), or for an interception the response code "not available". */
export type Answer = Errno | 'not-available';

/** Where a step goes when it has nothing to offer: the end, with everything released that is held, or steps of its own. */
export type Otherwise = { readonly answer: Answer } | { readonly steps: readonly Step[] };

export type Condition = { readonly attached: true } | { readonly flag: string };

interface At {
  /** Calls the code of the step in such a way that reports name the place in the design file, or the place that the step gives. */
  readonly spot: Spot;
}

export type Step = At &
  (
    | { readonly verb: 'lock'; readonly lock: string; readonly mode: Mode }
    | { readonly verb: 'trylock'; readonly lock: string; readonly mode: Mode; readonly otherwise: Otherwise }
    /** With a mode: by name and in that mode, also when the lock is held in another one. */
    | { readonly verb: 'unlock'; readonly lock: string; readonly mode: Mode | null }
    | { readonly verb: 'downgrade'; readonly lock: string }
    | { readonly verb: 'wait'; readonly lock: string; readonly drop: string | null }
    | { readonly verb: 'read'; readonly field: VariableField; readonly unguarded: boolean; readonly otherwise: Otherwise }
    | { readonly verb: 'write'; readonly value: HookValue; readonly unguarded: boolean }
    | { readonly verb: 'call'; readonly call: CallName; readonly otherwise: Otherwise | null }
    | { readonly verb: 'hold' }
    | { readonly verb: 'free' }
    | { readonly verb: 'refuse'; readonly errno: Errno; readonly when: readonly Condition[] }
    | { readonly verb: 'return'; readonly answer: Answer }
  );

/** What the hook is set to; `withdrawn`: to another mdev that has published itself, or to nothing, because this one is refused or closed. */
export const HOOK_VALUES = ['mdev', 'other', 'nothing', 'withdrawn'] as const;
export type HookValue = (typeof HOOK_VALUES)[number];

/** What a step can read into a variable: the mdev behind the hook, the guest of an mdev. */
export type VariableField = 'kvm.hook' | 'mdev.kvm';

export type GuardPart =
  | { readonly kind: 'lock'; readonly lock: string }
  /** Who holds it may read although it does not keep other writers out. */
  | { readonly kind: 'reader'; readonly lock: string }
  /** The outer one held exclusively, or the inner one. */
  | { readonly kind: 'either'; readonly lock: string; readonly inner: string };

export type GuardPlan = 'unguarded' | readonly GuardPart[];

export type ChangeKind = Target['kind'];

export interface DesignPlan {
  readonly name: string;
  readonly hotPlug: boolean;
  /** Null: the invariants are looked at after each change. */
  readonly stateLock: string | null;
  readonly order: readonly (readonly string[])[];
  readonly locks: ReadonlyMap<string, LockPlan>;
  readonly guards: ReadonlyMap<FieldName, GuardPlan>;
  readonly lists: ReadonlyMap<EntryName, readonly Step[]>;
}

/** Procedures release what they have taken themselves. */
export const PROCEDURES = ['attach', 'detach', 'intercept'] as const;
export const CHANGE_KINDS = [
  'assign',
  'unassign',
  'control-domain',
  'request',
  'remove',
  'reset',
  'set-irqs',
  'dma-unmap',
  'probe',
  'unbind',
] as const satisfies readonly ChangeKind[];
/** What is taken round something that the driver does; given back behind it, the last one first. */
export const BRACKETS = ['hostChange.around', 'hostChange.each', 'inUse', 'inspect', 'editList', 'onQueue', 'reserved'] as const;
/** How the masks of a running guest change; without a step they do not. */
export const MASK_LISTS = ['push', 'withdraw'] as const;

export type ProcedureName = (typeof PROCEDURES)[number];
export type BracketName = (typeof BRACKETS)[number];
export type MaskListName = (typeof MASK_LISTS)[number];
export type ChangeName = `changes.${ChangeKind}`;
export type EntryName = ProcedureName | BracketName | MaskListName | ChangeName;

export const changeName = (kind: ChangeKind): ChangeName => `changes.${kind}`;

/** Locks that other rooms own, with the objects they are part of. */
export const OUTSIDE_LOCKS = {
  ap_attr_mutex: { kind: 'mutex', of: 'host', tryable: true },
  'kvm->lock': { kind: 'mutex', of: 'kvm', tryable: false },
  pqap_hook_rwsem: { kind: 'rwsem', of: 'kvm', tryable: false },
} as const satisfies Record<string, { kind: LockKind; of: LockOwner; tryable: boolean }>;
/** Held by KVM around an interception: unlocking it there means that the rest runs after KVM_RUN has been left. */
export const VCPU_LOCK = 'vcpu->mutex';
