/**
 * `apemu export`: the booted host of a scenario in the format of another program. No kernel counterpart.
 */
import { designOf } from '../scenario/design-file.ts';
import { EXPORT_FORMATS, exportHost } from '../scenario/export/export-host.ts';
import { chosenScenario, loadChosenDesign } from './chosen-scenario.ts';
import type { CommandBody } from './command.ts';
import { EXIT_OK } from './exit-code.ts';
import { FILE, NAME } from './option-values.ts';
import { writeResult } from './output-file.ts';
import { UsageError, wrongWord } from './usage-error.ts';

const WHERE = 'apemu export';

export const exportCommand: CommandBody = async (options, terminal) => {
  const format = options.get('format', NAME);
  const formats = EXPORT_FORMATS.join(', ');
  if (format === undefined) throw new UsageError(`${WHERE}: --format: expected one of ${formats}, got nothing`);
  if (!EXPORT_FORMATS.includes(format)) throw wrongWord(`${WHERE}: --format`, `one of ${formats}`, { word: format, known: EXPORT_FORMATS });
  const folder = options.get('output', FILE) ?? null;
  if (format === 'sysfs' && folder === null)
    throw new UsageError(`${WHERE}: --output: expected a folder for the format sysfs, got nothing`);
  await loadChosenDesign(options);
  const { scenario, design } = chosenScenario(WHERE, options);
  const text = await exportHost(format, scenario, designOf(design)!, folder);
  if (text !== null) await writeResult(WHERE, text, { options, terminal });
  return EXIT_OK;
};
