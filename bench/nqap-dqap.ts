/**
 * NQAP and DQAP round trips with an empty message (eight zeroes, which every card answers with eight bytes), service time 0, live runtime:
 * by a task that issues the instructions itself, one request at a time and as many as the queue takes; and through the driver's queue.
 * Profile: two fifths are Node's own (timers, turns of the event loop, garbage of replies and status words), a tenth is DQAP in the queue;
 * no other function has more than a twentieth.
 */
import { ApMask } from '../src/base/ap-mask.ts';
import { apqnOf } from '../src/base/apqn.ts';
import { ApQueue } from '../src/ap-driver/ap-queue.ts';
import { ApTasklet } from '../src/ap-driver/ap-tasklet.ts';
import { QueueLedger } from '../src/ap-driver/queue-ledger.ts';
import { parseCardType } from '../src/crypto-adapters/card-type.ts';
import { CryptoAdapters } from '../src/crypto-adapters/crypto-adapters.ts';
import { LparInstructions } from '../src/crypto-adapters/lpar-instructions.ts';
import { Rc } from '../src/crypto-adapters/response-code.ts';
import { createRsaEngine } from '../src/crypto-adapters/rsa-engine.ts';
import { noService } from '../src/crypto-adapters/service-model.ts';
import { LockClass } from '../src/locks/lock-class.ts';
import { LockLayer } from '../src/locks/lock-layer.ts';
import { LiveRuntime } from '../src/runtime/live.ts';
import type { Task } from '../src/runtime/task.ts';
import { median, type Figure } from './measure.ts';

const QUEUE = apqnOf(5, 4);
const MESSAGE = new Uint8Array(8);
const TRIPS = 20_000;
const ROUNDS = 7;
const DEPTH = 8;

type Trips = (task: Task, world: World) => Promise<void>;

class World {
  readonly rt = new LiveRuntime(1);
  readonly hardware = new CryptoAdapters(this.rt, {
    adapters: [{ id: 5, type: parseCardType('CEX8A')! }],
    usageDomains: ApMask.of(4),
    controlDomains: ApMask.of(4),
    service: noService,
    rsa: createRsaEngine(),
  });
}

/** Round trips a second. */
async function rate(trips: Trips): Promise<number> {
  const world = new World();
  let perSecond = 0;
  world.rt.spawn('trips', async (task) => {
    await trips(task, world);
    const since = performance.now();
    await trips(task, world);
    perSecond = (TRIPS * 1000) / (performance.now() - since);
  });
  if ((await world.rt.settled()) !== 'done' || perSecond === 0) throw new Error('the round trips came to no end');
  world.rt.shutdown();
  return perSecond;
}

/** `batch` requests, then their replies. */
const instructions =
  (batch: number): Trips =>
  async (task, { rt, hardware }) => {
    for (let n = 0; n < TRIPS; n += batch) {
      for (let i = 0; i < batch; i++) await hardware.nqap(task, QUEUE, { psmid: BigInt(i), message: MESSAGE });
      for (let got = 0; got < batch;) {
        if ((await hardware.dqap(task, QUEUE, 4096)).status.rc === Rc.NORMAL) got++;
        else await rt.sleep(task, 0);
      }
    }
  };

/** Requests are queued, the tasklet polls when the interrupt comes. */
const driver: Trips = async (task, { rt, hardware }) => {
  const layer = new LockLayer(rt);
  const tasklet = new ApTasklet(rt, { schedule: () => rt.wake(task), useInterrupts: () => true });
  const ap = new LparInstructions(hardware, { adapterInterruption: () => rt.wake(task) });
  const release = ap.registerNotificationByte({ address: 8, set: () => undefined });
  const queue = new ApQueue(layer, ap, {
    ...{ apqn: QUEUE, depth: DEPTH, lockClass: new LockClass('bench aq->lock'), replyBuffer: 4096 },
    ...{ useInterrupts: () => true, aqic: { ir: true, isc: 6, nib: 8 } },
  });
  tasklet.add(queue);
  await queue.initState(task);
  while (queue.smState !== 'IDLE') {
    await rt.sleep(task, 0.1);
    await tasklet.run(task);
  }
  const ledger = QueueLedger.of(rt);
  let left = 0;
  for (let n = 0; n < TRIPS; n += DEPTH) {
    for (let i = 0; i < DEPTH; i++) {
      left++;
      const message = ledger.allocate(BigInt(i + 1), MESSAGE, 4096, (ended) => {
        left--;
        ledger.free(ended);
      });
      await queue.queueMessage(task, message);
    }
    while (left > 0) {
      await rt.park(task);
      await tasklet.run(task);
    }
  }
  await queue.prepareRemove(task);
  await queue.remove(task);
  tasklet.remove(queue);
  tasklet.stop();
  release();
  while ((await hardware.tapq(task, QUEUE)).status.rc !== Rc.NORMAL) await rt.sleep(task, 0.1);
};

const KINDS: readonly (readonly [name: string, trips: Trips])[] = [
  ['NQAP and DQAP, empty message, one at a time, a second', instructions(1)],
  [`NQAP and DQAP, empty message, ${DEPTH} at a time, a second`, instructions(DEPTH)],
  [`the same through the driver's queue, ${DEPTH} at a time, a second`, driver],
];

export async function nqapDqap(): Promise<Figure[]> {
  const found = new Map<string, number[]>(KINDS.map(([name]) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) for (const [name, trips] of KINDS) found.get(name)!.push(await rate(trips));
  return [...found].map(([name, values]) => ({ name, value: median(values) }));
}
