/**
 * `apemu guest`: a program for a bare s390x machine in a guest of an emulated host. No kernel counterpart.
 */
import { ownPrograms } from '../guest/s390x/own-programs.ts';
import { tableLines } from '../report/table.ts';
import { ScenarioRun } from '../scenario/run-scenario.ts';
import { loadChosenDesign } from './chosen-scenario.ts';
import type { CommandBody } from './command.ts';
import { EXIT_OK } from './exit-code.ts';
import { guestSession } from './guest-session.ts';
import { guestSettings, scenarioOptions } from './guest-settings.ts';
import { writeOut } from './terminal.ts';

export const guest: CommandBody = async (options, terminal) => {
  if (options.has('list')) {
    await writeOut(terminal.stdout, listText(options.has('json')));
    return EXIT_OK;
  }
  await loadChosenDesign(scenarioOptions(options));
  return await guestSession(guestSettings(options), { terminal, signals: process, create: (wanted) => new ScenarioRun(wanted) });
};

function listText(json: boolean): string {
  const programs = ownPrograms().map(({ name, summary }) => ({ name, summary }));
  if (json) return `${JSON.stringify(programs, null, 2)}\n`;
  const rows = programs.map(({ name, summary }) => [name, summary]);
  return `${tableLines([{ title: 'program' }, { title: 'what it does', elastic: true }], rows).join('\n')}\n`;
}
