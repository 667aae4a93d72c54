/**
 * `apemu designs`: every locking design against every scenario of the driver's history. No kernel counterpart.
 */
import { differences, type Cell } from '../campaign/design-cell.ts';
import { designsTable } from '../campaign/designs-table.ts';
import { setEngineFlags } from '../campaign/engine-flags.ts';
import { costLines } from '../report/design-cost-text.ts';
import { designsJson } from '../report/designs-json.ts';
import { designsText } from '../report/designs-text.ts';
import { seconds } from '../report/layout.ts';
import { hostNow } from '../runtime/host-clock.ts';
import { designCost, type DesignCost } from '../scenario/design-cost.ts';
import { isDesignFile, loadDesign } from '../scenario/design-file.ts';
import type { CommandBody } from './command.ts';
import { designsSettings, type DesignsSettings } from './designs-settings.ts';
import { EXIT_FOUND, EXIT_INTERRUPTED, EXIT_OK } from './exit-code.ts';
import { Interrupts, type SignalSource } from './interrupt.ts';
import { NAME } from './option-values.ts';
import { StatusLine } from './status-line.ts';
import { paintFor, writeOut, type Terminal } from './terminal.ts';

export const designs: CommandBody = async (options, terminal) => {
  for (const file of options.all('design', NAME).filter(isDesignFile)) await loadDesign(file, '.');
  const settings = designsSettings(options);
  setEngineFlags();
  return await designsSession(settings, { terminal, signals: process });
};

export interface DesignsPorts {
  readonly terminal: Terminal;
  readonly signals: SignalSource;
}

export async function designsSession(settings: DesignsSettings, ports: DesignsPorts): Promise<number> {
  const { work, seed, json } = settings;
  const { stdout } = ports.terminal;
  const since = hostNow();
  const { cells, interrupted } = await explored(settings, ports);
  const table = { cells, planned: work.length, seed, elapsedMs: hostNow() - since, interrupted };
  const costs: DesignCost[] = [];
  if (!interrupted) for (const design of settings.costs) costs.push(await designCost(design));
  await writeOut(stdout, json ? designsJson(cells, costs) : designsText(table, costLines(costs), paintFor(ports.terminal)));
  if (interrupted) return EXIT_INTERRUPTED;
  return cells.some((cell) => differences(cell).length > 0) ? EXIT_FOUND : EXIT_OK;
}

async function explored(
  { work, workers, quiet }: DesignsSettings,
  { terminal, signals }: DesignsPorts,
): Promise<{ cells: Cell[]; interrupted: boolean }> {
  let done = 0;
  let interrupted = false;
  const status = new StatusLine(terminal.stderr, (ms) => `${seconds(ms)}: ${done} of ${work.length} cells`, !quiet);
  const stop = (): void => {
    interrupted = true;
    status.above('apemu: interrupted, showing the cells that are done (again to leave at once)\n');
  };
  const interrupts = new Interrupts(signals, { stop, stalled: () => undefined });
  const onCell = (now: number): void => {
    done = now;
  };
  try {
    const cells = await designsTable(work, workers, { onCell, interrupted: () => interrupted });
    return { cells, interrupted };
  } finally {
    interrupts.close();
    status.stop();
  }
}
