/**
 * Runs a command inside the test, as the command line would.
 */
import { COMMANDS } from '../../src/cli/commands.ts';
import { main } from '../../src/cli/main.ts';
import { fakeTerminal } from './fake-terminal.ts';

export interface Answered {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** `env`: what the command sees as its environment, and nothing else. */
export async function apemu(env: Record<string, string>, ...args: string[]): Promise<Answered> {
  if (!COMMANDS.some(({ name }) => name === args[0])) throw new Error(`there is no command ${args[0]}`);
  const terminal = fakeTerminal(false, env);
  const code = await main(args, terminal);
  return { code, out: terminal.stdout.text, err: terminal.stderr.text };
}
