/**
 * The texts of --help, made from the table of commands. No kernel counterpart.
 */
import type { Command } from './command.ts';
import { COMMANDS, EXIT_CODES } from './commands.ts';
import type { OptionSpec } from './options.ts';

export function generalHelp(): string {
  const width = Math.max(...COMMANDS.map((command) => usage(command).length));
  const lines = [
    'apemu: the s390 AP / vfio_ap crypto passthrough stack of Linux, in userspace',
    '',
    'Usage: apemu COMMAND [OPTIONS]',
    '',
    ...COMMANDS.map((command) => `  ${usage(command).padEnd(width)}  ${command.summary}`),
    '',
    'apemu COMMAND --help shows the options of a command; apemu --version the version.',
    ...EXIT_CODES,
  ];
  return `${lines.join('\n')}\n`;
}

export function commandHelp(command: Command): string {
  const width = Math.max(...command.options.map((option) => optionUsage(option).length));
  const lines = [
    `Usage: apemu ${[command.name, ...command.positionals].join(' ')} [OPTIONS]${behind(command)}: ${command.summary}`,
    ...command.details,
    '',
    ...command.options.map((option) => `  ${optionUsage(option).padEnd(width)}  ${option.help}`),
    '',
    ...EXIT_CODES,
  ];
  return `${lines.join('\n')}\n`;
}

const usage = (command: Command): string => `${[command.name, ...command.positionals].join(' ')}${behind(command)}`;

const behind = ({ passesOn }: Command): string => (passesOn === undefined ? '' : ` [-- ${passesOn}]`);

function optionUsage({ name, short, value }: OptionSpec): string {
  return `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value.label}`}`;
}
