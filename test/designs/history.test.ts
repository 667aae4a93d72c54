/**
 * Goal: every design of the driver's history fails as it did, or would have, and only so. Method: random walks of the scenarios in which
 * the designs differ, until all that is expected has been found; a few walks where nothing is.
 */
import { describe, expect, test } from 'vitest';
import { designNames } from '../../src/vfio-ap/locking/designs.ts';
import { SCENARIOS, type ScenarioName } from './scenarios.ts';
import { walks } from './walk.ts';

const SEEDS = 1000;
const CLEAN_SEEDS = 16;

interface Expected {
  /** Kinds that must be found. */
  readonly finds: readonly string[];
  /** Kinds that may come along. */
  readonly also?: readonly string[];
}

const clean: Expected = { finds: [] };
const finds = (...kinds: readonly string[]): Expected => ({ finds: kinds });
const midway: Expected = { finds: [], also: ['invariant', 'leak'] };
/** The guest keeps a queue that was taken from the host: without hot plug its masks stay. */
const noHotPlug = { unbind: finds('invariant'), host: finds('invariant') };
/** The hook of the mdev that has the guest is withdrawn by the one that is closed: spec/vfio-ap.md, Q11. */
const shortHook = { handover: finds('invariant') };
/** Of whoever reads or writes without the guard, whatever the schedule. */
const race = { finds: ['data-race'], also: ['stale-write', 'use-after-free', 'leak', 'error'] };

const TABLE: Readonly<Record<string, Partial<Record<ScenarioName, Expected>>>> = {
  'unlocked-masks': {
    ...noHotPlug,
    attach: { finds: ['leak'], also: ['invariant'] },
    writer: { finds: ['leak'], also: ['invariant'] },
    detach: { finds: ['leak'], also: ['invariant'] },
    apart: { finds: ['leak'], also: ['invariant'] },
    interrupt: { finds: ['leak'], also: ['invariant'] },
    plug: { finds: ['leak'], also: ['invariant'] },
    remove: { finds: ['leak', 'use-after-free'], also: ['invariant'] },
    handover: finds('invariant'),
  },
  'global-mutex': {
    ...noHotPlug,
    attach: finds('deadlock', 'lock-order'),
    writer: finds('deadlock', 'lock-order'),
    detach: finds('deadlock', 'lock-order'),
    apart: finds('lock-order'),
    plug: finds('lock-order'),
    remove: finds('use-after-free'),
  },
  'kvm-busy': {
    ...noHotPlug,
    attach: finds('lock-order'),
    writer: finds('lock-order'),
    detach: finds('deadlock', 'lock-order'),
    apart: finds('lock-order'),
    plug: finds('lock-order'),
    rivals: finds('invariant'),
    remove: finds('use-after-free'),
  },
  'two-rwsems': Object.fromEntries(Object.keys(SCENARIOS).map((name) => [name, race])),
  'pqap-rwsem': {
    attach: { finds: ['deadlock', 'lock-order', 'data-race'], also: ['invariant'] },
    writer: { finds: ['deadlock', 'lock-order', 'data-race'], also: ['invariant'] },
    detach: { finds: ['deadlock', 'lock-order', 'data-race'], also: ['invariant'] },
    apart: finds('data-race', 'lock-order'),
    plug: { finds: ['lock-order', 'data-race'], also: ['invariant'] },
    rivals: { finds: ['assertion'], also: ['outcome'] },
    second: { finds: ['assertion'], also: ['outcome'] },
    handover: { finds: ['assertion'], also: ['outcome'] },
    interrupt: finds('data-race'),
    unbind: { finds: ['data-race', 'use-after-free'], also: ['invariant', 'leak'] },
    vcpus: { finds: ['data-race', 'stale-write', 'error'], also: ['invariant', 'leak'] },
    remove: { finds: ['data-race'], also: ['invariant'] },
    host: finds('invariant'),
  },
  'kvm-lock-outside': { ...noHotPlug, ...shortHook, rivals: finds('invariant'), second: finds('invariant') },
  'dynamic-kvm-busy': {
    attach: finds('lock-order'),
    writer: finds('lock-order'),
    detach: finds('deadlock', 'lock-order'),
    apart: finds('lock-order'),
    plug: finds('deadlock', 'lock-order'),
    rivals: finds('invariant'),
    remove: finds('use-after-free'),
  },
  'guests-rwsem': { host: { finds: ['data-race'], also: ['invariant', 'stale-write'] } },
  'guests-lock': {},
  'perms-inside': { masks: finds('deadlock', 'lock-order') },
  'trylock-perms': { masks: finds('invariant') },
  'user-space-pqap': noHotPlug,
  'simulated-exit': { ...noHotPlug, remove: finds('use-after-free') },
  'fair-rwlock': {
    ...noHotPlug,
    attach: finds('lock-order'),
    detach: finds('lock-order'),
    apart: finds('lock-order'),
    plug: finds('lock-order'),
    writer: finds('deadlock', 'lock-order'),
    remove: finds('use-after-free'),
  },
  'reader-preferring-rwlock': { ...noHotPlug, remove: finds('use-after-free') },
  // An invariant may be seen in the middle of an AQIC, which the state lock does not cover; here and below.
  srcu: {
    ...Object.fromEntries((['attach', 'detach', 'writer', 'plug', 'vcpus', 'interrupt'] as const).map((name) => [name, midway])),
    unbind: { finds: ['data-race', 'invariant'], also: ['use-after-free', 'leak'] },
    host: finds('data-race', 'invariant'),
    remove: { finds: ['data-race'], also: ['invariant'] },
  },
  'queue-lock': {
    ...Object.fromEntries((['attach', 'detach', 'writer', 'plug', 'vcpus', 'interrupt'] as const).map((name) => [name, midway])),
    unbind: { finds: ['data-race', 'invariant'], also: ['use-after-free', 'leak'] },
    host: finds('data-race', 'invariant'),
    remove: { finds: ['data-race'], also: ['invariant', 'use-after-free', 'leak'] },
  },
  // No lock of the product at whose release the invariants could be looked at.
  'mutex-condvar-rwlock': { remove: finds('use-after-free') },
};

test('every design is in the table', () => {
  expect(Object.keys(TABLE)).toEqual(designNames());
});

describe.each(Object.entries(TABLE))('%s', (design, rows) => {
  test.each(Object.keys(SCENARIOS) as ScenarioName[])('%s', async (name) => {
    const { finds: must, also = [] } = rows[name] ?? clean;
    const found = await walks(design, SCENARIOS[name], { seeds: must.length === 0 ? CLEAN_SEEDS : SEEDS, until: must });
    const kinds = [...found.keys()];
    expect(must.filter((kind) => !kinds.includes(kind))).toEqual([]);
    expect(kinds.filter((kind) => !must.includes(kind) && !also.includes(kind))).toEqual([]);
  });
});
