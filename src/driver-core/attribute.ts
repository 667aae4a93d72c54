/**
 * Attribute definitions of sysfs (kernel: struct device_attribute and its relatives): shared by every object of a kind, so that a machine
 * with 65,536 queues holds each of them once.
 */
import type { Errno } from '../base/errno.ts';
import { LockClass } from '../locks/lock-class.ts';
import type { MaybePromise } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';

export interface AttributeDef<Owner> {
  readonly name: string;
  /** Permission bits: 0o444, 0o644, 0o200. They bind root, too: kernfs asks them before it asks who opens. */
  readonly mode: number;
  /** The whole text, or a negative errno. */
  show?(task: Task, owner: Owner): MaybePromise<string | Errno>;
  /** A negative errno, anything else counts as success: the writer gets its byte count. */
  store?(task: Task, owner: Owner, text: string): MaybePromise<Errno>;
}

/** Definitions of one kind together with the object that they belong to. */
export interface AttributeGroup {
  /** The list as it was added: names the group also after one of its attributes was removed. */
  readonly key: readonly AttributeDef<never>[];
  readonly defs: readonly AttributeDef<unknown>[];
  readonly owner: unknown;
}

const classes = new WeakMap<object, LockClass>();

/** Class of the active references of all attributes with this definition (kernel: the lockdep key of a kernfs node). */
export function activeClass(def: AttributeDef<never>): LockClass {
  let cls = classes.get(def);
  if (cls === undefined) {
    cls = new LockClass(`kn->active#${def.name}`, { protects: `the ${def.name} attribute from removal while it is shown or stored` });
    classes.set(def, cls);
  }
  return cls;
}
