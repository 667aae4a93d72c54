/**
 * The schemas of single values of a scenario file: ids, counts, names, UUIDs, times. No kernel counterpart; ids read as sysfs reads them.
 */
import { z } from 'zod';
import { EINVAL } from '../base/errno.ts';
import { parseUnsigned } from '../base/kernel-text.ts';

/** A whole number in a range; the text says so wherever the number fails. */
export function whole(what: string, min: number, max: number): z.ZodInt {
  const error = `${what} from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

/** An adapter or domain number: unquoted decimal or 0x, or quoted as sysfs reads it (base 0, so "010" is 8). */
function id(what: string) {
  const error = `${what} from 0 to 255`;
  const asSysfs = `${error}\nquoted numbers are read as sysfs does: decimal, 0x, or octal after a leading 0`;
  const digits = z.string({ error }).regex(/^\+?(?:0[xX][0-9a-fA-F]+|[0-9]+)\n?$/, { error: asSysfs });
  const text = digits.transform((raw, context) => {
    const value = parseUnsigned(raw);
    if (value >= 0 && value <= 255) return value;
    context.addIssue({ code: 'custom', message: value === EINVAL ? asSysfs : error });
    return z.NEVER;
  });
  return z.union([whole(what, 0, 255), text], { error });
}

export const adapterId = id('an adapter number');
export const domainId = id('a domain number');

/** Names become parts of paths and of report lines. */
export function named(what: string): z.ZodString {
  const error = `${what} (letters, digits, "_", "." and "-")`;
  return z.string({ error }).regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, { error });
}

export const flag = z.boolean({ error: 'true or false' });

export function oneOf<const T extends readonly string[]>(what: string, values: T) {
  return z.enum(values, { error: `${what}: ${values.join(', ')}` });
}

const UUID_TEXT = 'a UUID like 783e6dbb-ea0e-411f-94e2-717eaad438bf';
export const uuid = z
  .string({ error: UUID_TEXT })
  .regex(/^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, { error: UUID_TEXT })
  .transform((text) => text.toLowerCase());

const QUEUE_TEXT = 'a queue in quotes, like "05.0004"';
export const queueName = z
  .string({ error: QUEUE_TEXT })
  .regex(/^[0-9a-fA-F]{2}\.00[0-9a-fA-F]{2}$/, { error: QUEUE_TEXT })
  .transform((text) => text.toLowerCase());

/** There is nothing else in a host that could be opened. */
const PATH_TEXT = 'the path of a file below /sys, like /sys/bus/ap/apmask';
export const attributePath = z.string({ error: PATH_TEXT }).regex(/^\/sys\/./, { error: PATH_TEXT });

const CARD_TEXT = 'a card type from CEX2A to CEX8P';
export const cardType = z
  .string({ error: CARD_TEXT })
  .regex(/^CEX(?:[23][AC]|[4-8][ACP])$/, { error: `${CARD_TEXT}: CEX, generation 2 to 8, mode A, C or, from 4 on, P` });

const DURATION = /^([0-9]+(?:\.[0-9]+)?)(ms|s)$/;

/** Milliseconds of `150ms` or `2s`, undefined when it is neither. */
export function durationMs(text: string): number | undefined {
  const match = DURATION.exec(text);
  return match === null ? undefined : Number(match[1]) * (match[2] === 's' ? 1000 : 1);
}

const DURATION_TEXT = 'a time like 300ms or 2s';
export const duration = z
  .string({ error: DURATION_TEXT })
  .regex(DURATION, { error: DURATION_TEXT })
  .transform((text) => durationMs(text)!);
