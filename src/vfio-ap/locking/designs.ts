/**
 * The locking designs by name. A new design is a new file and a line here.
 */
import type { KernelProfile } from '../../base/kernel-profile.ts';
import { DynamicKvmBusy } from './dynamic-kvm-busy.ts';
import { GlobalMutex } from './global-mutex.ts';
import { GuestsLock } from './guests-lock.ts';
import { GuestsRwsem } from './guests-rwsem.ts';
import { KvmBusy } from './kvm-busy.ts';
import { KvmLockOutside } from './kvm-lock-outside.ts';
import { PermsInside } from './perms-inside.ts';
import type { DesignFactory } from './port.ts';
import { PqapRwsem } from './pqap-rwsem.ts';
import { Srcu } from './srcu.ts';
import { TrylockPerms } from './trylock-perms.ts';
import { FairRwlock } from './fair-rwlock.ts';
import { MutexCondvarRwlock } from './mutex-condvar-rwlock.ts';
import { QueueLock } from './queue-lock.ts';
import { ReaderPreferringRwlock } from './reader-preferring-rwlock.ts';
import { SimulatedExit } from './simulated-exit.ts';
import { UserSpacePqap } from './user-space-pqap.ts';
import { TwoRwsems } from './two-rwsems.ts';
import { UnlockedMasks } from './unlocked-masks.ts';

/** In the order of their history; then what was weighed and never built. */
const DESIGNS: Readonly<Record<string, DesignFactory>> = {
  'unlocked-masks': (context) => new UnlockedMasks(context),
  'global-mutex': (context) => new GlobalMutex(context),
  'kvm-busy': (context) => new KvmBusy(context),
  'two-rwsems': (context) => new TwoRwsems(context),
  'pqap-rwsem': (context) => new PqapRwsem(context),
  'kvm-lock-outside': (context) => new KvmLockOutside(context),
  'dynamic-kvm-busy': (context) => new DynamicKvmBusy(context),
  'guests-rwsem': (context) => new GuestsRwsem(context),
  'guests-lock': (context) => new GuestsLock(context),
  'perms-inside': (context) => new PermsInside(context),
  'trylock-perms': (context) => new TrylockPerms(context),
  'user-space-pqap': (context) => new UserSpacePqap(context),
  'simulated-exit': (context) => new SimulatedExit(context),
  'fair-rwlock': (context) => new FairRwlock(context),
  'reader-preferring-rwlock': (context) => new ReaderPreferringRwlock(context),
  srcu: (context) => new Srcu(context),
  'queue-lock': (context) => new QueueLock(context),
  'mutex-condvar-rwlock': (context) => new MutexCondvarRwlock(context),
};

export const DEFAULT_DESIGN = 'guests-lock';

/** Of the built-in ones; a test compares it with what they say of themselves. */
const HOT_PLUG: ReadonlySet<string> = new Set(['dynamic-kvm-busy', 'guests-rwsem', 'guests-lock', 'perms-inside', 'trylock-perms']);

/** The design that a kernel was released with. */
export function defaultDesignOf({ hotPlug }: KernelProfile): string {
  return hotPlug ? DEFAULT_DESIGN : 'kvm-lock-outside';
}

/**
 * Built-in designs under which a kernel can run: without hot plug none that has it. The other way round every design fits, so that history
 * can be run against today's behaviour.
 */
export function designsFor({ hotPlug }: KernelProfile): string[] {
  return hotPlug ? designNames() : designNames().filter((name) => !HOT_PLUG.has(name));
}

export function designNames(): string[] {
  return Object.keys(DESIGNS);
}

/** Undefined when there is no design of that name. */
export function designByName(name: string): DesignFactory | undefined {
  return Object.hasOwn(DESIGNS, name) ? DESIGNS[name] : undefined;
}
