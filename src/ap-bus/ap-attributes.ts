/**
 * The files of the bus itself, /sys/bus/ap/* (the bus attributes of drivers/s390/crypto/ap_bus.c).
 */
import type { ApMask } from '../base/ap-mask.ts';
import { OK, type Errno } from '../base/errno.ts';
import { scanInteger } from '../base/kernel-text.ts';
import type { Task } from '../runtime/task.ts';
import type { QciInfo } from '../crypto-adapters/ap-instructions.ts';
import { QciFlag } from '../crypto-adapters/qci.ts';
import type { AttributeDef } from '../driver-core/attribute.ts';
import type { ApBindings } from './ap-bindings.ts';
import { highestIds } from './ap-core.ts';
import type { ApPermissions, MaskName } from './ap-permissions.ts';
import type { ApScan } from './ap-scan.ts';

/** What the files show and change. */
export interface BusFiles {
  readonly interrupts: boolean;
  readonly permissions: ApPermissions;
  readonly bindings: ApBindings;
  readonly busScan: ApScan;
  storeMask(task: Task, which: MaskName, text: string): Promise<Errno>;
}

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
    show: async (task, bus) => `${(await bus.permissions.readMasks(task))[which].toString()}\n`,
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
