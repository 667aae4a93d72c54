/**
 * A scenario small enough to be explored to the end, as campaigns take it: text, and what else makes a unit.
 */
import type { CampaignUnit } from '../../src/campaign/unit.ts';

/** One guest, one queue; whatever the test adds. */
export function scenarioText(parts: { guests?: string; events?: string; more?: string }): string {
  return [
    'host: { adapters: [{ id: 5, type: CEX8C }], domains: [4], apmask: "-5", serviceScale: 0 }',
    'mdevs: [{ name: m1, adapters: [5], domains: [4] }]',
    `guests: [${parts.guests ?? '{ name: guest1, mdev: m1, workload: { instructions: [aqic 05.0004] } }'}]`,
    `events: [${parts.events ?? ''}]`,
    parts.more ?? '',
  ].join('\n');
}

/** An instruction of the guest beside a look at the masks: a handful of schedules. */
export const TINY = scenarioText({ events: '{ task: admin, read: /sys/bus/ap/apmask, expect: ok }' });

/** Attach, Secure Execution and AQIC at once: gets stuck under the early designs, never under `guests-lock`. */
export const THREE_WAYS = scenarioText({
  guests: '{ name: guest1, mdev: m1, attach: false, workload: { instructions: [aqic 05.0004, aqic 05.0004] } }',
  events: '{ task: qemu, do: attach, guest: guest1 }, { task: pv, do: pv-start, guest: guest1 }',
});

/** The same while the guest gives its device back. */
export const LEAVING = scenarioText({
  guests: '{ name: guest1, mdev: m1, workload: { instructions: [aqic 05.0004, aqic 05.0004] } }',
  events: '{ task: qemu, do: detach, guest: guest1 }, { task: pv, do: pv-start, guest: guest1 }',
});

export function unit(text: string, more: Partial<CampaignUnit> = {}): CampaignUnit {
  return {
    scenario: { text, source: 'small.yaml' },
    ...{ design: 'guests-lock', quirks: null, strategy: 'random', seed: 7, searchSeed: 7, wanted: 'all', collect: false },
    ...more,
  };
}
