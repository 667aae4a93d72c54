/**
 * How a number may be spelt in a scenario file. YAML would silently read `05.0004` as the float 5.0004 and `010` as ten where sysfs reads
 * eight, so the text as written decides, not the value that YAML made of it. No kernel counterpart.
 */
import { pathText, type FieldPath, type Refusal } from './place.ts';

const PLAIN_INTEGER = /^(?:0|-?[1-9][0-9]*|0x[0-9a-fA-F]+)$/;
const PLAIN_DECIMAL = /^(?:0|[1-9][0-9]*)\.[0-9]+$/;
const QUEUE_NAME = /^[0-9a-fA-F]{1,2}\.[0-9a-fA-F]{4}$/;

/** Why an unquoted scalar may not be written like this, or undefined when it may. `value` is what YAML made of it. */
export function refuseSpelling(path: FieldPath, source: string, value: unknown): Refusal | undefined {
  if (typeof value === 'string' && !QUEUE_NAME.test(source) && !source.startsWith('0X')) return undefined;
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  if (PLAIN_INTEGER.test(source)) return undefined;
  const field = pathText(path);
  if (field === 'host.serviceScale' && PLAIN_DECIMAL.test(source)) return undefined;
  if (field === 'host.kernel') {
    return { expected: 'a kernel profile in quotes', got: source, hint: `YAML reads it as a number: write "${source}"` };
  }
  return { expected: 'a whole number, decimal or 0x, or quoted text', got: source, hint: hintFor(source, value) };
}

function hintFor(source: string, value: unknown): string {
  if (QUEUE_NAME.test(source)) return `YAML may read it as a decimal fraction: write "${source}"`;
  if (/^0[0-9]+$/.test(source)) {
    const octal = /^0[0-7]+$/.test(source) ? `, or "${source}" in quotes, which is ${Number.parseInt(source, 8)} as in sysfs (base 0)` : '';
    return `a leading zero is ambiguous: write ${Number.parseInt(source, 10)}${octal}`;
  }
  if (Number.isSafeInteger(value)) return `write ${String(value)}`;
  return `write "${source}" if it is text`;
}
