/**
 * Goal: the console of a program comes to stdout complete or the user is told, and a reader that is slow or gone does no harm.
 */
import { describe, expect, test } from 'vitest';
import { ConsoleOutput } from '../../src/cli/console-output.ts';
import { FakeOutput } from './fake-terminal.ts';

const withCode = (code: string): Error => Object.assign(new Error(`${code}: made up, write`), { code });

/** A stream that takes its time: `take` ends the oldest write. */
class SlowOutput extends FakeOutput {
  private readonly begun: ((error?: Error | null) => void)[] = [];

  override write(text: string, done: (error?: Error | null) => void): boolean {
    this.text += text;
    this.begun.push(done);
    return false;
  }

  take(error: Error | null = null): void {
    this.begun.shift()?.(error);
  }
}

describe('the console of a program', () => {
  test('has ended when everything is with the system', async () => {
    const output = new SlowOutput();
    const screen = new ConsoleOutput(output);
    screen.write('a');
    screen.write('b');
    let ended = false;
    const end = screen.end().then((error) => ((ended = true), error));
    output.take();
    await Promise.resolve();
    expect(ended).toBe(false);
    output.take();
    expect(await end).toBeNull();
    expect(output.text).toBe('ab');
  });

  test('ends with the first error, and writes nothing behind it', async () => {
    const output = new SlowOutput();
    const screen = new ConsoleOutput(output);
    screen.write('a');
    screen.write('b');
    output.take(withCode('ENOSPC'));
    screen.write('c');
    output.take(withCode('ERR_STREAM_DESTROYED'));
    expect(await screen.end()).toMatchObject({ code: 'ENOSPC' });
    expect(output.text).toBe('ab');
  });

  test('does not mind that its reader has gone away', async () => {
    const output = new FakeOutput();
    output.error = withCode('EPIPE');
    const screen = new ConsoleOutput(output);
    screen.write('a');
    expect(await screen.end()).toBeNull();
  });

  test('waits for the reader of a pipe, instead of keeping what it has not taken', () => {
    const modes: boolean[] = [];
    const output = Object.assign(new FakeOutput(), { _handle: { setBlocking: (on: boolean) => modes.push(on) } });
    expect(new ConsoleOutput(output)).toBeDefined();
    expect(modes).toEqual([true]);
  });
});
