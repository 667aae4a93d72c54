/**
 * What an attribute needs while somebody uses it: its active reference and who is inside (kernel: struct kernfs_node, kn->active).
 * It exists only as long as there is a user.
 */
import type { ActiveReference } from '../locks/active-reference.ts';
import type { Guard } from '../locks/guard.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Task } from '../runtime/task.ts';
import { activeClass, type AttributeDef } from './attribute.ts';

export class AttributeState {
  /** One of its own stores removes it (kernel: KERNFS_SUICIDAL). */
  suicidal = false;
  private readonly active: ActiveReference;
  private readonly inside = new Map<Task, Guard>();

  constructor(layer: LockLayer, def: AttributeDef<never>, path: string) {
    this.active = layer.activeReference(activeClass(def), path);
  }

  get idle(): boolean {
    return this.inside.size === 0;
  }

  /** False when the attribute is being removed. */
  enter(task: Task): boolean {
    if (this.inside.has(task)) throw new Error(`${task.name} uses an attribute from inside its own show or store`);
    const guard = this.active.get(task);
    if (guard === null) return false;
    this.inside.set(task, guard);
    return true;
  }

  /** Harmless after `breakOwn`. */
  leave(task: Task): void {
    const guard = this.inside.get(task);
    if (guard === undefined) return;
    this.inside.delete(task);
    this.active.put(guard);
  }

  /** Gives back the reference of the running store early, so that the removal that it asks for does not wait for itself. */
  breakOwn(task: Task): void {
    if (!this.inside.has(task)) throw new Error(`${task.name} removes an attribute as its own, but is not inside its store`);
    this.leave(task);
  }

  drain(task: Task): Promise<void> {
    return this.active.drain(task);
  }
}
