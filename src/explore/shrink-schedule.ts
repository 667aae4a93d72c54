/**
 * The failing schedule of a campaign, made shorter: what a report shows instead.
 */
import type { Program } from './program.ts';
import type { FailingSchedule } from './result.ts';
import { shrink, type ShrinkOptions, type Shrunk } from './shrink.ts';

/** The schedule itself when it cannot be replayed alone, as with a lock order that several executions have taught together. */
export async function shrinkSchedule(program: Program, failing: FailingSchedule, options: ShrinkOptions): Promise<FailingSchedule> {
  const shrunk = await shrink(program, failing, options);
  return shrunk === null ? failing : asFailing(failing, shrunk);
}

/** The failure with the schedule that it was shrunk to. */
export function asFailing(failing: FailingSchedule, { finding, choices, reproduced, switches, executions }: Shrunk): FailingSchedule {
  const { timeline } = reproduced;
  const from = failing.shrunk?.from ?? failing.choices.length;
  return {
    ...failing,
    finding,
    choices,
    timeline,
    steps: timeline.length,
    switches,
    shrunk: { from, executions: executions + (failing.shrunk?.executions ?? 0) },
  };
}
