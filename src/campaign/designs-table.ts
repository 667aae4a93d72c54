/**
 * The table of designs: every cell on its own, in this thread or on several, so that it does not depend on who was faster.
 * No kernel counterpart.
 */
import { Piscina } from 'piscina';
import { hostEvery } from '../runtime/host-clock.ts';
import { exploreCell, type Cell, type CellWork } from './design-cell.ts';
import { threadOptions } from './pool.ts';

export interface TableHooks {
  /** Told after each cell. */
  readonly onCell?: (done: number) => void;
  /** Asked now and then: true ends it. */
  readonly interrupted?: () => boolean;
}

const LOOK_MS = 100;

/** In the order of the work; when it was interrupted, the cells that had been done by then. */
export async function designsTable(work: readonly CellWork[], workers: number, hooks: TableHooks = {}): Promise<Cell[]> {
  return workers > 1 ? await onThreads(work, workers, hooks) : await here(work, hooks);
}

async function here(work: readonly CellWork[], { onCell, interrupted }: TableHooks): Promise<Cell[]> {
  const cells: Cell[] = [];
  let stopped = false;
  const asked = (): boolean => (stopped ||= interrupted?.() ?? false);
  for (const one of work) {
    const cell = await exploreCell(one, { interrupted: asked });
    // One that was cut short says nothing.
    if (asked()) break;
    cells.push(cell);
    onCell?.(cells.length);
  }
  return cells;
}

async function onThreads(work: readonly CellWork[], workers: number, { onCell, interrupted }: TableHooks): Promise<Cell[]> {
  const abort = new AbortController();
  const pool = new Piscina({ ...threadOptions(), name: 'cell', minThreads: workers, maxThreads: workers });
  const watch = hostEvery(LOOK_MS, () => {
    if (interrupted?.() === true) abort.abort();
  });
  const cells = new Map<number, Cell>();
  let next = 0;
  const serve = async (): Promise<void> => {
    while (next < work.length && !abort.signal.aborted) {
      const number = next++;
      try {
        cells.set(number, (await pool.run(work[number], { signal: abort.signal })) as Cell);
        onCell?.(cells.size);
      } catch (error) {
        if (!abort.signal.aborted) throw error;
      }
    }
  };
  try {
    // Two on their way for each thread, so that none waits for the next.
    await Promise.all(Array.from({ length: workers * 2 }, serve));
  } finally {
    watch.stop();
    await pool.destroy();
  }
  return [...cells].toSorted(([a], [b]) => a - b).map(([, cell]) => cell);
}
