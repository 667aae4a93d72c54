/**
 * The shared state of one run: makes guarded fields, shared fields without a guard, lifetimes and invariant groups, and keeps what their
 * checks have in common. No kernel counterpart; the nearest are KCSAN and KASAN.
 */
import type { Runtime } from '../runtime/runtime.ts';
import type { Findings } from './finding.ts';
import { GuardedField, type FieldOwner } from './guarded-field.ts';
import { HappensBefore } from './happens-before.ts';
import { InvariantGroup, type GroupMember } from './invariant-group.ts';
import { Lifetime, Lifetimes } from './lifetime.ts';
import type { LockContext } from './lock-context.ts';
import { SharedField } from './shared-field.ts';
import { beginOperation } from './task-memory.ts';
import { StaleWrites, type StaleWriteOptions } from './stale-write.ts';

export type SharedStateOptions = StaleWriteOptions;

interface Owner {
  readonly name: string;
}

export class SharedState {
  readonly rt: Runtime;
  readonly findings: Findings;
  readonly lifetimes: Lifetimes;
  readonly stale: StaleWrites;
  private readonly ctx: LockContext;
  private readonly places: boolean;
  private groups = 0;

  /** `places`: note where objects were freed. */
  constructor(ctx: LockContext, options: SharedStateOptions = {}, places = true) {
    const { rt, findings } = ctx;
    this.ctx = ctx;
    this.rt = rt;
    this.findings = findings;
    this.places = options.places ?? false;
    this.lifetimes = new Lifetimes(findings, rt, places);
    this.stale = new StaleWrites(rt, findings, options);
    rt.onTaskEnd((task) => beginOperation(task));
  }

  /** A field whose guard the locking design names. When the owner has a lifetime, a use after its end is reported. */
  field<T>(owner: FieldOwner, label: string, value: T): GuardedField<T> {
    return new GuardedField(this, owner, { label, value });
  }

  /** A field of which nobody says how it is guarded. The first one makes the lock layer watch the order of events from then on. */
  shared<T>(owner: Owner, label: string, value: T): SharedField<T> {
    const { rt, findings, places, ctx } = this;
    const order = (ctx.order ??= new HappensBefore(rt));
    return new SharedField({ rt, findings, places, order }, owner, { label, value });
  }

  lifetime(owner: Owner, kind: string): Lifetime {
    return new Lifetime(this.lifetimes, owner, kind);
  }

  /** Fields of `owner` that mean something only together. A field is in one group at most. */
  group(owner: Owner, members: readonly GroupMember[]): InvariantGroup {
    return new InvariantGroup(this, this.groups++, { owner, members });
  }
}
