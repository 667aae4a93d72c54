/**
 * The verb `fault`: hardware that goes wrong for a time, see src/crypto-adapters/faults.ts. No kernel counterpart.
 * When a fault that the host's queues may have fallen over is over, the machine says that its configuration has changed, and the host scans.
 */
import { z } from 'zod';
import { apqnOf, apqnText } from '../base/apqn.ts';
import { OK, type Errno } from '../base/errno.ts';
import {
  FAULT_INSTRUCTIONS,
  FAULT_KIND_NAMES,
  FAULT_MS_MAX,
  faultText,
  type FaultInstruction,
  type FaultKind,
  type FaultSpec,
} from '../crypto-adapters/faults.ts';
import { Rc } from '../crypto-adapters/response-code.ts';
import type { Machine } from '../machine/machine.ts';
import type { Task } from '../runtime/task.ts';
import { timeText, type FieldValue } from './text-values.ts';
import { adapterId, duration, flag, oneOf, queueName, whole } from './values.ts';

export interface FaultVerb {
  readonly kind: 'fault';
  readonly fault: FaultSpec;
}

/** What a kind of fault can be told besides where and how long. */
export type FaultOption = 'instruction' | 'nth' | 'times' | 'code' | 'async' | 'length' | 'bit';
export const FAULT_OPTIONS: readonly FaultOption[] = ['instruction', 'nth', 'times', 'code', 'async', 'length', 'bit'];
export const OPTIONS_OF: Readonly<Record<FaultKind, readonly FaultOption[]>> = {
  deconfigured: ['instruction', 'nth'],
  checkstopped: ['instruction', 'nth'],
  'reset-hang': [],
  mute: [],
  'late-interrupt': [],
  'duplicate-interrupt': ['nth', 'times'],
  'wrong-psmid': ['nth', 'times'],
  'reply-length': ['nth', 'times', 'length'],
  'bit-error': ['nth', 'times', 'bit'],
  'response-code': ['instruction', 'nth', 'times', 'code', 'async'],
};

const CODE = 'a response code from 1 to 255, or its name, like BUSY';
const codeNamed = z
  .string({ error: CODE })
  .refine((name) => name in Rc && name !== 'NORMAL' && name !== 'PARTIAL', { error: CODE })
  .transform((name): number => Rc[name as keyof typeof Rc]);
const LENGTH = `a time like 300ms or 2s, above 0 and at most ${FAULT_MS_MAX / 1000}s`;

/** The fields of the event besides those that every event has. */
export const faultShape = {
  do: z.literal('fault'),
  kind: oneOf('a kind of fault', FAULT_KIND_NAMES),
  queue: queueName.optional().describe('One queue; or all of an adapter.'),
  adapter: adapterId.optional(),
  for: duration.refine((ms) => ms > 0 && ms <= FAULT_MS_MAX, { error: LENGTH }).describe('When it is over, whether it has struck or not.'),
  instruction: oneOf('an AP instruction', FAULT_INSTRUCTIONS)
    .optional()
    .describe('Of response-code, default nqap; a configuration fault strikes at once unless given.'),
  nth: whole('the number of an instruction or reply', 1, 1_000_000).optional().describe('Strikes at the n-th one from now on. Default 1.'),
  times: whole('how often it strikes', 1, 1_000_000).optional().describe('Default 1.'),
  code: z
    .union([whole('a response code', 1, 255), codeNamed], { error: CODE })
    .optional()
    .describe('Default RESET_IN_PROGRESS.'),
  async: flag.optional().describe('The status says that the code was found asynchronously.'),
  length: whole('a length in bytes', 0, 0x1_0000).optional().describe('Of the reply. Default 4.'),
  bit: whole('the number of a bit of the reply', 0, 0x8_0000 - 1)
    .optional()
    .describe('0 is the leftmost. Default 8: the type.'),
};

export interface FaultFields {
  readonly kind: FaultKind;
  readonly for: number;
  readonly instruction?: FaultInstruction | undefined;
  readonly nth?: number | undefined;
  readonly times?: number | undefined;
  readonly code?: number | undefined;
  readonly async?: boolean | undefined;
  readonly length?: number | undefined;
  readonly bit?: number | undefined;
}

/** `domain`: null for a whole adapter. */
export function toFault(found: FaultFields, adapter: number, domain: number | null): FaultVerb {
  const { kind, instruction, nth, times, code, async: asyncError, length, bit } = found;
  return {
    kind: 'fault',
    fault: {
      ...{ kind, adapter, domain, ms: found.for },
      ...(instruction === undefined ? {} : { instruction }),
      ...(nth === undefined ? {} : { nth }),
      ...(times === undefined ? {} : { times }),
      ...(code === undefined ? {} : { rc: code }),
      ...(asyncError === undefined ? {} : { async: asyncError }),
      ...(length === undefined ? {} : { length }),
      ...(bit === undefined ? {} : { bit }),
    },
  };
}

export function faultFields({ fault }: FaultVerb): Readonly<Record<string, FieldValue>> {
  const { kind, adapter, domain, ms, rc, ...options } = fault;
  const where = domain === null ? { adapter } : { queue: apqnText(apqnOf(adapter, domain)) };
  return { do: 'fault', kind, ...where, for: timeText(ms), ...options, ...(rc === undefined ? {} : { code: rc }) };
}

export const faultVerbText = ({ fault }: FaultVerb): string => `fault ${faultText(fault)} for ${fault.ms} ms`;

/** After these a queue of the host may be in error, which only a scan heals. */
const HEALED: ReadonlySet<FaultKind> = new Set(['deconfigured', 'checkstopped', 'response-code']);
/** Behind the end of the fault, whatever the order of two timers of one moment. */
const AFTER_MS = 1;

/** Arms it, and sees to its end; -ENODEV without such an adapter. */
export function performFault(task: Task, { hardware, bus, layer }: Machine, { fault }: FaultVerb): Errno {
  const errno = hardware.inject(fault);
  if (errno !== OK || !HEALED.has(fault.kind)) return errno;
  layer.rt.spawn(`${task.name}: after ${fault.kind}`, async (after) => {
    await layer.rt.sleep(after, fault.ms + AFTER_MS);
    await bus.forceRescan(after);
  });
  return OK;
}
