/**
 * `apemu mount`: the host of a scenario, kept up, with its /sys mounted at a directory. No kernel counterpart.
 */
import { resolve } from 'node:path';
import { MountError, prepareMountPoint } from '../fuse/mount-point.ts';
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
import { DIRECTORY, DURATION } from './option-values.ts';
import { runSettings } from './run-settings.ts';
import { withSessionErrors } from './session-errors.ts';
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
  const dev = options.get('dev', DIRECTORY);
  // Before the host is built, which takes a while.
  const places = await withSessionErrors('apemu mount', () => freePlaces(dev === undefined ? [at] : [at, dev]));
  const kept = await keepHost({ settings: { ...settings, limitMs: undefined }, options, terminal }, async (session) => {
    const allowOther = options.has('allow-other');
    // The signals are ours before there is something to clean.
    const end = new MountEnd(session, terminal, limitMs);
    try {
      session.add(await mountTree(session.live, sysfsTree(session.live), { at: places[0]!, allowOther }));
      if (places[1] !== undefined) session.add(await mountDevices(session.live, { at: places[1], allowOther }));
      await writeOut(terminal.stdout, readyLine(session, options));
      return await end.reached();
    } finally {
      end.close();
    }
  });
  await writeOut(terminal.stdout, settings.json ? kept.json : runText(kept.report, kept.verdict, paintFor(terminal)));
  return kept.verdict.passed && kept.problems.length === 0 ? EXIT_OK : EXIT_FOUND;
};

/** The places without links; MountError unless each is an empty directory where something can be mounted. */
async function freePlaces(paths: readonly string[]): Promise<string[]> {
  const places: string[] = [];
  for (const path of paths) {
    const at = await prepareMountPoint(fromHere(path));
    if (places.includes(at)) throw new MountError(`expected another directory for the device nodes than for /sys, got ${at} for both`);
    places.push(at);
  }
  return places;
}

function fromHere(path: string): string {
  try {
    return resolve(path);
  } catch (error) {
    throw new MountError(`expected ${path} to be an empty directory, got ${(error as Error).message}: the current directory has gone`);
  }
}

/** As a shell takes it for one word. */
const word = (path: string): string => (/^[\w./:@%+,=-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`);

function readyLine({ facts }: HostSession, options: ParsedOptions): string {
  if (options.has('json')) return `${JSON.stringify({ ready: true, ...facts })}\n`;
  const { session, scenario, mounts } = facts;
  const [sysfs, devices] = mounts;
  const dev = devices === undefined ? '' : `, its device nodes at ${devices}`;
  return `apemu mount ${scenario}: /sys of the host at ${sysfs}${dev} (SYSFS_ROOT=${word(sysfs!)} lszcrypt; apemu status --session ${session}; Ctrl-C ends it)\n`;
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
