/**
 * QCI as a visible operation: reading the configuration of the machine, which no queue instruction depends on.
 */
import type { Op } from '../runtime/task.ts';
import type { QciInfo } from './ap-instructions.ts';

export class ConfigurationOp implements Op {
  readonly opName = 'QCI';
  private readonly read: () => QciInfo;

  constructor(read: () => QciInfo) {
    this.read = read;
  }

  enabled(): boolean {
    return true;
  }

  perform(): QciInfo {
    return this.read();
  }
}
