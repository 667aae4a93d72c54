/**
 * What the designs cost a guest, as one small table. No kernel counterpart.
 */
import type { DesignCost, LoadCost } from '../scenario/design-cost.ts';
import { millis, wrapText } from './layout.ts';
import { tableLines, type Column } from './table.ts';

const right = (title: string): Column => ({ title, align: 'right' });
const COLUMNS: readonly Column[] = [
  { title: 'design' },
  ...['AQIC/s', 'mean', 'stall', 'KVM', 'waits', 'wait'].map(right),
  { title: '|' },
  ...['AQIC/s', 'mean', 'stall', 'KVM', 'waits', 'wait', 'changes/s'].map(right),
];
const ABOUT =
  'Left: one vCPU executes an AQIC each millisecond while another mdev is reset. Right: while an adapter is assigned to its own mdev and ' +
  'unassigned. Virtual time, in which only waits take any: milliseconds of an AQIC on average and at most; the longest in which KVM did not ' +
  'get kvm->lock and vcpu->mutex; how often anybody waited for a lock, and how long together.';

/** Nothing when there are none. */
export function costLines(costs: readonly DesignCost[]): string[] {
  if (costs.length === 0) return [];
  const rows = costs.map(({ design, reset, hotPlug }) => {
    const plugged = hotPlug === null ? ['refused', '', '', '', '', '', ''] : [...figures(hotPlug), hotPlug.changesPerSecond.toFixed(0)];
    return [design, ...figures(reset), '|', ...plugged];
  });
  return [...wrapText(ABOUT, '  '), '', ...tableLines(COLUMNS, rows)];
}

function figures({ perSecond, meanMs, stallMs, kvmStallMs, contentions, waitMs }: LoadCost): string[] {
  return [perSecond.toFixed(0), millis(meanMs), millis(stallMs), millis(kvmStallMs), `${contentions}`, millis(waitMs)];
}
