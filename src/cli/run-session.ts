/**
 * One run from its settings to the exit code: progress while it goes on, Ctrl-C, the report in the end. No kernel counterpart.
 */
import type { DestinationStream } from 'pino';
import { BootError } from '../machine/machine.ts';
import { procText } from '../report/proc-text.ts';
import { runJson } from '../report/run-json.ts';
import type { RunReport } from '../scenario/run-report.ts';
import { runText } from '../report/run-text.ts';
import { judge, type Verdict } from '../report/verdict.ts';
import type { Progress, RunOptions } from '../scenario/run-scenario.ts';
import { EXIT_FOUND, EXIT_INTERRUPTED, EXIT_OK } from './exit-code.ts';
import { Interrupts, type SignalSource } from './interrupt.ts';
import { RunFiles, type RunResults } from './run-files.ts';
import type { RunSettings } from './run-settings.ts';
import { progressText, StatusLine } from './status-line.ts';
import { paintFor, writeOut, type Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

/** What the session needs of a ScenarioRun. */
export interface RunHandle {
  start(): Promise<RunReport>;
  progress(): Progress;
  interrupt(): void;
  /** Nothing can happen any more: whoever waits is reported. */
  stalled?(): void;
}

export interface SessionPorts {
  readonly terminal: Terminal;
  readonly signals: SignalSource;
  create(options: RunOptions): RunHandle;
}

export async function runSession(settings: RunSettings, ports: SessionPorts): Promise<number> {
  const { terminal } = ports;
  let status: StatusLine | null = null;
  const tell = (text: string): void => {
    if (status === null) terminal.stderr.write(text);
    else status.above(text);
  };
  const files = new RunFiles(settings, { write: tell });
  let results: RunResults | null = null;
  let code = EXIT_FOUND;
  try {
    const run = ports.create(runOptions(settings, files));
    status = new StatusLine(terminal.stderr, (ms) => progressText(run.progress(), ms), !settings.quiet);
    const ended = await follow(run, { signals: ports.signals, tell });
    status.stop();
    const verdict = withStall(judge(ended.report, settings.expected), ended.stalled);
    const json = runJson(ended.report, verdict);
    results = { json, proc: () => procOf(ended.report) };
    await writeOut(terminal.stdout, settings.json ? json : runText(ended.report, verdict, paintFor(terminal)));
    code = ended.interrupted ? EXIT_INTERRUPTED : verdict.passed ? EXIT_OK : EXIT_FOUND;
  } catch (error) {
    // The text was well-formed, yet this host cannot be brought up as it says: the user's to put right.
    if (error instanceof BootError) throw new UsageError(`${settings.scenario.source}: ${error.message}`);
    throw error;
  } finally {
    status?.stop();
    const problems = files.finish(results);
    for (const problem of problems) terminal.stderr.write(`apemu ${settings.mode}: ${problem}\n`);
    if (problems.length > 0 && code === EXIT_OK) code = EXIT_FOUND;
  }
  return code;
}

function procOf({ lockDump, scenario, design, runtime, seed }: RunReport): string {
  return lockDump === undefined ? '' : procText(lockDump, `scenario ${scenario}, design ${design}, ${runtime} runtime, seed ${seed}`);
}

function runOptions(settings: RunSettings, files: RunFiles): RunOptions {
  const { scenario, design, quirks, seed, runtime, limitMs, steps, mode } = settings;
  return {
    scenario,
    design,
    quirks,
    seed,
    runtime,
    mode,
    logger: files.log,
    ...(limitMs === undefined ? {} : { limitMs }),
    ...(steps === undefined ? {} : { steps }),
    ...(files.events === null ? {} : { onEvent: files.events.write }),
  };
}

interface Ended {
  readonly report: RunReport;
  readonly interrupted: boolean;
  readonly stalled: boolean;
}

async function follow(run: RunHandle, { signals, tell }: { signals: SignalSource; tell: DestinationStream['write'] }): Promise<Ended> {
  let stalled = false;
  const interrupts = new Interrupts(signals, {
    stop: () => {
      tell('apemu: interrupted, stopping guests and resetting queues (again to leave at once)\n');
      run.interrupt();
    },
    stalled: () => {
      stalled = true;
      tell('apemu: nothing can happen any more although the run has not ended, stopping it\n');
      run.stalled?.();
      run.interrupt();
    },
  });
  try {
    const report = await run.start();
    return { report, interrupted: interrupts.interrupted, stalled };
  } finally {
    interrupts.close();
  }
}

function withStall(verdict: Verdict, stalled: boolean): Verdict {
  if (!stalled) return verdict;
  return { ...verdict, passed: false, reasons: [...verdict.reasons, 'nothing could happen any more before the run had ended'] };
}
