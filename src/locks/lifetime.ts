/**
 * Lifetimes of model objects: memory is not freed here, so an object that the kernel would have freed says so itself. A use afterwards is
 * reported with the place of the free and the place of the use (kernel: KASAN), and what nothing leads to any more is a leak (kmemleak).
 */
import { Access, type AccessKind } from '../runtime/access.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { Findings } from './finding.ts';
import { capturePlace, NOWHERE, type Place } from './place.ts';

interface End {
  readonly by: string;
  readonly time: number;
  readonly place: Place;
}

type LifetimeRuntime = Pick<Runtime, 'now' | 'touch'>;

/** Every object of one run that is published and not freed. */
export class Lifetimes {
  readonly findings: Findings;
  private readonly rt: LifetimeRuntime;
  readonly places: boolean;
  private readonly objects = new Set<Lifetime>();

  /** `places`: note where each object was freed, a stack for each. */
  constructor(findings: Findings, rt: LifetimeRuntime, places = true) {
    this.findings = findings;
    this.rt = rt;
    this.places = places;
  }

  now(): number {
    return this.rt.now();
  }

  touched(lifetime: Lifetime, access: AccessKind): void {
    this.rt.touch(lifetime, access);
  }

  /** In the order in which they were published. */
  get alive(): Iterable<Lifetime> {
    return this.objects;
  }

  begin(lifetime: Lifetime): void {
    this.objects.add(lifetime);
  }

  end(lifetime: Lifetime): void {
    this.objects.delete(lifetime);
  }

  /** To be asked when everything is quiet: one finding for all objects that are alive and not among those somebody can reach. */
  reportLeaks(reachable: Iterable<Lifetime>): void {
    const found = new Set(reachable);
    const names = [...this.objects].filter((lifetime) => !found.has(lifetime)).map((lifetime) => lifetime.name);
    if (names.length === 0) return;
    this.findings.report({
      kind: 'leak',
      key: `leak:${names.join(',')}`,
      title: `never freed, and nothing leads to it any more: ${names.join(', ')}`,
      tasks: [],
      time: this.now(),
    });
  }
}

export class Lifetime {
  private readonly all: Lifetimes;
  private readonly owner: { readonly name: string };
  private readonly kind: string;
  private over: End | null = null;

  /** `kind` is the kernel's name of the type: uses of two objects at one place are one finding. */
  constructor(all: Lifetimes, owner: { readonly name: string }, kind: string) {
    this.all = all;
    this.owner = owner;
    this.kind = kind;
  }

  get name(): string {
    return `${this.kind} ${this.owner.name}`;
  }

  get freed(): boolean {
    return this.over !== null;
  }

  /** Others can find it: from here on it must be freed before nothing leads to it any more. */
  publish(): void {
    if (this.over === null) this.all.begin(this);
  }

  /** `by` is null where the kernel's function takes no task either. Freeing it twice is a use after free. */
  free(by: Task | null): void {
    if (this.over !== null) {
      this.use(by, 'freed again');
      return;
    }
    this.all.touched(this, Access.WRITE);
    this.over = { by: by?.name ?? 'the last reference', time: this.all.now(), place: this.all.places ? capturePlace() : NOWHERE };
    this.all.end(this);
  }

  /** Reports, and goes on, when the object is gone; `how` completes the sentence "... is". A field names itself: texts are made for reports. */
  use(task: Task | null, how: string, field?: string): void {
    this.all.touched(this, Access.READ);
    if (this.over !== null) this.report(this.over, task, field === undefined ? how : `${how} (${field})`);
  }

  private report({ by, time, place }: End, task: Task | null, what: string): void {
    const used = capturePlace();
    this.all.findings.report({
      kind: 'use-after-free',
      key: `use-after-free:${this.kind}:${used[0] ?? what}`,
      title: `use after free: ${this.name} is ${what}${task === null ? '' : ` by ${task.name}`}, but ${by} freed it`,
      tasks: task === null ? [] : [task.name],
      time: this.all.now(),
      place: used,
      notes: [
        `freed after ${time.toFixed(3)} ms at ${place[0] ?? 'an unknown place'}`,
        ...place.slice(1).map((line) => `  called from ${line}`),
      ],
    });
  }
}
