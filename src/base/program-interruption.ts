/**
 * A program interruption: the machine refuses the guest's instruction (z/Architecture Principles of Operation, interruption codes).
 */
export const OPERATION_EXCEPTION = 1;
export const PRIVILEGED_OPERATION = 2;
export const ADDRESSING_EXCEPTION = 5;
export const SPECIFICATION_EXCEPTION = 6;

export class ProgramInterruption extends Error {
  /** Interruption code as stored at real location 8E. */
  readonly code: number;

  constructor(code: number, why: string) {
    // No stack: it is an answer of the machine, not a mistake of the model, and some guests get it at every second instruction.
    const depth = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(`program interruption ${code}: ${why}`);
    Error.stackTraceLimit = depth;
    this.name = 'ProgramInterruption';
    this.code = code;
  }
}
