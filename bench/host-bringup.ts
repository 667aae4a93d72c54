/**
 * A host of 256 adapters x 256 domains, all queues bound to vfio_ap, 100 guests attached: how long until it is up, and in how much memory.
 */
import { EventLog } from '../src/base/event-log.ts';
import { createLogger } from '../src/base/logger.ts';
import { LockLayer } from '../src/locks/lock-layer.ts';
import { Machine } from '../src/machine/machine.ts';
import type { HostSpec } from '../src/machine/host-spec.ts';
import { LiveRuntime } from '../src/runtime/live.ts';
import { mdevUuid } from '../src/scenario/mdev-uuid.ts';
import { designByName } from '../src/vfio-ap/locking/designs.ts';
import type { Figure } from './measure.ts';

const IDS = Array.from({ length: 256 }, (_, id) => id);
const GUESTS = 100;

function largestHost(): HostSpec {
  const mdevs = Array.from({ length: GUESTS }, (_, i) => ({
    ...{ name: `m${i}`, uuid: mdevUuid(`m${i}`), controlDomains: [] },
    ...{ adapters: [2 * i, 2 * i + 1], domains: IDS },
  }));
  const guests = mdevs.map(({ name }, i) => ({
    ...{ name: `guest${i}`, mdev: name, vcpus: 1, workload: null, apie: true, interrupts: true, attach: true },
  }));
  return {
    ...{ kernel: 'current', adapters: IDS.map((id) => ({ id, type: 'CEX8C' })), domains: IDS, controlDomains: IDS },
    ...{ apmask: '0x0', aqmask: null, serviceScale: 0, mdevs, guests },
  };
}

export async function hostBringup(): Promise<Figure[]> {
  const rt = new LiveRuntime(1);
  const layer = new LockLayer(rt);
  const design = designByName('guests-lock')!;
  const log = createLogger({ level: 'silent', now: () => rt.now() });
  const events = new EventLog(() => rt.now());
  const since = performance.now();
  const machine = new Machine({ layer, spec: largestHost(), design, seed: 1, log, events });
  let failure: unknown;
  rt.onTaskEnd((_task, error) => {
    failure ??= error;
  });
  rt.spawn('admin', (task) => machine.boot(task));
  await rt.settled();
  const seconds = (performance.now() - since) / 1000;
  rt.shutdown();
  const attached = machine.vms.filter(({ qemu }) => qemu.attached !== null).length;
  if (failure !== undefined || attached !== GUESTS)
    throw new Error(`expected ${GUESTS} guests attached, got ${attached}`, { cause: failure });
  return [
    { name: 'host of 65,536 queues and 100 guests: up after, seconds', value: seconds, goal: { atMost: 5 } },
    { name: 'the same: memory of the process, GiB', value: process.memoryUsage().rss / 2 ** 30, goal: { atMost: 1 } },
  ];
}
