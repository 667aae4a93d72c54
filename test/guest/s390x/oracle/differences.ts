/**
 * In what an outcome of the interpreter is not that of the oracle, one line for each thing. Nothing is compared when an access failed in
 * the oracle: what lies outside of the window differs, and how far an instruction has come by then is up to the machine.
 */
import type { Outcome } from './record.ts';

const hex = (value: bigint | number): string => `0x${value.toString(16)}`;

export function differencesOf(emulated: Outcome, oracle: Outcome): string[] {
  const found: string[] = [];
  const note = (what: string, ours: string | number, theirs: string | number): void => {
    if (ours !== theirs) found.push(`${what}: ${ours}, the oracle has ${theirs}`);
  };
  if (oracle.ending === 'access') return found;
  note('ending', emulated.ending, oracle.ending);
  if (found.length > 0) return found;
  emulated.general.forEach((value, i) => note(`GR${i}`, hex(value), hex(oracle.general[i]!)));
  emulated.floating.forEach((value, i) => note(`FR${i}`, hex(value), hex(oracle.floating[i]!)));
  emulated.access.forEach((value, i) => note(`AR${i}`, hex(value), hex(oracle.access[i]!)));
  note('FPC', hex(emulated.fpc), hex(oracle.fpc));
  note('condition code', emulated.cc, oracle.cc);
  note('program mask', emulated.programMask, oracle.programMask);
  const at = emulated.data.findIndex((byte, i) => byte !== oracle.data[i]);
  if (at >= 0) note(`storage at ${hex(at)}`, hex(emulated.data[at]!), hex(oracle.data[at]!));
  return found;
}
