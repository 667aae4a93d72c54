/**
 * `apemu shell`: a command that sees the host of a scenario as its /sys. Two processes: the one that is called waits; the other one is inside
 * the namespace where the host is mounted, so that nothing is mounted outside, and nothing is left there when it is killed.
 * No kernel counterpart.
 */
import { loadChosenDesign } from './chosen-scenario.ts';
import type { CommandBody } from './command.ts';
import { runSettings } from './run-settings.ts';
import { enterNamespace, isInside } from './shell-entry.ts';
import { runInside } from './shell-inside.ts';

export const shell: CommandBody = async (options, terminal) => {
  await loadChosenDesign(options);
  const settings = runSettings('shell', options);
  const { env } = terminal;
  const usual = env['SHELL'] === undefined || env['SHELL'] === '' ? '/bin/sh' : env['SHELL'];
  const command = options.passedOn === null || options.passedOn.length === 0 ? [usual] : options.passedOn;
  return isInside(env) ? await runInside({ settings, options, terminal }, command) : await enterNamespace(options, terminal);
};
