/**
 * Lock classes: all locks that obey the same ordering rules (kernel: struct lock_class_key, Documentation/locking/lockdep-design.rst).
 * What one guest's kvm->lock teaches holds for every guest's. Classes are module constants, registered once.
 */
import type { LockMode } from './modes.ts';

export interface LockClassOptions {
  /** Somebody may try-lock it, or wait for it with a limit: its release is then a visible operation. Declared, so that replay does not depend on history. */
  readonly tryable?: boolean;
  /** One sentence: what it protects. */
  readonly protects?: string;
}

export class LockClass {
  private static count = 0;
  readonly id: number;
  readonly name: string;
  readonly tryable: boolean;
  readonly protects: string;

  constructor(name: string, options: LockClassOptions = {}) {
    this.id = LockClass.count++;
    this.name = name;
    this.tryable = options.tryable ?? false;
    this.protects = options.protects ?? '';
  }

  /** Index of (class, mode) in the children of a chain node. */
  key(mode: LockMode): number {
    return (this.id << 4) | mode;
  }
}
