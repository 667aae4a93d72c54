/**
 * `apemu run`: plays a scenario on the live runtime. No kernel counterpart.
 */
import { ScenarioRun } from '../scenario/run-scenario.ts';
import { loadChosenDesign } from './chosen-scenario.ts';
import type { CommandBody } from './command.ts';
import { runSession } from './run-session.ts';
import { runSettings } from './run-settings.ts';

export const run: CommandBody = async (options, terminal) => {
  await loadChosenDesign(options);
  return await runSession(runSettings('run', options), { terminal, signals: process, create: (wanted) => new ScenarioRun(wanted) });
};
