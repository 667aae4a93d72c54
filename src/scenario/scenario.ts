/**
 * A loaded scenario: the host to build, the design to run it under, what happens during the run, and what should come out.
 * No kernel counterpart. Everything is checked and every id is a number; sysfs paths name mdevs by UUID.
 */
import type { FaultSpec } from '../crypto-adapters/faults.ts';
import type { AdapterSpec, HostSpec } from '../machine/host-spec.ts';
import type { FaultName } from '../vfio-ap/faults.ts';
import type { QuirkName } from '../vfio-ap/quirks.ts';
import type { ZpciSpec } from '../zpci/zpci-host.ts';
import type { Expectation } from './expectation.ts';
import type { IoctlVerb } from './ioctl-verb.ts';
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
  /** Another user of vfio opens the device of an mdev for the guest and, if that succeeds, closes it: at once, or when the run ends. */
  | {
      readonly kind: 'open';
      readonly guest: string;
      readonly mdev: { readonly name: string; readonly uuid: string };
      readonly keep: boolean;
    }
  /** Secure Execution of a guest begins or ends. */
  | { readonly kind: 'pv-start' | 'pv-stop'; readonly guest: string }
  /** All storage of a guest is unmapped for its devices, or mapped again. */
  | { readonly kind: 'unmap' | 'map'; readonly guest: string }
  | IoctlVerb
  /** A signal for the task of that name. */
  | { readonly kind: 'signal'; readonly to: string }
  /** Queue as `05.0004`. */
  | { readonly kind: 'unbind'; readonly queue: string }
  | { readonly kind: 'bind'; readonly queue: string; readonly driver: string }
  | { readonly kind: 'checkstop'; readonly adapter: number; readonly on: boolean }
  /** The host configuration gains these adapters in one change. */
  | { readonly kind: 'plug'; readonly adapters: readonly AdapterSpec[] }
  | { readonly kind: 'unplug'; readonly adapters: readonly number[] }
  /** The host has these domains from now on. */
  | { readonly kind: 'domains'; readonly use: 'usage' | 'control'; readonly domains: readonly number[] }
  /** Hardware goes wrong for a time. */
  | { readonly kind: 'fault'; readonly fault: FaultSpec }
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

/** One switch of the slot. The events of a task follow each other, tasks are parallel. */
export interface SlotEvent {
  readonly task: string;
  readonly on: boolean;
  /** `ok`, the name of an errno, or null: the result does not matter. */
  readonly expect: string | null;
  readonly place: Place;
}

export interface ZpciScenario {
  readonly spec: ZpciSpec;
  readonly events: readonly SlotEvent[];
}

export interface Scenario {
  readonly name: string;
  /** File name, or `<embedded>`. */
  readonly source: string;
  /** Of the file, with the programs that it names inside. */
  readonly text: string;
  readonly host: HostSpec;
  /** Name of a locking design, or the path of a design file. */
  readonly design: string;
  readonly events: readonly EventSpec[];
  /** Known defects that are switched on. */
  readonly quirks: readonly QuirkName[];
  /** Places that may fail. */
  readonly faults: readonly FaultName[];
  readonly expect: Expectation;
  /** A PCI function instead of AP: then host and events are empty. */
  readonly zpci?: ZpciScenario;
}
