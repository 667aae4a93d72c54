/**
 * A scenario in a format of other programs, with its host booted where the format shows a host. No kernel counterpart.
 */
import type { DesignFactory } from '../../vfio-ap/locking/port.ts';
import type { Scenario } from '../scenario.ts';
import { scenarioText } from '../scenario-text.ts';
import { whenBooted } from './booted.ts';
import { lszcryptTable } from './lszcrypt-table.ts';
import { mdevctlJson } from './mdevctl-json.ts';
import { checkFolder, writeSysfs } from './sysfs-folder.ts';

export const EXPORT_FORMATS: readonly string[] = ['scenario', 'sysfs', 'mdevctl', 'lszcrypt', 'lszcrypt-2.16'];

/** The text, for a format that is one; null for `sysfs`, which is written to `folder`. */
export async function exportHost(format: string, scenario: Scenario, design: DesignFactory, folder: string | null): Promise<string | null> {
  if (format === 'scenario') return scenarioText(scenario);
  if (format === 'sysfs') checkFolder(folder!);
  let text: string | null = null;
  await whenBooted(scenario, design, async (task, machine) => {
    if (format === 'sysfs') await writeSysfs(task, machine.sysfs, folder!);
    else if (format === 'mdevctl') text = mdevctlJson(machine);
    else text = await lszcryptTable(task, machine.sysfs, format === 'lszcrypt-2.16' ? '2.16' : '2.43');
  });
  return text;
}
