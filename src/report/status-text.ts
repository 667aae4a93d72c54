/**
 * The state of a host that is up, as text: what `apemu status` prints. No kernel counterpart.
 */
import type { GuestStatus, MatrixStatus, MdevStatus, QueueStatus, TaskStatus } from '../session/host-status.ts';
import type { SessionStatus } from '../session/control-protocol.ts';
import { count, hexRanges, seconds, wrapText } from './layout.ts';
import { PLAIN, type Paint } from './paint.ts';
import { tableLines, type Column } from './table.ts';

/** A machine may have 65,536 queues. */
const MOST_QUEUES = 64;

export function statusText(status: SessionStatus, paint: Paint = PLAIN): string {
  const { session, command, scenario, design, seed, pid, upMs, mounts, findings } = status;
  const head = `${session}: apemu ${command} ${scenario}, up for ${seconds(upMs)} (design ${design}, seed ${seed}, pid ${pid})`;
  const section = (title: string, lines: readonly string[]): string[] => [
    '',
    paint.bold(title),
    ...(lines.length === 0 ? ['  none'] : lines),
  ];
  const found = findings.flatMap(({ kind, title, t }) => wrapText(`${kind} at ${seconds(t)}: ${title}`, '  ', '    '));
  const lines = [
    ...wrapText(head, '').map((line) => paint.bold(line)),
    ...mounts.map((mount) => `mounted at ${mount}`),
    ...section('Guests', guestLines(status.guests)),
    ...section('Mdevs: what is assigned, and what the guest is given', mdevLines(status.mdevs)),
    ...section('Queues', queueLines(status.queues)),
    ...section(
      'Tasks that hold or wait',
      status.tasks.flatMap((task) => taskLines(task, upMs)),
    ),
    ...section(count(findings.length, 'finding'), findings.length === 0 ? [] : found.map((line) => paint.bad(line))),
  ];
  return `${lines.join('\n')}\n`;
}

const right = (title: string): Column => ({ title, align: 'right' });

function guestLines(guests: readonly GuestStatus[]): string[] {
  if (guests.length === 0) return [];
  const columns: Column[] = [
    { title: 'guest', elastic: true },
    { title: 'mdev', elastic: true },
    { title: 'state' },
    ...['vcpus', 'operations', 'retries', 'errors'].map(right),
    { title: 'queues' },
  ];
  return tableLines(
    columns,
    guests.map(({ name, mdev, attached, vcpus, operations, retries, errors, queues }) => [
      name,
      mdev ?? '-',
      attached ? 'attached' : 'detached',
      `${vcpus}`,
      `${operations}`,
      `${retries}`,
      `${errors}`,
      queues.length <= 4 ? queues.join(' ') || '-' : `${queues.length} queues`,
    ]),
  );
}

function mdevLines(mdevs: readonly MdevStatus[]): string[] {
  if (mdevs.length === 0) return [];
  const columns = ['mdev', 'uuid', 'guest', 'assigned', 'given'].map((title): Column => ({ title }));
  return tableLines(
    columns,
    mdevs.map(({ name, uuid, guest, matrix, guestMatrix }) => [
      name ?? '-',
      uuid,
      guest ?? '-',
      matrixText(matrix),
      guest === null ? '-' : matrixText(guestMatrix),
    ]),
  );
}

/** `05-06 x 04,ab`: adapters by domains, `-` where there is none. */
function matrixText({ adapters, domains }: MatrixStatus): string {
  if (adapters.length === 0 && domains.length === 0) return '-';
  return `${hexRanges(adapters) || '-'} x ${hexRanges(domains) || '-'}`;
}

function queueLines(queues: readonly QueueStatus[]): string[] {
  if (queues.length <= MOST_QUEUES) {
    if (queues.length === 0) return [];
    return tableLines(
      ['queue', 'driver', 'owner'].map((title): Column => ({ title })),
      queues.map(({ queue, driver, owner }) => [queue, driver ?? '-', owner]),
    );
  }
  const byOwner = new Map<string, number>();
  for (const { driver, owner } of queues) {
    const key = `${driver ?? 'no driver'}, ${owner}`;
    byOwner.set(key, (byOwner.get(key) ?? 0) + 1);
  }
  return [...byOwner].map(([key, n]) => `  ${count(n, 'queue')}: ${key}`);
}

/** `mdevctl[4711] waiting for mdevs_lock for 2.310 s, behind admin; holds ap_attr_mutex`. */
function taskLines({ task, waitsFor, holds, behind, detail }: TaskStatus, now: number): string[] {
  const since = detail?.since ?? null;
  const waits = detail?.state === 'runs' ? 'running' : `waiting for ${waitsFor}`;
  const long = since === null ? '' : ` for ${seconds(now - since)}`;
  const whom = behind.length === 0 ? '' : `, behind ${behind.join(', ')}`;
  const has = holds.length === 0 ? '' : `; holds ${holds.join(', ')}`;
  return wrapText(`${task} ${waits}${long}${whom}${has}`, '  ', '    ');
}
