/**
 * A loaded scenario: the host to build, the design to run it under, what happens during the run, and what should come out.
 * No kernel counterpart. Everything is checked and every id is a number; sysfs paths name mdevs by UUID.
 */
import type { AdapterSpec, HostSpec } from '../machine/host-spec.ts';
import type { Expectation } from './expectation.ts';
import type { Place } from './place.ts';

export type When =
  | { readonly kind: 'now' }
  /** A share, 0 to 1, of all workload operations. */
  | { readonly kind: 'share'; readonly share: number }
  | { readonly kind: 'operations'; readonly count: number }
  | { readonly kind: 'time'; readonly ms: number };

export type Verb =
  | { readonly kind: 'write'; readonly path: string; readonly value: string }
  | { readonly kind: 'read'; readonly path: string }
  | { readonly kind: 'attach'; readonly guest: string }
  | { readonly kind: 'detach'; readonly guest: string }
  /** Queue as `05.0004`. */
  | { readonly kind: 'unbind'; readonly queue: string }
  | { readonly kind: 'bind'; readonly queue: string; readonly driver: string }
  | { readonly kind: 'checkstop'; readonly adapter: number; readonly on: boolean }
  /** The host configuration gains these adapters in one change. */
  | { readonly kind: 'plug'; readonly adapters: readonly AdapterSpec[] }
  | { readonly kind: 'unplug'; readonly adapters: readonly number[] }
  | { readonly kind: 'pause'; readonly ms: number }
  /** The events have the task of the repeat and no `at` of their own. */
  | { readonly kind: 'repeat'; readonly times: number; readonly events: readonly EventSpec[] };

export interface EventSpec {
  /** null: follows its task's previous event. */
  readonly at: When | null;
  readonly task: string;
  readonly verb: Verb;
  /** `ok`, the name of an errno, or null: the result does not matter. */
  readonly expect: string | null;
  readonly place: Place;
}

export interface Scenario {
  readonly name: string;
  /** File name, or `<embedded>`. */
  readonly source: string;
  readonly text: string;
  readonly host: HostSpec;
  /** Name of a locking design, or the path of a design file. */
  readonly design: string;
  readonly events: readonly EventSpec[];
  /** Empty: known defects are not emulated yet, and a scenario that asks for one is refused. */
  readonly quirks: readonly never[];
  readonly faults: readonly never[];
  readonly expect: Expectation;
}
