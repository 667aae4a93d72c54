/**
 * `apemu import`: the topology in files of other programs as a scenario. No kernel counterpart.
 */
import { IMPORT_FORMATS, importFiles } from '../scenario/import/import-files.ts';
import type { CommandBody } from './command.ts';
import { EXIT_OK } from './exit-code.ts';
import { FILE, NAME } from './option-values.ts';
import { writeResult } from './output-file.ts';
import { UsageError, wrongWord } from './usage-error.ts';

const WHERE = 'apemu import';

export const importCommand: CommandBody = async (options, terminal) => {
  const format = options.get('format', NAME);
  if (format !== undefined && !IMPORT_FORMATS.includes(format))
    throw wrongWord(`${WHERE}: --format`, `one of ${IMPORT_FORMATS.join(', ')}`, { word: format, known: IMPORT_FORMATS });
  const files = options.positionals;
  if (files.length === 0) throw new UsageError(`${WHERE}: expected a file of another program, got none`);
  const [partitions, variants] = [options.all('partition', NAME), options.all('variant', NAME)];
  const text = importFiles({ files, format, base: options.get('base', FILE), partitions, variants });
  await writeResult(WHERE, text, { options, terminal });
  return EXIT_OK;
};
