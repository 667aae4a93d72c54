/**
 * What the locking designs cost a guest, on virtual time: the same figures on every machine. For information; `apemu designs --cost` shows
 * more of them.
 */
import { designCost } from '../src/scenario/design-cost.ts';
import { designNames } from '../src/vfio-ap/locking/designs.ts';
import type { Figure } from './measure.ts';

export async function designs(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const design of designNames()) {
    const { reset, hotPlug } = await designCost(design);
    const note = `KVM ${reset.kvmStallMs} ms, ${reset.perSecond.toFixed(0)} AQIC/s`;
    figures.push({ name: `${design}: stall of AQIC beside a reset, virtual ms`, value: reset.stallMs, note });
    if (hotPlug === null) continue;
    figures.push({
      name: `${design}: AQIC/s under hot plug, virtual time`,
      value: hotPlug.perSecond,
      note: `KVM ${hotPlug.kvmStallMs} ms, ${hotPlug.contentions} waits for locks`,
    });
  }
  return figures;
}
