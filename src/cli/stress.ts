/**
 * `apemu stress`: random churn over a scenario, live or controlled. No kernel counterpart.
 */
import { ScenarioRun } from '../scenario/run-scenario.ts';
import { loadChosenDesign } from './chosen-scenario.ts';
import type { CommandBody } from './command.ts';
import { runSession } from './run-session.ts';
import { runSettings } from './run-settings.ts';

export const stress: CommandBody = async (options, terminal) => {
  await loadChosenDesign(options);
  return await runSession(runSettings('stress', options), { terminal, signals: process, create: (wanted) => new ScenarioRun(wanted) });
};
