/**
 * QCI as a visible operation: reading the configuration of the machine, which no queue instruction depends on.
 */
import { Access, type AccessKind } from '../runtime/access.ts';
import type { Op } from '../runtime/task.ts';
import type { QciInfo } from './ap-instructions.ts';

export class ConfigurationOp implements Op {
  readonly opName = 'QCI';
  readonly name = 'configuration';
  private readonly read: () => QciInfo;

  constructor(read: () => QciInfo) {
    this.read = read;
  }

  enabled(): boolean {
    return true;
  }

  access(): AccessKind {
    return Access.READ;
  }

  perform(): QciInfo {
    return this.read();
  }
}
