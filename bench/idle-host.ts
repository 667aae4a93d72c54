/**
 * What a host costs while nobody asks anything of it: all queues bound to zcrypt, interrupts on, the periodic scan armed.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { EventLog } from '../src/base/event-log.ts';
import { createLogger } from '../src/base/logger.ts';
import { LockLayer } from '../src/locks/lock-layer.ts';
import { Machine } from '../src/machine/machine.ts';
import { LiveRuntime } from '../src/runtime/live.ts';
import { designByName } from '../src/vfio-ap/locking/designs.ts';
import type { Figure } from './measure.ts';

const IDS = Array.from({ length: 256 }, (_, id) => id);
/** Seconds; the periodic scan comes after 30. */
const WATCHED = 3;

export async function idleHost(): Promise<Figure[]> {
  const rt = new LiveRuntime(1);
  const layer = new LockLayer(rt);
  const adapters = [5, 6, 7, 8].map((id) => ({ id, type: 'CEX8C' }));
  const machine = new Machine({
    ...{ layer, design: designByName('guests-lock')!, seed: 1, events: new EventLog(() => rt.now()) },
    log: createLogger({ level: 'silent', now: () => rt.now() }),
    spec: {
      ...{ kernel: 'current', adapters, domains: IDS, controlDomains: IDS, apmask: null, aqmask: null, serviceScale: 0 },
      ...{ mdevs: [], guests: [] },
    },
  });
  let share = Number.NaN;
  rt.spawn('admin', async (task) => {
    await machine.boot(task);
    machine.bus.startScanTimer();
    for (const { queue } of machine.bus.queues()) while (queue?.smState !== 'IDLE') await rt.sleep(task, 10);
    const before = process.cpuUsage();
    await wait(WATCHED * 1000);
    const { user, system } = process.cpuUsage(before);
    share = (user + system) / 1e6 / WATCHED;
    machine.bus.stop();
  });
  await rt.settled();
  rt.shutdown();
  return [{ name: 'idle host of 1,024 queues, share of one CPU', value: share, goal: { atMost: 0.01 } }];
}
