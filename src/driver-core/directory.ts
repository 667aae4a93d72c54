/**
 * A directory of sysfs (kernel: a kobject's kernfs node). Child directories are real objects; attributes are looked up in shared
 * definitions and links are computed, so that a device costs little until somebody opens one of its files.
 */
import type { LockLayer } from '../locks/lock-layer.ts';
import { Access, type AccessKind } from '../runtime/access.ts';
import type { Task } from '../runtime/task.ts';
import { activeClass, type AttributeDef, type AttributeGroup } from './attribute.ts';
import { AttributeState } from './attribute-state.ts';

/** Links that follow from the state of a device, a driver or a bus. */
export interface LinkSource {
  link(name: string): Directory | null;
  linkNames(): Iterable<string>;
}

/** Child directories that are made when somebody first looks for one: every device has them, and few are ever opened. */
export interface FolderSource {
  readonly folderNames: readonly string[];
  fill(folder: Directory): void;
}

/** Is told of each name that appears, goes, or leads elsewhere: who caches names must forget it. May be told once too often. */
export type DirectoryObserver = (directory: Directory, name: string) => void;

export class AttributeEntry {
  readonly directory: Directory;
  readonly def: AttributeDef<unknown>;
  readonly owner: unknown;

  constructor(directory: Directory, def: AttributeDef<unknown>, owner: unknown) {
    this.directory = directory;
    this.def = def;
    this.owner = owner;
  }
}

export class LinkEntry {
  readonly directory: Directory;
  readonly name: string;
  readonly target: Directory;

  constructor(directory: Directory, name: string, target: Directory) {
    this.directory = directory;
    this.name = name;
    this.target = target;
  }
}

export type Entry = Directory | AttributeEntry | LinkEntry;

export class Directory {
  readonly layer: LockLayer;
  readonly name: string;
  readonly parent: Directory | null;
  removed = false;
  /** One list for the whole tree. */
  readonly observers: Set<DirectoryObserver>;
  private readonly links: LinkSource | null;
  private readonly folders: FolderSource | null;
  private groups: AttributeGroup[] = [];
  private children: Map<string, Directory> | null = null;
  private fixedLinks: Map<string, Directory> | null = null;
  /** One entry per attribute that somebody is inside. */
  private used: Set<AttributeState> | null = null;

  /** Not reachable before `publish`. */
  constructor(layer: LockLayer, parent: Directory | null, options: { name: string; links?: LinkSource; folders?: FolderSource }) {
    this.layer = layer;
    this.parent = parent;
    this.observers = parent === null ? new Set() : parent.observers;
    this.name = options.name;
    this.links = options.links ?? null;
    this.folders = options.folders ?? null;
  }

  /** Makes it appear in its parent. False when the name is taken. */
  publish(): boolean {
    const { parent } = this;
    if (parent === null) throw new Error('the root of the tree has no parent to appear in');
    if (parent.entry(this.name) !== null) return false;
    parent.touch(Access.WRITE);
    (parent.children ??= new Map()).set(this.name, this);
    parent.changed(this.name);
    return true;
  }

  /** The child directory of that name, made when it is missing. */
  ensure(name: string): Directory {
    const known = this.children?.get(name);
    if (known !== undefined) return known;
    const made = new Directory(this.layer, this, { name });
    if (!made.publish()) throw new Error(`expected no attribute or link ${name} in ${this.path}, but there is one`);
    return made;
  }

  /** `/sys/devices/ap/card05`. */
  get path(): string {
    return this.parent === null ? this.name : `${this.parent.path}/${this.name}`;
  }

  addAttributes<Owner>(defs: readonly AttributeDef<Owner>[], owner: Owner): void {
    this.touch(Access.WRITE);
    // A list of its exact size: what `push` keeps free is more than all the rest, and there are 65,536 directories.
    this.groups = [...this.groups, { key: defs as readonly AttributeDef<never>[], defs: defs as readonly AttributeDef<unknown>[], owner }];
    for (const { name } of defs) this.changed(name);
  }

  addAttribute<Owner>(def: AttributeDef<Owner>, owner: Owner): void {
    if (this.entry(def.name) !== null) throw new Error(`expected ${this.path} to have no ${def.name}, but it has one`);
    this.addAttributes([def], owner);
  }

  /** Unlinks one attribute, then waits for its running shows and stores. False when it is not there. */
  async removeAttribute(task: Task, name: string): Promise<boolean> {
    for (const [at, { key, defs, owner }] of this.groups.entries()) {
      const def = defs.find((known) => known.name === name);
      if (def === undefined) continue;
      this.touch(Access.WRITE);
      this.groups[at] = { key, defs: defs.filter((known) => known !== def), owner };
      if (defs.length === 1) this.groups.splice(at, 1);
      this.changed(name);
      await this.drain(task, def, owner);
      return true;
    }
    return false;
  }

  /** Unlinks a whole group, found by its definitions. False when it is not there. */
  async removeAttributes(task: Task, defs: readonly AttributeDef<never>[]): Promise<boolean> {
    const at = this.groups.findIndex((group) => group.key === defs);
    if (at < 0) return false;
    this.touch(Access.WRITE);
    const [group] = this.groups.splice(at, 1);
    for (const { name } of group!.defs) this.changed(name);
    for (const def of group!.defs) await this.drain(task, def, group!.owner);
    return true;
  }

  /**
   * Called inside a store of the attribute: removes it without waiting for that store (sysfs_remove_file_self). Of several stores that
   * ask at once one gets true, the others wait until it is gone.
   */
  async removeSelf(task: Task, name: string): Promise<boolean> {
    const state = this.findUsed((used) => used.def.name === name && used.holds(task));
    if (state === null) throw new Error(`expected ${task.name} to be inside a store of ${this.path}/${name}, but it is not`);
    state.breakOwn(task);
    const first = !state.suicidal;
    state.suicidal = true;
    if (!(first && (await this.removeAttribute(task, name)))) await state.drain(task);
    return first;
  }

  addLink(name: string, target: Directory): void {
    if (this.entry(name) !== null) throw new Error(`expected ${this.path} to have no ${name}, but it has one`);
    (this.fixedLinks ??= new Map()).set(name, target);
    this.changed(name);
  }

  removeLink(name: string): void {
    this.fixedLinks?.delete(name);
    this.changed(name);
  }

  /** Unlinks everything below and itself, then waits for whoever is inside (kobject_del). */
  async remove(task: Task): Promise<void> {
    if (this.removed) return;
    this.touch(Access.WRITE);
    this.parent?.touch(Access.WRITE);
    this.removed = true;
    if (this.parent?.children?.get(this.name) === this) this.parent.children.delete(this.name);
    this.parent?.changed(this.name);
    for (const child of this.children?.values() ?? []) await child.remove(task);
    const { groups } = this;
    this.groups = [];
    for (const { defs, owner } of groups) for (const def of defs) await this.drain(task, def, owner);
  }

  /** What this name stands for is another thing now: called by whoever answers for its links. */
  changed(name: string): void {
    if (this.observers.size > 0) for (const observer of this.observers) observer(this, name);
  }

  entry(name: string): Entry | null {
    const child = this.children?.get(name) ?? this.made(name);
    // Whoever finds a directory does not mind what else comes and goes beside it.
    (child ?? this).touch(Access.READ);
    if (child !== undefined) return child;
    for (const { defs, owner } of this.groups) for (const def of defs) if (def.name === name) return new AttributeEntry(this, def, owner);
    const target = this.fixedLinks?.get(name) ?? this.links?.link(name) ?? null;
    return target === null ? null : new LinkEntry(this, name, target);
  }

  /** In no particular order. */
  names(): string[] {
    this.touch(Access.READ);
    const names = this.groups.flatMap(({ defs }) => defs.map((def) => def.name));
    for (const name of this.folders?.folderNames ?? []) if (this.children?.has(name) !== true) names.push(name);
    for (const source of [this.children?.keys(), this.fixedLinks?.keys(), this.links?.linkNames()]) {
      // No spread into push: the bus may have 65,536 devices.
      if (source !== undefined) for (const name of source) names.push(name);
    }
    return names;
  }

  /** Takes an active reference; null when the attribute is gone or going. */
  use(task: Task, entry: AttributeEntry): AttributeState | null {
    const { def } = entry;
    this.touch(Access.READ);
    if (this.removed || !this.groups.some(({ defs, owner }) => owner === entry.owner && defs.includes(def))) return null;
    let state = this.findUsed((used) => used.def === def && used.owner === entry.owner && !used.removed);
    if (state === null) {
      state = new AttributeState(this.layer, entry, `${this.path}/${def.name}`);
      (this.used ??= new Set()).add(state);
    }
    return state.enter(task) ? state : null;
  }

  unuse(task: Task, state: AttributeState): void {
    this.touch(Access.READ);
    state.leave(task);
    if (state.idle) this.used?.delete(state);
  }

  /** That it is made only now is nobody's business: it has been there all the time. */
  private made(name: string): Directory | undefined {
    if (this.folders === null || this.removed || !this.folders.folderNames.includes(name)) return undefined;
    const folder = new Directory(this.layer, this, { name });
    (this.children ??= new Map()).set(name, folder);
    this.folders.fill(folder);
    return folder;
  }

  /** The attribute is unlinked already. Where nobody is inside, the wait is validated all the same. */
  private async drain(task: Task, def: AttributeDef<unknown>, owner: unknown): Promise<void> {
    this.touch(Access.WRITE);
    const state = this.findUsed((used) => used.def === def && used.owner === owner && !used.removed);
    if (state === null) this.layer.checkWait(task, activeClass(def));
    else await state.drain(task);
  }

  /** What is in it, and who is inside an attribute: whoever looks, comes or goes does not matter to others who do, but to a change. */
  private touch(access: AccessKind): void {
    this.layer.rt.touch(this, access);
  }

  private findUsed(wanted: (state: AttributeState) => boolean): AttributeState | null {
    if (this.used !== null) for (const state of this.used) if (wanted(state)) return state;
    return null;
  }
}
