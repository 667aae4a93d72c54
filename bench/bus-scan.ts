/**
 * The bus of a host with 256 adapters x 256 domains, all of them bound to zcrypt: its first scan, and a scan that finds nothing new.
 */
import { ApMask } from '../src/base/ap-mask.ts';
import { EventLog } from '../src/base/event-log.ts';
import { createLogger } from '../src/base/logger.ts';
import { ApBus } from '../src/ap-bus/ap-bus.ts';
import { parseCardType } from '../src/crypto-adapters/card-type.ts';
import { CryptoAdapters } from '../src/crypto-adapters/crypto-adapters.ts';
import { LparInstructions } from '../src/crypto-adapters/lpar-instructions.ts';
import { createRsaEngine } from '../src/crypto-adapters/rsa-engine.ts';
import { noService } from '../src/crypto-adapters/service-model.ts';
import { Sysfs } from '../src/driver-core/sysfs.ts';
import { LockLayer } from '../src/locks/lock-layer.ts';
import { LiveRuntime } from '../src/runtime/live.ts';
import { median, type Figure } from './measure.ts';

const QUEUES = 65_536;
const RESCANS = 5;

function largestBus(rt: LiveRuntime): ApBus {
  const layer = new LockLayer(rt);
  const type = parseCardType('CEX8C')!;
  const hardware = new CryptoAdapters(rt, {
    adapters: Array.from({ length: 256 }, (_, id) => ({ id, type })),
    ...{ usageDomains: ApMask.FULL, controlDomains: ApMask.FULL, service: noService, rsa: createRsaEngine() },
  });
  const instructions = new LparInstructions(hardware, { adapterInterruption: () => bus.adapterInterruption() });
  instructions.registerNotificationByte({ address: 0x1000, set: () => undefined });
  const log = createLogger({ level: 'silent', now: () => rt.now() });
  const bus = new ApBus({
    ...{ layer, sysfs: new Sysfs(layer), instructions, log, events: new EventLog(() => rt.now()) },
    sclp: (adapter, on) => hardware.configure(adapter, on),
    interrupts: { aqic: { ir: true, isc: 6, nib: 0x1000 }, clearNotification: () => undefined },
  });
  return bus;
}

export async function busScan(): Promise<Figure[]> {
  const rt = new LiveRuntime(1);
  const bus = largestBus(rt);
  const seconds: number[] = [];
  const timed = async (scan: () => Promise<boolean>): Promise<void> => {
    const since = performance.now();
    await scan();
    seconds.push((performance.now() - since) / 1000);
  };
  rt.spawn('admin', async (task) => {
    await bus.registerZcrypt(task);
    await timed(() => bus.scan(task));
    // What the first scan has set off comes to its end: every queue is reset and has its interrupts.
    for (const { queue } of bus.queues()) while (queue?.smState !== 'IDLE') await rt.sleep(task, 10);
    for (let i = 0; i < RESCANS; i++) await timed(() => bus.forceRescan(task));
  });
  await rt.settled();
  bus.stop();
  rt.shutdown();
  const { bound } = bus.bindings.count();
  if (bound !== QUEUES || seconds.length !== RESCANS + 1) throw new Error(`expected ${QUEUES} queues bound, got ${bound}`);
  const [first = Number.NaN, ...later] = seconds;
  return [
    { name: 'first scan of 65,536 queues, all of zcrypt: seconds', value: first, goal: { atMost: 2 } },
    { name: 'scan of the same without a change: seconds', value: median(later), goal: { atMost: 0.2 } },
  ];
}
