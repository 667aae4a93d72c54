/**
 * The bus scan (ap_scan_bus and its callers in drivers/s390/crypto/ap_bus.c): what is configured now, which devices come and go.
 */
import { EINVAL, OK, type Errno } from '../base/errno.ts';
import { domainOf } from '../base/apqn.ts';
import type { Mutex } from '../locks/mutex.ts';
import type { Task } from '../runtime/task.ts';
import type { QciInfo } from '../crypto-adapters/ap-instructions.ts';
import type { ApBindings } from './ap-bindings.ts';
import type { ApCore } from './ap-core.ts';
import { configuredAdapters, gainedQueues, sameQci } from './configuration.ts';
import { DefaultDomain } from './default-domain.ts';
import { AP_SCAN_MUTEX } from './lock-classes.ts';
import { OpenValue } from './open-value.ts';
import { scanAdapter } from './scan-adapter.ts';
import { ScanTimer } from './scan-timer.ts';

export class ApScan {
  readonly mutex: Mutex;
  readonly defaultDomain: DefaultDomain;
  readonly timer: ScanTimer;
  private readonly core: ApCore;
  private readonly bindings: ApBindings;
  private readonly scans: OpenValue<number>;
  private readonly qci: OpenValue<QciInfo | null>;
  private initialised = false;
  private lastResult = false;

  /** `domain`: the default domain to begin with, -1 for none. */
  constructor(core: ApCore, bindings: ApBindings, domain: number) {
    const { rt } = core.layer;
    this.core = core;
    this.bindings = bindings;
    this.scans = new OpenValue(rt, 0);
    this.qci = new OpenValue<QciInfo | null>(rt, null);
    this.mutex = core.layer.mutex(AP_SCAN_MUTEX, AP_SCAN_MUTEX.name);
    this.defaultDomain = new DefaultDomain(core, domain);
    this.timer = new ScanTimer(core.layer.rt, {
      scan: (task) => this.tryScan(task),
      rescan: (task) => this.forceRescan(task),
    });
  }

  /** Completed scans. */
  get count(): number {
    return this.scans.get();
  }

  /** Null without QCI, and before the first scan. */
  get info(): QciInfo | null {
    return this.qci.get();
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

  /**
   * False before the first scan, when this task is inside one (a request made inside a scan may ask for one), when a signal ends the wait
   * for a running scan, and in kernels in which nobody is told. Behind a running scan: the result of that one.
   */
  async forceRescan(task: Task): Promise<boolean> {
    if (this.count === 0 || this.mutex.heldBy(task)) return false;
    const changed = await this.scanOrWait(task);
    return changed && this.core.kernel.scanResult;
  }

  private async scanOrWait(task: Task): Promise<boolean> {
    {
      using scan = await this.mutex.tryAcquire(task);
      if (scan !== null) return await this.run(task);
    }
    using after = await this.mutex.acquire(task, { interruptible: true });
    return after !== null && this.lastResult;
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
    const next = this.qci.get();
    const changed = !sameQci(previous, next);
    if (changed) await this.announce(task, next!, previous!);
    await this.defaultDomain.select(task, next);
    const adapters = configuredAdapters(next);
    // Every position has its turn, in ascending order; where there is neither an adapter nor a card there is nothing to do.
    for (const adapter of adapters.withAll(core.registry.adapters()).bits())
      await scanAdapter(task, core, adapter, { qci: next, adapters });
    if (changed && core.kernel.busCallbacks) for (const driver of bindings.drivers()) await driver.onScanComplete?.(task, next!, previous!);
    this.noteDefaultDomain();
    const count = this.count + 1;
    this.scans.set(count);
    if (count === 1) core.bus.send('change', core.root, { INITSCAN: 'done' });
    bindings.checkComplete(task, count);
    this.lastResult = changed;
    this.timer.rearm();
    return changed;
  }

  /** Reads the configuration; answers the one before. The bus reads it once more when it is set up, so the first scan sees no change. */
  private async fetch(task: Task): Promise<QciInfo | null> {
    if (!this.initialised) {
      this.initialised = true;
      this.qci.set(await this.read(task));
      await this.defaultDomain.checkInitial(task, this.qci.get());
    }
    const previous = this.qci.get();
    this.qci.set(await this.read(task));
    return previous;
  }

  private async announce(task: Task, next: QciInfo, previous: QciInfo): Promise<void> {
    if (gainedQueues(next, previous)) this.bindings.rearm();
    if (!this.core.kernel.busCallbacks) return;
    for (const driver of this.bindings.drivers()) await driver.onConfigChanged?.(task, next, previous);
  }

  /** A block without a flag says as little as none: the machine is taken to have what every machine may have. */
  private async read(task: Task): Promise<QciInfo | null> {
    const qci = await this.core.instructions.qci(task);
    return qci === null || qci.flags === 0 ? null : qci;
  }

  /** Somebody who administers the host may wonder. */
  private noteDefaultDomain(): void {
    const { index } = this.defaultDomain;
    if (index < 0) return;
    for (const { apqn } of this.core.registry.queues()) if (domainOf(apqn) === index) return;
    this.core.log.debug({ domain: index }, 'no queue in the default domain');
  }
}
