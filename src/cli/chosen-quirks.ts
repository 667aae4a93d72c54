/**
 * Which known defects a command line switches on. No kernel counterpart.
 */
import { QUIRK_NAMES, type QuirkName } from '../vfio-ap/quirks.ts';
import type { ParsedOptions } from './options.ts';
import { QUIRK_LIST } from './option-values.ts';
import { wrongWord } from './usage-error.ts';

/** Null: those of the scenario. `command` is shown in front of complaints. */
export function chosenQuirks(command: string, options: ParsedOptions): readonly QuirkName[] | null {
  const names = options.get('quirks', QUIRK_LIST);
  if (names === undefined) return null;
  return names.map((name) => {
    const quirk = QUIRK_NAMES.find((known) => known === name);
    if (quirk === undefined)
      throw wrongWord(`${command}: --quirks`, `known defects (${QUIRK_NAMES.join(', ')}) or none`, { word: name, known: QUIRK_NAMES });
    return quirk;
  });
}
