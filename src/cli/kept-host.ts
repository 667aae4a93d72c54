/**
 * From settings to a session that is used and ended: files, findings as they come, the report in the end. What `apemu mount` and
 * `apemu shell` have in common. No kernel counterpart.
 */
import type { Finding } from '../locks/finding.ts';
import { BootError } from '../machine/machine.ts';
import { procText } from '../report/proc-text.ts';
import { runJson } from '../report/run-json.ts';
import { judge, type Verdict } from '../report/verdict.ts';
import type { RunOutcome, RunReport } from '../scenario/run-report.ts';
import { HostSession } from '../session/host-session.ts';
import { RuntimeDirectory } from '../session/runtime-directory.ts';
import type { ParsedOptions } from './options.ts';
import { NAME } from './option-values.ts';
import { RunFiles, type RunResults } from './run-files.ts';
import type { RunSettings } from './run-settings.ts';
import { withSessionErrors } from './session-errors.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

export interface KeptHost {
  readonly report: RunReport;
  readonly verdict: Verdict;
  /** As `--save` keeps it. */
  readonly json: string;
  /** Lines about files that could not be written. */
  readonly problems: readonly string[];
}

export interface KeepOptions {
  readonly settings: RunSettings & { readonly mode: 'mount' | 'shell' };
  readonly options: ParsedOptions;
  readonly terminal: Terminal;
}

/** Starts the session, lets `use` say when and how it ends, and ends it whatever happens. */
export async function keepHost(
  { settings, options, terminal }: KeepOptions,
  use: (session: HostSession) => Promise<RunOutcome>,
): Promise<KeptHost> {
  const { mode, scenario, design, quirks, seed } = settings;
  const tell = (text: string): void => void terminal.stderr.write(text);
  const files = new RunFiles(settings, { write: tell });
  let results: RunResults | null = null;
  const problems: string[] = [];
  try {
    return await withSessionErrors(`apemu ${mode}`, async () => {
      const session = await HostSession.start({
        ...{ name: options.get('session', NAME) ?? `${mode}-${process.pid}`, directory: new RuntimeDirectory(terminal.env) },
        ...{ scenario, design, quirks, seed, mode, logger: files.log, endless: options.has('endless') },
        onFinding: ({ kind, title }: Finding) => tell(`apemu: ${kind}: ${title}\n`),
        ...(files.events === null ? {} : { onEvent: files.events.write }),
      });
      const report = await ended(session, use);
      const verdict = judge(report, settings.expected);
      const json = runJson(report, verdict);
      results = { json, proc: () => procOf(report) };
      return { report, verdict, json, problems };
    });
  } catch (error) {
    if (error instanceof BootError) throw new UsageError(`${scenario.source}: ${error.message}`);
    throw error;
  } finally {
    problems.push(...files.finish(results));
    for (const problem of problems) tell(`apemu ${mode}: ${problem}\n`);
  }
}

async function ended(session: HostSession, use: (session: HostSession) => Promise<RunOutcome>): Promise<RunReport> {
  let outcome: RunOutcome = 'stopped';
  try {
    outcome = await use(session);
  } catch (error) {
    await session.end();
    throw error;
  }
  return await session.end(outcome);
}

function procOf({ lockDump, scenario, design, seed }: RunReport): string {
  return lockDump === undefined ? '' : procText(lockDump, `scenario ${scenario}, design ${design}, live runtime, seed ${seed}`);
}
