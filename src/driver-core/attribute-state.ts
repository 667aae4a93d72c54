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
  readonly def: AttributeDef<unknown>;
  readonly owner: unknown;
  /** One of its own stores removes it (kernel: KERNFS_SUICIDAL). */
  suicidal = false;
  /** Unlinked: an attribute that is added in its place later has nothing to do with this one. */
  removed = false;
  private readonly active: ActiveReference;
  /** One entry a user: there are few at a time. */
  private readonly inside: Guard[] = [];

  constructor(layer: LockLayer, entry: { def: AttributeDef<unknown>; owner: unknown }, path: string) {
    this.def = entry.def;
    this.owner = entry.owner;
    this.active = layer.activeReference(activeClass(entry.def), path);
  }

  get idle(): boolean {
    return this.inside.length === 0;
  }

  holds(task: Task): boolean {
    return this.find(task) >= 0;
  }

  /** False when the attribute is being removed. */
  enter(task: Task): boolean {
    if (this.holds(task)) throw new Error(`${task.name} uses an attribute from inside its own show or store`);
    const guard = this.active.get(task);
    if (guard === null) return false;
    this.inside.push(guard);
    return true;
  }

  /** Harmless after `breakOwn`. */
  leave(task: Task): void {
    const at = this.find(task);
    if (at < 0) return;
    const [guard] = this.inside.splice(at, 1);
    this.active.put(guard!);
  }

  /** Gives back the reference of the running store early, so that the removal that it asks for does not wait for itself. */
  breakOwn(task: Task): void {
    if (!this.holds(task)) throw new Error(`${task.name} removes ${this.def.name} as its own, but is not inside its store`);
    this.leave(task);
  }

  private find(task: Task): number {
    for (let i = 0; i < this.inside.length; i++) if (this.inside[i]!.task === task) return i;
    return -1;
  }

  drain(task: Task): Promise<void> {
    this.removed = true;
    return this.active.drain(task);
  }
}
