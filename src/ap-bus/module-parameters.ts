/**
 * The module parameters of the bus, /sys/module/ap/parameters (module_param in drivers/s390/crypto/ap_bus.c): given at boot, read-only
 * afterwards.
 */
import { ApMask } from '../base/ap-mask.ts';
import { parseMaskText } from '../base/mask-text.ts';
import type { AttributeDef } from '../driver-core/attribute.ts';
import type { ApMasks } from './ap-permissions.ts';

export interface ApParameters {
  /** Default domain; default -1: the first scan chooses one. One that the host does not have is replaced by -1. */
  readonly domain?: number;
  /** Starts the poll thread; default 0. */
  readonly pollThread?: 0 | 1;
  /** Text of the masks at boot; without one a mask is all ones, with one it starts from all zeros, and stays so if the text is wrong. */
  readonly apmask?: string;
  readonly aqmask?: string;
  /** Interrupts are used where there are any; default 1. */
  readonly useirq?: 0 | 1;
  /** Messages that zcrypt keeps in reserve; default 8. */
  readonly msgpoolMinItems?: number;
}

const DEFAULT_MSGPOOL = 8;

/** What the files show. */
export interface ParameterFiles {
  readonly parameters: ApParameters;
  /** As it is now: the parameter and the variable are one. */
  readonly defaultDomain: number;
}

export const AP_PARAMETERS: readonly AttributeDef<ParameterFiles>[] = [
  { name: 'domain', mode: 0o444, show: (_task, { defaultDomain }) => `${defaultDomain}\n` },
  { name: 'poll_thread', mode: 0o444, show: (_task, { parameters }) => `${parameters.pollThread ?? 0}\n` },
  { name: 'apmask', mode: 0o444, show: (_task, { parameters }) => `${parameters.apmask ?? '(null)'}\n` },
  { name: 'aqmask', mode: 0o444, show: (_task, { parameters }) => `${parameters.aqmask ?? '(null)'}\n` },
  { name: 'useirq', mode: 0o444, show: (_task, { parameters }) => `${parameters.useirq ?? 1}\n` },
  { name: 'msgpool_min_items', mode: 0o400, show: (_task, { parameters }) => `${parameters.msgpoolMinItems ?? DEFAULT_MSGPOOL}\n` },
];

export function masksAtBoot({ apmask, aqmask }: ApParameters): ApMasks {
  return { apm: maskAtBoot(apmask), aqm: maskAtBoot(aqmask) };
}

function maskAtBoot(text: string | undefined): ApMask {
  if (text === undefined) return ApMask.FULL;
  const mask = parseMaskText(text, ApMask.EMPTY);
  return typeof mask === 'number' ? ApMask.EMPTY : mask;
}
