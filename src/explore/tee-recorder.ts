/**
 * Several recorders of one run.
 */
import type { AccessKind } from '../runtime/access.ts';
import type { StepRecorder } from '../runtime/footprint.ts';
import type { Runnable } from '../runtime/strategy.ts';

class TeeRecorder implements StepRecorder {
  private readonly recorders: readonly StepRecorder[];

  constructor(recorders: readonly StepRecorder[]) {
    this.recorders = recorders;
  }

  step(by: Runnable): void {
    for (const recorder of this.recorders) recorder.step(by);
  }

  touch(object: object, access: AccessKind): void {
    for (const recorder of this.recorders) recorder.touch(object, access);
  }

  chosen(site: string, n: number, value: number): void {
    for (const recorder of this.recorders) recorder.chosen(site, n, value);
  }
}

/** One recorder for all of them; null when there is none. */
export function tee(...recorders: readonly (StepRecorder | null | undefined)[]): StepRecorder | null {
  const some = recorders.filter((recorder) => recorder !== null && recorder !== undefined);
  return some.length > 1 ? new TeeRecorder(some) : (some[0] ?? null);
}
