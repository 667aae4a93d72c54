/**
 * Entry of the command line: finds the command, loads it, turns errors into one line and an exit code. No kernel counterpart.
 */
import type { Command } from './command.ts';
import { COMMANDS, HELP } from './commands.ts';
import { EXIT_FOUND, EXIT_OK, EXIT_USAGE } from './exit-code.ts';
import { commandHelp, generalHelp } from './help.ts';
import { readOptions } from './options.ts';
import { processTerminal, writeOut, type Terminal } from './terminal.ts';
import { UsageError, wrongWord } from './usage-error.ts';
import { packageVersion } from './version.ts';

const VERSION = { name: 'version', help: 'show the version' };

/** Answers the exit code; bin/apemu.js sets it. */
export async function main(argv: readonly string[], terminal: Terminal = processTerminal()): Promise<number> {
  // Places in reports then name the sources, not the build.
  process.setSourceMapsEnabled(true);
  ignoreStreamErrors();
  try {
    return await dispatch(argv, terminal);
  } catch (error) {
    return await complain(error, terminal);
  }
}

async function dispatch(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [first, ...rest] = argv;
  const names = COMMANDS.map(({ name }) => name);
  const what = `a command (${names.join(', ')})`;
  if (first === undefined) throw new UsageError(`apemu: expected ${what}, got none; apemu --help shows more`);
  const command = COMMANDS.find(({ name }) => name === first);
  if (command !== undefined) return runCommand(command, rest, terminal);
  if (!first.startsWith('-')) throw wrongWord('apemu', what, { word: first, known: names });
  const options = readOptions(argv, { where: 'apemu', options: [HELP, VERSION], positionals: [] });
  await writeOut(terminal.stdout, options.has('help') ? generalHelp() : `${packageVersion()}\n`);
  return EXIT_OK;
}

async function runCommand(command: Command, args: readonly string[], terminal: Terminal): Promise<number> {
  const { name, options, positionals, passesOn } = command;
  const parsed = readOptions(args, { where: `apemu ${name}`, options, positionals, ...(passesOn === undefined ? {} : { passesOn }) });
  if (parsed.has('help')) {
    await writeOut(terminal.stdout, commandHelp(command));
    return EXIT_OK;
  }
  const body = await command.load();
  return await body(parsed, terminal);
}

/** A user's mistake is one line; anything else is a defect of apemu, and its stack is what helps. */
async function complain(error: unknown, terminal: Terminal): Promise<number> {
  // By name: the class of scenario errors would load the scenario reader for `--help`, too.
  const mistake = error instanceof UsageError || (error instanceof Error && error.name === 'ScenarioError');
  if (mistake) {
    await writeOut(terminal.stderr, `${error.message}\n`);
    return EXIT_USAGE;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  await writeOut(terminal.stderr, `apemu: expected no internal error, got this one (please report it):\n${text}\n`);
  return EXIT_FOUND;
}

/** Without a listener a stream would throw. Who writes a result is told about the error, and lost progress is no reason to fail. */
function ignoreStreamErrors(): void {
  for (const stream of [process.stdout, process.stderr]) {
    if (!stream.listeners('error').includes(ignore)) stream.on('error', ignore);
  }
}

const ignore = (): void => undefined;
