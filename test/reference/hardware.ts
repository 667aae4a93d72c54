/**
 * What the reference machine answers to an instruction on a queue at rest (ap-bus section 10), and how the service element changes it.
 */
import { Err } from './errnos.ts';
import type { Ids } from './ids.ts';
import { apqnOf, type RefHardware } from './world.ts';

export const Rc = { NORMAL: 0, NOT_AVAILABLE: 1, DECONFIGURED: 3, CHECKSTOPPED: 4, INVALID_ADDRESS: 6, UNCHANGED: 7 } as const;

interface Place {
  readonly adapter: number;
  readonly domain: number;
}

/** The response code of any instruction. */
function stateOf(hardware: RefHardware, { adapter, domain }: Place): number {
  const found = hardware.adapters.get(adapter);
  if (found === undefined || !hardware.usage.has(domain)) return Rc.NOT_AVAILABLE;
  if (!found.configured) return Rc.DECONFIGURED;
  return found.checkstopped ? Rc.CHECKSTOPPED : Rc.NORMAL;
}

/** ZAPQ: a queue that is there forgets its interrupt. */
export function zapq(hardware: RefHardware, place: Place): number {
  const rc = stateOf(hardware, place);
  if (rc === Rc.NORMAL) hardware.interrupts.delete(apqnOf(place.adapter, place.domain));
  return rc;
}

export function aqic(hardware: RefHardware, place: Place, enable: boolean): number {
  const rc = stateOf(hardware, place);
  if (rc !== Rc.NORMAL) return rc;
  const apqn = apqnOf(place.adapter, place.domain);
  if (hardware.interrupts.has(apqn) === enable) return Rc.UNCHANGED;
  if (enable) hardware.interrupts.add(apqn);
  else hardware.interrupts.delete(apqn);
  return Rc.NORMAL;
}

/** Whatever a queue had is lost with its adapter or its domain. */
function lose(hardware: RefHardware, lost: (adapter: number, domain: number) => boolean): void {
  for (const apqn of hardware.interrupts) if (lost(apqn >> 8, apqn & 0xff)) hardware.interrupts.delete(apqn);
}

export function plug(hardware: RefHardware, id: number, type: string): number {
  if (hardware.adapters.has(id)) return Err.EEXIST;
  hardware.adapters.set(id, { type, configured: true, checkstopped: false });
  return 0;
}

export function unplug(hardware: RefHardware, id: number): number {
  if (!hardware.adapters.delete(id)) return Err.ENODEV;
  lose(hardware, (adapter) => adapter === id);
  return 0;
}

export function setState(hardware: RefHardware, id: number, state: { configured?: boolean; checkstopped?: boolean }): number {
  const adapter = hardware.adapters.get(id);
  if (adapter === undefined) return Err.ENODEV;
  Object.assign(adapter, state);
  lose(hardware, (lost) => lost === id && (!adapter.configured || adapter.checkstopped));
  return 0;
}

export function setUsage(hardware: RefHardware, domains: Ids): void {
  hardware.usage = new Set(domains);
  lose(hardware, (_adapter, domain) => !domains.has(domain));
}
