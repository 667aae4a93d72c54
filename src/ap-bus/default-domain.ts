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
import { OpenValue } from './open-value.ts';

export class DefaultDomain {
  private readonly core: ApCore;
  private readonly chosen: OpenValue<number>;

  /** `initial`: the module parameter `domain`. */
  constructor(core: ApCore, initial: number) {
    this.core = core;
    this.chosen = new OpenValue(core.layer.rt, initial);
  }

  /** -1: none chosen. */
  get index(): number {
    return this.chosen.get();
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
        this.chosen.set(domain);
        return;
      }
    }
  }

  /** The initial value is one that `ap_domain` would refuse: none is chosen then. */
  async checkInitial(task: Task, qci: QciInfo | null): Promise<void> {
    const { index } = this;
    if (index === -1 || (await this.allowed(task, index, qci))) return;
    this.core.log.warn({ domain: index }, 'the parameter domain names no domain of the host, none is chosen');
    this.chosen.set(-1);
  }

  /** A write to `ap_domain`. The domain has to be the host's by aqmask; whether the machine has it does not matter. */
  async store(task: Task, text: string, qci: QciInfo | null): Promise<Errno> {
    const domain = scanInteger(text, true);
    if (domain === undefined || !(await this.allowed(task, domain, qci))) return EINVAL;
    this.chosen.set(domain);
    return OK;
  }

  private async allowed(task: Task, domain: number, qci: QciInfo | null): Promise<boolean> {
    const { aqm } = await this.core.permissions.readMasks(task);
    return domain >= 0 && domain <= highestIds(qci).domain && aqm.has(domain);
  }
}
