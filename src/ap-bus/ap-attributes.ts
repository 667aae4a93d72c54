/**
 * The files of the bus itself, /sys/bus/ap/* (the bus attributes of drivers/s390/crypto/ap_bus.c).
 */
import type { ApMask } from '../base/ap-mask.ts';
import { EINVAL, OK, type Errno } from '../base/errno.ts';
import { parseBool, parseUnsigned, scanInteger } from '../base/kernel-text.ts';
import type { Task } from '../runtime/task.ts';
import type { QciInfo } from '../crypto-adapters/ap-instructions.ts';
import { QciFlag } from '../crypto-adapters/qci.ts';
import type { ApTasklet } from '../ap-driver/ap-tasklet.ts';
import type { AttributeDef } from '../driver-core/attribute.ts';
import type { ApBindings } from './ap-bindings.ts';
import { highestIds } from './ap-core.ts';
import type { ApPermissions, MaskName } from './ap-permissions.ts';
import type { ApScan } from './ap-scan.ts';
import type { PollThread } from './poll-thread.ts';

/** What the files show and change. */
export interface BusFiles {
  readonly interrupts: boolean;
  readonly permissions: ApPermissions;
  readonly bindings: ApBindings;
  readonly busScan: ApScan;
  readonly tasklet: ApTasklet;
  readonly pollThread: PollThread;
  storeMask(task: Task, which: MaskName, text: string): Promise<Errno>;
}

const NS_PER_MS = 1e6;
/** Two minutes. */
const LONGEST_POLL_NS = 120e9;

/** In the order in which `features` names them. */
const FEATURES = ['APSC', 'APXA', 'QACT', 'RC8A', 'APSB'] as const;

export const AP_BUS_ATTRIBUTES: readonly AttributeDef<BusFiles>[] = [
  maskFile('apmask', 'apm'),
  maskFile('aqmask', 'aqm'),
  qciMaskFile('ap_control_domain_mask', (qci) => qci.adm),
  qciMaskFile('ap_usage_domain_mask', (qci) => qci.aqm),
  qciMaskFile('ap_adapter_mask', (qci) => qci.apm),
  { name: 'ap_interrupts', mode: 0o444, show: (_task, bus) => `${bus.interrupts ? 1 : 0}\n` },
  { name: 'ap_max_domain_id', mode: 0o444, show: (_task, bus) => `${highestIds(bus.busScan.info).domain}\n` },
  { name: 'ap_max_adapter_id', mode: 0o444, show: (_task, bus) => `${highestIds(bus.busScan.info).adapter}\n` },
  { name: 'bindings_complete_count', mode: 0o444, show: (_task, bus) => `${bus.bindings.completeCount}\n` },
  { name: 'bindings', mode: 0o444, show: (_task, bus) => bindingsText(bus) },
  { name: 'features', mode: 0o444, show: (_task, bus) => featuresText(bus.busScan.info) },
  {
    name: 'ap_domain',
    mode: 0o644,
    show: (_task, bus) => `${bus.busScan.defaultDomain.index}\n`,
    store: (task, bus, text) => bus.busScan.defaultDomain.store(task, text, bus.busScan.info),
  },
  {
    name: 'config_time',
    mode: 0o644,
    show: (_task, bus) => `${bus.busScan.timer.seconds}\n`,
    store: (_task, bus, text) => bus.busScan.storeConfigTime(scanInteger(text)),
  },
  {
    name: 'poll_thread',
    mode: 0o644,
    show: (_task, { pollThread }) => `${pollThread.running ? 1 : 0}\n`,
    store: (_task, { pollThread }, text) => storePollThread(pollThread, text),
  },
  {
    name: 'poll_timeout',
    mode: 0o644,
    show: (_task, { tasklet }) => `${Math.round(tasklet.highTimeoutMs * NS_PER_MS)}\n`,
    store: (_task, { tasklet }, text) => storePollTimeout(tasklet, text),
  },
  {
    name: 'scans',
    mode: 0o644,
    show: (_task, bus) => `${bus.busScan.count}\n`,
    async store(task, bus) {
      await bus.busScan.forceRescan(task);
      return OK;
    },
  },
];

function maskFile(name: string, which: MaskName): AttributeDef<BusFiles> {
  return {
    name,
    mode: 0o644,
    show: (task, bus) => bus.permissions.show(task, which),
    store: (task, bus, text) => bus.storeMask(task, which, text),
  };
}

function qciMaskFile(name: string, mask: (qci: QciInfo) => ApMask): AttributeDef<BusFiles> {
  return {
    name,
    mode: 0o444,
    show(_task, { busScan: { info } }) {
      return info === null ? 'not supported\n' : `${mask(info).toString()}\n`;
    },
  };
}

/** Nothing comes of a start while interrupts are used, or while it runs. */
function storePollThread(thread: PollThread, text: string): Errno {
  const on = parseBool(text);
  if (on === undefined) return EINVAL;
  if (on) thread.start();
  else thread.stop();
  return OK;
}

/** Nanoseconds. */
function storePollTimeout(tasklet: ApTasklet, text: string): Errno {
  const ns = parseUnsigned(text);
  if (ns < 0) return ns;
  if (ns > LONGEST_POLL_NS) return EINVAL;
  tasklet.setHighTimeout(ns / NS_PER_MS);
  return OK;
}

function bindingsText({ bindings, busScan }: BusFiles): string {
  const { bound, total } = bindings.count();
  return `${bound}/${total}${busScan.count > 0 && bound === total ? ' (complete)' : ''}\n`;
}

/** Without any feature the read ends at once, as the kernel's does. */
function featuresText(info: QciInfo | null): string {
  if (info === null) return '-\n';
  const names = FEATURES.filter((name) => (info.flags & QciFlag[name]) !== 0);
  return names.length === 0 ? '' : `${names.join(' ')}\n`;
}
