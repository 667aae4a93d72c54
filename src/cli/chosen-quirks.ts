/**
 * Which known defects a command line means. No kernel counterpart.
 */
import { QUIRK_NAMES, type QuirkName } from '../vfio-ap/quirks.ts';
import type { ParsedOptions } from './options.ts';
import { QUIRK_LIST } from './option-values.ts';
import { wrongWord } from './usage-error.ts';

const LIST = QUIRK_NAMES.join(', ');

/** Null: those of the scenario. `command` is shown in front of complaints. */
export function chosenQuirks(command: string, options: ParsedOptions): readonly QuirkName[] | null {
  const names = options.get('quirks', QUIRK_LIST);
  return names === undefined ? null : names.map((name) => quirkNamed(`${command}: --quirks`, `known defects (${LIST}) or none`, name));
}

/** Those that are named, or all. `where` is shown in front of complaints. */
export function quirksToShow(where: string, list: string | undefined): readonly QuirkName[] {
  return list === undefined ? QUIRK_NAMES : list.split(',').map((name) => quirkNamed(where, `known defects (${LIST})`, name));
}

function quirkNamed(where: string, expected: string, name: string): QuirkName {
  const quirk = QUIRK_NAMES.find((known) => known === name);
  if (quirk === undefined) throw wrongWord(where, expected, { word: name, known: QUIRK_NAMES });
  return quirk;
}
