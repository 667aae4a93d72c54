/**
 * The bus scan (ap_scan_bus and its callers in drivers/s390/crypto/ap_bus.c): what is configured now, which devices come and go.
 */
import { EINVAL, OK, type Errno } from '../base/errno.ts';
import type { Mutex } from '../locks/mutex.ts';
import type { Task } from '../runtime/task.ts';
import type { QciInfo } from '../crypto-adapters/ap-instructions.ts';
import type { ApBindings } from './ap-bindings.ts';
import type { ApCore } from './ap-core.ts';
import { configuredAdapters, gainedQueues, sameQci } from './configuration.ts';
import { DefaultDomain } from './default-domain.ts';
import { AP_SCAN_MUTEX } from './lock-classes.ts';
import { scanAdapter } from './scan-adapter.ts';
import { ScanTimer } from './scan-timer.ts';

export class ApScan {
  readonly mutex: Mutex;
  readonly defaultDomain: DefaultDomain;
  readonly timer: ScanTimer;
  /** Completed scans. */
  count = 0;
  /** Null without QCI, and before the first scan. */
  info: QciInfo | null = null;
  private readonly core: ApCore;
  private readonly bindings: ApBindings;
  private initialised = false;
  private lastResult = false;

  constructor(core: ApCore, bindings: ApBindings) {
    this.core = core;
    this.bindings = bindings;
    this.mutex = core.layer.mutex(AP_SCAN_MUTEX, AP_SCAN_MUTEX.name);
    this.defaultDomain = new DefaultDomain(core);
    this.timer = new ScanTimer(core.layer.rt, {
      scan: (task) => this.tryScan(task),
      rescan: (task) => this.forceRescan(task),
    });
  }

  /** One scan; waits for a running one first. True when the QCI block changed. */
  async scan(task: Task): Promise<boolean> {
    using _scan = await this.mutex.acquire(task);
    return await this.run(task);
  }

  /** The work of the timer: gives up when somebody scans already. */
  async tryScan(task: Task): Promise<void> {
    using scan = await this.mutex.tryAcquire(task);
    if (scan !== null) await this.run(task);
  }

  /** False before the first scan, and when this task is inside one. Behind a running scan: the result of that one. */
  async forceRescan(task: Task): Promise<boolean> {
    if (this.count === 0 || this.mutex.heldBy(task)) return false;
    {
      using scan = await this.mutex.tryAcquire(task);
      if (scan !== null) return await this.run(task);
    }
    using _after = await this.mutex.acquire(task);
    return this.lastResult;
  }

  /** A write to `config_time`. */
  storeConfigTime(seconds: number | undefined): Errno {
    if (seconds === undefined || seconds < 5 || seconds > 120) return EINVAL;
    this.timer.setSeconds(seconds);
    return OK;
  }

  /** The scan mutex is held. */
  private async run(task: Task): Promise<boolean> {
    const { core, bindings } = this;
    const previous = await this.fetch(task);
    const next = this.info;
    const changed = !sameQci(previous, next);
    if (changed) await this.announce(task, next!, previous!);
    await this.defaultDomain.select(task, next);
    const adapters = configuredAdapters(next);
    // Every position has its turn, in ascending order; where there is neither an adapter nor a card there is nothing to do.
    for (const adapter of adapters.withAll(core.registry.adapters()).bits())
      await scanAdapter(task, core, adapter, { qci: next, adapters });
    if (changed) for (const driver of bindings.drivers()) await driver.onScanComplete?.(task, next!, previous!);
    this.count++;
    if (this.count === 1) core.bus.send('change', core.root, { INITSCAN: 'done' });
    bindings.checkComplete(this.count);
    this.lastResult = changed;
    this.timer.rearm();
    return changed;
  }

  /** Reads the configuration; answers the one before. The bus reads it once more when it is set up, so the first scan sees no change. */
  private async fetch(task: Task): Promise<QciInfo | null> {
    const { instructions } = this.core;
    if (!this.initialised) {
      this.initialised = true;
      this.info = await instructions.qci(task);
    }
    const previous = this.info;
    this.info = await instructions.qci(task);
    return previous;
  }

  private async announce(task: Task, next: QciInfo, previous: QciInfo): Promise<void> {
    if (gainedQueues(next, previous)) this.bindings.rearm();
    for (const driver of this.bindings.drivers()) await driver.onConfigChanged?.(task, next, previous);
  }
}
