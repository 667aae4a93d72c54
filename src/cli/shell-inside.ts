/**
 * The inner half of `apemu shell`: keeps the host up, mounts it where only this namespace sees it, and runs the command in a namespace where
 * that is /sys. No kernel counterpart.
 */
import { findingLines } from '../report/finding-text.ts';
import { namespaceTree } from '../fuse/namespace-tree.ts';
import type { HostSession } from '../session/host-session.ts';
import { RuntimeDirectory, SESSION_VARIABLE } from '../session/runtime-directory.ts';
import { mountDevices, mountTree, sysfsTree } from '../session/session-mounts.ts';
import { ShellProcess } from '../session/shell-process.ts';
import { EXIT_FOUND } from './exit-code.ts';
import { keepHost, type KeepOptions, type KeptHost } from './kept-host.ts';
import { watchOuter, watchSignals, withoutStage } from './shell-entry.ts';
import { writeOut } from './terminal.ts';

/** The exit code of the command; of one that gave 0, that something was found. */
export async function runInside(keep: KeepOptions, command: readonly string[]): Promise<number> {
  let code = 0;
  const kept = await keepHost(keep, async (session) => {
    code = await runCommand(session, keep, command);
    return 'stopped';
  });
  const text = problemText(kept);
  if (text !== '') await writeOut(keep.terminal.stderr, text);
  return code === 0 && (text !== '' || kept.problems.length > 0) ? EXIT_FOUND : code;
}

async function runCommand(session: HostSession, { options, terminal }: KeepOptions, command: readonly string[]): Promise<number> {
  const { live, name } = session;
  const directory = new RuntimeDirectory(terminal.env);
  const place = (part: string): string => directory.makePlace(name, part);
  const { tree, binds } = namespaceTree(sysfsTree(live), '/sys');
  // Who is inside the namespace may have become another user; nobody else sees the mount.
  const emulated = await mountTree(live, tree, { at: place('sys'), allowOther: true, forOthers: true });
  session.add(emulated);
  const devices = options.has('dev') ? await mountDevices(live, { at: place('dev'), allowOther: true, forOthers: true }) : null;
  if (devices !== null) session.add(devices);
  const plan = { emulated: emulated.directory, work: place('work'), binds, devices: devices?.directory ?? null };
  const process = new ShellProcess(plan, { command, env: { ...withoutStage(terminal.env), ...namesOf(session) } });
  const free = (): void => {
    for (const mount of session.mounts) void mount.unmount();
  };
  const unwatch = watchSignals((signal) => process.stop(signal, free));
  watchOuter(() => process.stop('SIGHUP', free));
  try {
    return await process.ended;
  } finally {
    unwatch();
  }
}

/** What the command finds in its environment. */
function namesOf({ live, name }: HostSession): Record<string, string> {
  const { mdevs } = live.spec;
  const [first] = mdevs;
  return {
    [SESSION_VARIABLE]: name,
    // s390-tools would look for it in the table of mounts, and libudev would refuse what is no sysfs.
    SYSFS_ROOT: '/sys',
    SYSTEMD_DEVICE_VERIFY_SYSFS: '0',
    ...(first === undefined ? {} : { UUID: first.uuid }),
    ...Object.fromEntries(mdevs.map((mdev) => [`MDEV_${mdev.name.replace(/[^A-Za-z0-9_]/g, '_')}`, mdev.uuid])),
  };
}

/** Nothing when all is well: the command's stderr is its own. */
function problemText({ report, verdict }: KeptHost): string {
  if (verdict.passed) return '';
  const { design, seed } = report;
  const context = `design ${design}, live runtime, seed ${seed}`;
  const findings = report.findings.flatMap((finding, i) => [
    `Finding ${i + 1} of ${report.findings.length}: ${finding.kind}`,
    ...findingLines(finding, context),
    '',
  ]);
  return `${[...findings, `apemu shell: FAILED: ${verdict.reasons.join('; ')}`].join('\n')}\n`;
}
