/**
 * `apemu mount`: the host of a scenario, kept up, with its /sys mounted at a directory. No kernel counterpart.
 */
import { runText } from '../report/run-text.ts';
import type { RunOutcome } from '../scenario/run-report.ts';
import { hostAfter } from '../runtime/host-clock.ts';
import type { HostSession } from '../session/host-session.ts';
import { mountDevices, mountTree, sysfsTree } from '../session/session-mounts.ts';
import { loadChosenDesign } from './chosen-scenario.ts';
import type { CommandBody } from './command.ts';
import { EXIT_FOUND, EXIT_OK } from './exit-code.ts';
import { Interrupts } from './interrupt.ts';
import { keepHost } from './kept-host.ts';
import type { ParsedOptions } from './options.ts';
import { DURATION, FILE } from './option-values.ts';
import { runSettings } from './run-settings.ts';
import { paintFor, writeOut, type Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

export const mount: CommandBody = async (given, terminal) => {
  const [at, ...scenario] = given.positionals;
  if (at === undefined) throw new UsageError('apemu mount: expected DIR, an empty directory to mount at, got none');
  const options = given.withPositionals(scenario);
  await loadChosenDesign(options);
  const settings = runSettings('mount', options);
  // It is no limit of the workloads: the mount has to go first.
  const limitMs = options.get('for', DURATION);
  const kept = await keepHost({ settings: { ...settings, limitMs: undefined }, options, terminal }, async (session) => {
    const allowOther = options.has('allow-other');
    const dev = options.get('dev', FILE);
    // The signals are ours before there is something to clean.
    const end = new MountEnd(session, terminal, limitMs);
    try {
      session.add(await mountTree(session.live, sysfsTree(session.live), { at, allowOther }));
      if (dev !== undefined) session.add(await mountDevices(session.live, { at: dev, allowOther }));
      await writeOut(terminal.stdout, readyLine(session, options));
      return await end.reached();
    } finally {
      end.close();
    }
  });
  await writeOut(terminal.stdout, settings.json ? kept.json : runText(kept.report, kept.verdict, paintFor(terminal)));
  return kept.verdict.passed && kept.problems.length === 0 ? EXIT_OK : EXIT_FOUND;
};

function readyLine({ facts }: HostSession, options: ParsedOptions): string {
  if (options.has('json')) return `${JSON.stringify({ ready: true, ...facts })}\n`;
  const { session, scenario, mounts } = facts;
  const [sysfs, devices] = mounts;
  const dev = devices === undefined ? '' : `, its device nodes at ${devices}`;
  return `apemu mount ${scenario}: /sys of the host at ${sysfs}${dev} (SYSFS_ROOT=${sysfs} lszcrypt; apemu status --session ${session}; Ctrl-C ends it)\n`;
}

/** What ends a mount: a signal, the time, somebody who unmounts it, or the host itself. */
class MountEnd {
  private readonly session: HostSession;
  private readonly interrupts: Interrupts;
  private readonly limit: { stop(): void } | null;
  private readonly wanted: Promise<RunOutcome>;

  constructor(session: HostSession, terminal: Terminal, limitMs: number | undefined) {
    this.session = session;
    let stop: (outcome: RunOutcome) => void = () => undefined;
    this.wanted = new Promise((resolve) => (stop = resolve));
    this.interrupts = new Interrupts(process, {
      stop: () => {
        terminal.stderr.write('apemu: unmounting, stopping guests and resetting queues (again to leave at once)\n');
        stop('stopped');
      },
      stalled: () => stop('stopped'),
    });
    this.limit = limitMs === undefined ? null : hostAfter(limitMs, () => stop('limit'));
  }

  reached(): Promise<RunOutcome> {
    const { session, wanted } = this;
    const gone = session.mounts.map(({ ended }) => ended.then((): RunOutcome => 'stopped'));
    return Promise.race([wanted, ...gone, session.live.ended.then((): RunOutcome => 'stopped')]);
  }

  close(): void {
    this.limit?.stop();
    this.interrupts.close();
  }
}
