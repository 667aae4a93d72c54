/**
 * Lock classes: all locks that obey the same ordering rules (kernel: struct lock_class_key, Documentation/locking/lockdep-design.rst).
 * What one guest's kvm->lock teaches holds for every guest's. Classes are module constants, registered once.
 */
import type { LockMode } from './modes.ts';

/** What a comparator sees of a lock. */
export interface Named {
  readonly name: string;
}

/** A lock as the validator sees it. */
export interface Instance extends Named {
  readonly cls: LockClass;
}

/** Not a lock but a state of the task, kept on the held stack because it begins and ends as a lock is taken and released. */
export type ContextKind = 'hardirq' | 'softirq' | 'hardirqs off' | 'softirqs off';

export interface LockClassOptions {
  /** Somebody may try-lock it, or wait for it with a limit: its release is then a visible operation. Declared, so that replay does not depend on history. */
  readonly tryable?: boolean;
  /** Who waits for it sleeps interruptibly, as long as it takes: no hung task. */
  readonly idle?: boolean;
  /** One sentence: what it protects. */
  readonly protects?: string;
  /** Who holds it does not sleep; who wants it spins. */
  readonly spin?: boolean;
  /** Two locks of the class may nest when this is negative for (outer, inner) (kernel: lock_set_cmp_fn). */
  readonly order?: (outer: Named, inner: Named) => number;
  /** `false`: shown in dumps, but its order is not checked (kernel: lockdep_set_novalidate_class). */
  readonly validate?: boolean;
  readonly context?: ContextKind;
}

/** Subclass numbers are 0 (the class itself) to 7 (kernel: MAX_LOCKDEP_SUBCLASSES). */
const SUBCLASSES_MAX = 8;

export class LockClass {
  private static count = 0;
  readonly id: number;
  readonly name: string;
  readonly tryable: boolean;
  readonly idle: boolean;
  readonly protects: string;
  readonly spin: boolean;
  readonly order: ((outer: Named, inner: Named) => number) | null;
  readonly validate: boolean;
  readonly context: ContextKind | null;
  private readonly options: LockClassOptions;
  private subclasses: LockClass[] | null = null;

  constructor(name: string, options: LockClassOptions = {}) {
    this.id = LockClass.count++;
    this.name = name;
    this.options = options;
    this.tryable = options.tryable ?? false;
    this.idle = options.idle ?? false;
    this.protects = options.protects ?? '';
    this.spin = options.spin ?? false;
    this.order = options.order ?? null;
    this.validate = options.validate ?? true;
    this.context = options.context ?? null;
  }

  /** A class of its own for locks of this class that are taken inside another one of it, in an order everybody keeps to (`name/1`). */
  subclass(number: number): LockClass {
    if (number === 0) return this;
    if (!Number.isInteger(number) || number < 0 || number >= SUBCLASSES_MAX)
      throw new Error(`${this.name}: expected a subclass from 0 to ${SUBCLASSES_MAX - 1}, got ${number}`);
    this.subclasses ??= [];
    return (this.subclasses[number] ??= new LockClass(`${this.name}/${number}`, this.options));
  }

  /** Index of (class, mode) in the children of a chain node. */
  key(mode: LockMode): number {
    return (this.id << 5) | mode;
  }
}
