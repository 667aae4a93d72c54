/**
 * The guest program `ap-conformance`: every rule of the AP instructions that a program can see, as a check that it prints by name. What it
 * runs on decides which of them make sense: with or without facilities 12, 15 and 65, APXA, queues. No kernel counterpart.
 */
import { ENGINE, ROW_LAYOUT } from './ap-check-engine.ts';
import { rowsText, type ApCheck } from './ap-check-rows.ts';
import { AP_CHECKS } from './ap-checks.ts';
import { INTERRUPT_ROUTINES } from './ap-interrupt-routines.ts';
import { QUEUE_ROUTINES } from './ap-queue-text.ts';
import { STATE_ROUTINES } from './ap-state-routines.ts';
import { VERIFY_ROUTINES } from './ap-verify-routines.ts';
import { buildProgram } from './run-time.ts';

/** The ELF file; `checks` are those that run, in their order. */
export function apConformance(checks: readonly ApCheck[] = AP_CHECKS): Uint8Array {
  return buildProgram([
    { name: 'row layout', text: ROW_LAYOUT },
    { name: 'engine', text: ENGINE },
    { name: 'queue routines', text: QUEUE_ROUTINES },
    { name: 'states', text: STATE_ROUTINES },
    { name: 'verification', text: VERIFY_ROUTINES },
    { name: 'interrupts', text: INTERRUPT_ROUTINES },
    { name: 'checks', text: rowsText(checks) },
  ]);
}
