/**
 * Places where something may fail that mostly does not: each is a choice of the run, made only where the place is switched on. All off by
 * default. A fault is no defect: code must cope with it (kernel: CONFIG_FAULT_INJECTION, failslab).
 */

import { HARDWARE_FAULTS } from '../crypto-adapters/fault-places.ts';

export const FAULTS = [
  { name: 'probe-allocation', fails: 'the allocation of a queue object in the probe of a queue: -ENOMEM' },
  ...HARDWARE_FAULTS,
] as const;

export type FaultName = (typeof FAULTS)[number]['name'];
export type Faults = ReadonlySet<FaultName>;

export const FAULT_NAMES: readonly FaultName[] = FAULTS.map(({ name }) => name);
export const NO_FAULTS: Faults = new Set();
