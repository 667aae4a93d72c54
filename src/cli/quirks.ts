/**
 * `apemu quirks`: the known defects of vfio_ap, each with what comes of it and the scenario that shows it. No kernel counterpart.
 */
import { quirksJson, quirksText, type ShownQuirk } from '../report/quirks-text.ts';
import { corpusFile } from '../scenario/corpus.ts';
import { QUIRKS } from '../vfio-ap/quirks.ts';
import { quirksToShow } from './chosen-quirks.ts';
import type { CommandBody } from './command.ts';
import { EXIT_OK } from './exit-code.ts';
import { paintFor, writeOut } from './terminal.ts';

export const quirks: CommandBody = async (options, terminal) => {
  const names = quirksToShow('apemu quirks', options.positionals[0]);
  const shown = QUIRKS.filter(({ name }) => names.includes(name)).map((quirk): ShownQuirk => {
    return { ...quirk, scenario: corpusFile(quirk.shownBy) };
  });
  await writeOut(terminal.stdout, options.has('json') ? quirksJson(shown) : quirksText(shown, paintFor(terminal)));
  return EXIT_OK;
};
