/**
 * Sets the guards of the shared fields as a design file says. A guard may be a lock of another object than the field's: then it is that of
 * the object the field's owner is linked to at the moment. No kernel counterpart.
 */
import { Kvm } from '../../../kvm/kvm.ts';
import type { FieldGuard } from '../../../locks/guarded-field.ts';
import { ApMatrixMdev } from '../../ap-matrix-mdev.ts';
import { MatrixDev } from '../../matrix-dev.ts';
import type { VfioApQueue } from '../../vfio-ap-queue.ts';
import { eitherGuard, readerGuard } from '../field-guards.ts';
import type { DesignLocks, Owner } from './design-locks.ts';
import { HOST_FIELDS, KVM_FIELDS, MDEV_FIELDS, QUEUE_FIELDS, type FieldName, type Guarded } from './fields.ts';
import type { DesignPlan, GuardPart, LockOwner } from './plan.ts';

/** The object that a field is part of. */
interface GuardedObject {
  readonly owner: Owner;
  readonly kind: LockOwner;
}

export class PlannedGuards {
  private readonly guards: DesignPlan['guards'];
  private readonly locks: DesignLocks;
  private readonly host: MatrixDev;

  constructor(plan: DesignPlan, locks: DesignLocks, host: MatrixDev) {
    this.guards = plan.guards;
    this.locks = locks;
    this.host = host;
  }

  guardHost(host: MatrixDev): void {
    this.guardAll(HOST_FIELDS, host, 'host');
  }

  /** What else belongs to the hook has its guard. */
  guardKvm(kvm: Kvm, besideHook: Guarded): void {
    this.guardAll(KVM_FIELDS, kvm, 'kvm');
    this.guardAll({ 'kvm.hook': () => besideHook }, kvm, 'kvm');
  }

  guardMdev(mdev: ApMatrixMdev): void {
    this.guardAll(MDEV_FIELDS, mdev, 'mdev');
  }

  guardQueue(queue: VfioApQueue): void {
    this.guardAll(QUEUE_FIELDS, queue, 'queue');
  }

  private guardAll<T extends Owner>(fields: Readonly<Record<string, (owner: T) => Guarded>>, owner: T, kind: LockOwner): void {
    for (const [name, fieldOf] of Object.entries(fields)) {
      const rule = this.guards.get(name as FieldName)!;
      fieldOf(owner).guardedBy(rule === 'unguarded' ? rule : rule.map((part) => this.guard(part, { owner, kind })));
    }
  }

  private guard(part: GuardPart, field: GuardedObject): FieldGuard {
    const found = this.lock(part.lock, field);
    switch (part.kind) {
      case 'lock':
        return found;
      case 'reader':
        return readerGuard(found.name, (task) => found.heldBy(task));
      case 'either':
        return eitherGuard(found, this.lock(part.inner, field));
    }
  }

  private lock(name: string, { owner, kind }: GuardedObject): FieldGuard {
    const of = this.locks.ownerOf(name);
    if (of === 'host') return this.locks.of(name, this.host);
    return of === kind ? this.locks.of(name, owner) : this.linked(name, of, owner);
  }

  private linked(lock: string, of: LockOwner, owner: Owner): FieldGuard {
    const all = (): FieldGuard[] => linkedTo(owner, of).map((object) => this.locks.of(lock, object));
    return {
      name: `${lock} of the ${of === 'kvm' ? 'guest' : of} of ${owner.name}`,
      heldBy: (task) => all().some((guard) => guard.heldBy(task)),
      heldExclusivelyBy: (task) => all().some((guard) => guard.heldExclusivelyBy(task)),
    };
  }
}

/** The objects of that kind that belong to the owner now. */
function linkedTo(owner: Owner, kind: LockOwner): Owner[] {
  const mdev = mdevOf(owner);
  if (mdev === null) return [];
  if (kind === 'mdev') return [mdev];
  if (kind === 'queue') return [...mdev.qtable.inspect().values()];
  const kvm = mdev.kvm.inspect();
  return kvm === null ? [] : [kvm];
}

function mdevOf(owner: Owner): ApMatrixMdev | null {
  if (owner instanceof MatrixDev) return null;
  if (owner instanceof ApMatrixMdev) return owner;
  return ApMatrixMdev.of(owner instanceof Kvm ? owner.pqapHook.inspect() : owner.mdev.inspect());
}
