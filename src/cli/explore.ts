/**
 * `apemu explore`: schedules of a scenario until something is found, the budget is used up, or there are no more. No kernel counterpart.
 */
import { setEngineFlags } from '../campaign/engine-flags.ts';
import type { CommandBody } from './command.ts';
import { exploreSession } from './explore-session.ts';
import { exploreSettings } from './explore-settings.ts';

export const explore: CommandBody = (options, terminal) => {
  const settings = exploreSettings(options);
  setEngineFlags();
  return exploreSession(settings, { terminal, signals: process });
};
