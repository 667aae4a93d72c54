/**
 * The default domain of the bus (ap_domain_index, ap_select_domain in drivers/s390/crypto/ap_bus.c).
 */
import { EINVAL, OK, type Errno } from '../base/errno.ts';
import { apqnOf } from '../base/apqn.ts';
import { scanInteger } from '../base/kernel-text.ts';
import type { Task } from '../runtime/task.ts';
import type { QciInfo } from '../crypto-adapters/ap-instructions.ts';
import { Rc } from '../crypto-adapters/response-code.ts';
import { highestIds, type ApCore } from './ap-core.ts';
import { configuredAdapters, configuredDomains } from './configuration.ts';

export class DefaultDomain {
  /** -1: none chosen. */
  index = -1;
  private readonly core: ApCore;

  constructor(core: ApCore) {
    this.core = core;
  }

  /** Where none is chosen: the lowest domain of the host that answers on one of its adapters. */
  async select(task: Task, qci: QciInfo | null): Promise<void> {
    if (this.index >= 0) return;
    const { apm, aqm } = await this.core.permissions.readMasks(task);
    const adapters = configuredAdapters(qci).and(apm);
    for (const domain of configuredDomains(qci).and(aqm).bits()) {
      for (const adapter of adapters.bits()) {
        const { status } = await this.core.instructions.tapq(task, apqnOf(adapter, domain));
        if (status.rc !== Rc.NORMAL) continue;
        this.index = domain;
        return;
      }
    }
  }

  /** A write to `ap_domain`. The domain has to be the host's by aqmask; whether the machine has it does not matter. */
  async store(task: Task, text: string, qci: QciInfo | null): Promise<Errno> {
    const domain = scanInteger(text, true);
    const { aqm } = await this.core.permissions.readMasks(task);
    if (domain === undefined || domain < 0 || domain > highestIds(qci).domain || !aqm.has(domain)) return EINVAL;
    this.index = domain;
    return OK;
  }
}
