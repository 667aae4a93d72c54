/**
 * `apemu explore`: schedules of a scenario until something is found, the budget is used up, or there are no more. No kernel counterpart.
 */
import { setEngineFlags } from '../campaign/engine-flags.ts';
import { loadChosenDesign } from './chosen-scenario.ts';
import type { CommandBody } from './command.ts';
import { exploreSession } from './explore-session.ts';
import { exploreSettings } from './explore-settings.ts';

export const explore: CommandBody = async (options, terminal) => {
  await loadChosenDesign(options);
  const settings = exploreSettings(options);
  setEngineFlags();
  return await exploreSession(settings, { terminal, signals: process });
};
