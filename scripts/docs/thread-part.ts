/**
 * The generated part of the page of a thread: how each command that the page shows ends.
 */
import { main } from '../../src/cli/main.ts';
import { handWritten } from './marked.ts';

const PREFIX = 'npx apemu ';

export async function threadPart(page: string): Promise<string[]> {
  const commands = commandsOf(handWritten(page));
  if (commands.length === 0) throw new Error('expected a page that shows commands, got one without');
  const ends: string[] = [];
  for (const command of commands) ends.push(...(ends.length === 0 ? [] : ['']), `$ ${command}`, ...(await lastLines(command)));
  return ['How they end:', '', '```text', ...ends, '```'];
}

/** Those in blocks for a shell. */
export function commandsOf(page: string): string[] {
  const blocks = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block!);
  return blocks.flatMap((block) => block.split('\n').filter((line) => line.startsWith(PREFIX)));
}

/** The last paragraph: a long verdict goes on in a second line. */
async function lastLines(command: string): Promise<string[]> {
  const args = command.slice(PREFIX.length).trim().split(/\s+/);
  // A result that depends on how fast this machine is would be another one tomorrow.
  if (args[0] === 'explore' && !isRepeatable(args)) throw new Error(`expected --seed, and --budget or --exhaustive, got ${command}`);
  const { text, complaints } = await outputOf(args[0] === 'designs' ? [...args, '--workers', '1', '--quiet'] : [...args, '--quiet']);
  const last = text.trimEnd().split('\n\n').at(-1)!;
  if (last === '') throw new Error(`expected an answer to ${command}, got ${complaints || 'none'}`);
  return last.split('\n');
}

const isRepeatable = (args: readonly string[]): boolean =>
  args.includes('--exhaustive') || (args.includes('--seed') && args.includes('--budget'));

async function outputOf(args: readonly string[]): Promise<{ text: string; complaints: string }> {
  const stdout = memory();
  const stderr = memory();
  await main(args, { stdout, stderr, env: {} });
  return { text: stdout.text, complaints: stderr.text };
}

function memory(): { text: string; write(text: string, done?: () => void): boolean } {
  return {
    text: '',
    write(text, done): boolean {
      this.text += text;
      done?.();
      return true;
    },
  };
}
