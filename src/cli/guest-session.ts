/**
 * One run of a program from its settings to the exit code: its console as it comes, Ctrl-C, the report in the end. No kernel counterpart.
 */
import type { LogEvent } from '../base/event-log.ts';
import type { CodeReport } from '../guest/guest-program.ts';
import { BootError } from '../machine/machine.ts';
import { guestJson, guestText, verdictsOf, type GuestSession } from '../report/guest-text.ts';
import type { RunReport } from '../scenario/run-report.ts';
import type { RunOptions } from '../scenario/run-scenario.ts';
import { ConsoleOutput } from './console-output.ts';
import { EXIT_FOUND, EXIT_INTERRUPTED, EXIT_OK, EXIT_UNDECIDED } from './exit-code.ts';
import type { GuestSettings } from './guest-settings.ts';
import { Interrupts } from './interrupt.ts';
import { LineFile } from './line-file.ts';
import type { RunHandle, SessionPorts } from './run-session.ts';
import { paintFor, writeOut } from './terminal.ts';
import { UsageError } from './usage-error.ts';

export async function guestSession(settings: GuestSettings, ports: SessionPorts): Promise<number> {
  const { terminal } = ports;
  const { trace } = settings;
  const file = trace === undefined ? null : openTrace(trace);
  const screen = new ConsoleOutput(terminal.stdout);
  const lost: Lost = { trace: null, console: null };
  let code = EXIT_FOUND;
  try {
    const run = ports.create(runOptions(settings, screen, file));
    const { report, interrupted } = await follow(run, ports);
    // Before the report: it is the program's own, and has stdout for itself.
    lost.console = await screen.end();
    const session = sessionOf(settings, report);
    if (settings.json) await writeOut(terminal.stdout, guestJson(session));
    else await writeOut(terminal.stderr, guestText(session, paintFor({ ...terminal, stdout: terminal.stderr })));
    code = interrupted ? EXIT_INTERRUPTED : exitCode(session);
  } catch (error) {
    if (error instanceof BootError) throw new UsageError(`${settings.scenario.source}: ${error.message}`);
    throw error;
  } finally {
    lost.trace = file?.close() ?? null;
  }
  const problems = complaints(lost);
  for (const problem of problems) terminal.stderr.write(`apemu guest: ${problem}\n`);
  return problems.length > 0 && code === EXIT_OK ? EXIT_FOUND : code;
}

/** Why something that was to be written is not there. */
interface Lost {
  trace: Error | null;
  console: Error | null;
}

function complaints({ trace, console }: Lost): string[] {
  return [
    ...(console === null ? [] : [`expected the console to be written to stdout, got ${console.message}`]),
    ...(trace === null ? [] : [`--trace: expected the file to be written, got ${trace.message}`]),
  ];
}

function openTrace(path: string): LineFile {
  try {
    return new LineFile(path);
  } catch (error) {
    throw new UsageError(`apemu guest: --trace: expected a file that can be written, got ${(error as Error).message}`);
  }
}

function runOptions(settings: GuestSettings, screen: ConsoleOutput, file: LineFile | null): RunOptions {
  const { scenario, design, quirks, seed, runtime, guest, json } = settings;
  const print = ({ kind, data }: LogEvent): void => {
    if (!json && kind === 'guest.console' && data['guest'] === guest) screen.write(String(data['text']));
  };
  const tracing = file === null ? {} : { trace: { guest, write: file.write } };
  return { scenario, design, quirks, seed, runtime, mode: 'run', logger: { level: 'silent' }, onEvent: print, ...tracing };
}

async function follow(run: RunHandle, { terminal, signals }: SessionPorts): Promise<{ report: RunReport; interrupted: boolean }> {
  const interrupts = new Interrupts(signals, {
    stop: () => {
      terminal.stderr.write('apemu: interrupted, stopping the program and resetting queues (again to leave at once)\n');
      run.interrupt();
    },
    stalled: () => {
      terminal.stderr.write('apemu: nothing can happen any more although the program has not ended, stopping it\n');
      run.stalled?.();
      run.interrupt();
    },
  });
  try {
    return { report: await run.start(), interrupted: interrupts.interrupted };
  } finally {
    interrupts.close();
  }
}

function sessionOf({ guest: name, expected }: GuestSettings, report: RunReport): GuestSession {
  const guest = report.guests.find((candidate) => candidate.name === name);
  const code: CodeReport | undefined = guest?.code;
  if (guest === undefined || code === undefined) throw new Error(`expected the report to have a program in guest ${name}, got none`);
  return { report, ...verdictsOf(report, name, expected), guest: { ...guest, code } };
}

/** A program that would have gone on is undecided, but not whatever was found meanwhile. */
function exitCode({ verdict, around, guest: { code } }: GuestSession): number {
  if (code.reason === 'instruction-limit' && around.passed) return EXIT_UNDECIDED;
  return verdict.passed && code.result !== 'failed' ? EXIT_OK : EXIT_FOUND;
}
