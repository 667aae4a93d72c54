/**
 * Goal: what requests of several tasks share through zcrypt with each other, with switches and with the masks of a node is declared, so that
 * exploration is sound. Method: neighbours are exchanged in random schedules; the state compared has results, loads, counters and uevents.
 */
import { expect, test } from 'vitest';
import { ApMask } from '../../../src/base/ap-mask.ts';
import { EventLog } from '../../../src/base/event-log.ts';
import { createLogger } from '../../../src/base/logger.ts';
import { ApBus } from '../../../src/ap-bus/ap-bus.ts';
import { CryptoAdapters } from '../../../src/crypto-adapters/crypto-adapters.ts';
import { LparInstructions } from '../../../src/crypto-adapters/lpar-instructions.ts';
import { createRsaEngine } from '../../../src/crypto-adapters/rsa-engine.ts';
import { noService } from '../../../src/crypto-adapters/service-model.ts';
import { Sysfs } from '../../../src/driver-core/sysfs.ts';
import { checkCommutation } from '../../../src/explore/commutation.ts';
import type { Program } from '../../../src/explore/program.ts';
import { RandomStrategy } from '../../../src/runtime/random-strategy.ts';
import type { Task } from '../../../src/runtime/task.ts';
import { cube, errnoOf } from './puppet.ts';
import { typeOf } from '../machine.ts';

const SEEDS = 25;
const rsa = createRsaEngine();

interface World {
  readonly bus: ApBus;
  readonly hardware: CryptoAdapters;
  readonly sysfs: Sysfs;
  readonly answers: Record<string, number>;
}

type Tasks = Readonly<Record<string, (task: Task, world: World) => Promise<unknown>>>;

const signs =
  (name: string, length: number, node?: string) =>
  async (task: Task, { bus, answers }: World): Promise<void> => {
    const file = node === undefined ? bus.zcrypt.open() : await bus.zcrypt.nodes!.node(node)?.open(task);
    answers[name] = file === undefined || typeof file === 'number' ? 1 : errnoOf(await file.rsaModExpo(task, cube(length)));
  };
const writes =
  (path: string, ...texts: string[]) =>
  async (task: Task, { sysfs }: World): Promise<void> => {
    for (const text of texts) await sysfs.write(task, path, text);
  };
const reads =
  (...paths: string[]) =>
  async (task: Task, { sysfs, answers }: World): Promise<void> => {
    for (const [index, path] of paths.entries()) answers[`read ${index}`] = Number(await sysfs.read(task, path));
  };

function program(name: string, tasks: Tasks): Program {
  return {
    name,
    build({ rt, layer }) {
      const usageDomains = ApMask.of(6);
      const adapters = [3, 4].map((id) => ({ id, type: typeOf('CEX8A') }));
      const hardware = new CryptoAdapters(rt, { adapters, usageDomains, controlDomains: usageDomains, service: noService, rsa });
      const sysfs = new Sysfs(layer);
      const events = new EventLog(() => 0);
      const online: string[] = [];
      events.onEvent(({ kind, data }) => {
        if (kind === 'uevent' && 'ONLINE' in data) online.push(`${String(data['path'])}=${String(data['ONLINE'])}`);
      });
      const log = createLogger({ level: 'silent', now: () => 0, destination: { write: () => undefined } });
      const instructions = new LparInstructions(hardware, { adapterInterruption: () => undefined });
      const bus = new ApBus({ layer, sysfs, instructions, log, events, sclp: () => 0, interrupts: null });
      const world: World = { bus, hardware, sysfs, answers: {} };
      return {
        async setup(task) {
          await bus.registerZcrypt(task);
          await bus.scan(task);
          await sysfs.write(task, '/sys/class/zcrypt/create', 'my');
          for (const mask of ['ioctlmask', 'apmask', 'aqmask']) await sysfs.write(task, `/sys/class/zcrypt/my/${mask}`, '0xffff');
          while ([...bus.queues()].some(({ queue }) => queue!.smState !== 'IDLE')) await rt.sleep(task, 1);
        },
        start() {
          for (const [title, body] of Object.entries(tasks)) rt.spawn(title, async (task) => void (await body(task, world)));
        },
        digest: () =>
          JSON.stringify({
            answers: Object.entries(world.answers).toSorted(([a], [b]) => (a < b ? -1 : 1)),
            online,
            scans: bus.busScan.count,
            polling: [bus.pollThread.running, bus.tasklet.highTimeoutMs, bus.tasklet.timerArmed],
            cards: Array.from(bus.zcrypt.cards.cards, ({ card, load, queues }) => [card.id, load.value, queues.size]),
            queues: Array.from(bus.queues(), ({ apqn, queue }) => [apqn, queue?.totalRequests, queue?.smState]),
          }),
      };
    },
  };
}

const PROGRAMS: Readonly<Record<string, Tasks>> = {
  'two users': { one: signs('one', 128), two: signs('two', 128) },
  'a user and the switch of a card': { one: signs('one', 128), admin: writes('/sys/devices/ap/card03/online', '0', '1') },
  'a user and the switch of a queue': { one: signs('one', 128), admin: writes('/sys/devices/ap/card03/03.0006/online', '0', '1') },
  'a user and who looks at the load': {
    one: signs('one', 128),
    reader: reads('/sys/devices/ap/card03/load', '/sys/devices/ap/card03/load'),
  },
  'a user of a node and its masks': { one: signs('one', 128, 'my'), admin: writes('/sys/class/zcrypt/my/apmask', '-3', '+3') },
  'a user and the poll thread': {
    one: signs('one', 128),
    admin: writes('/sys/bus/ap/poll_thread', '1', '0'),
    reader: reads('/sys/bus/ap/poll_thread', '/sys/bus/ap/poll_thread'),
  },
  'two who start the poll thread': { one: writes('/sys/bus/ap/poll_thread', '1', '0'), two: writes('/sys/bus/ap/poll_thread', '1') },
  'a user and poll_timeout': {
    one: signs('one', 128),
    admin: writes('/sys/bus/ap/poll_timeout', '1000000', '0'),
    reader: reads('/sys/bus/ap/poll_timeout'),
  },
  'a user, the config timer and who changes it': {
    one: signs('one', 128),
    timer: async (_task, { bus }) => bus.startScanTimer(),
    admin: writes('/sys/bus/ap/config_time', '5', '120'),
    reader: reads('/sys/bus/ap/scans', '/sys/bus/ap/scans'),
  },
  'a user and two who scan': { one: signs('one', 128), two: writes('/sys/bus/ap/scans', '1'), three: writes('/sys/bus/ap/scans', '1') },
  'a scan that finds a change and who looks at the bus': {
    scanner: async (task, { hardware, sysfs }) => {
      hardware.unplug(4);
      hardware.plug({ id: 5, type: typeOf('CEX8A') });
      await sysfs.write(task, '/sys/bus/ap/scans', '1');
    },
    looker: async (task, { sysfs, answers }) => {
      for (let i = 0; i < 3; i++)
        answers[`bindings ${i}`] = parseInt(String(await sysfs.read(task, '/sys/bus/ap/bindings')).replace('/', '0'), 10);
    },
    admin: writes('/sys/devices/ap/card03/request_count', '0'),
  },
  'a user and apmask': { one: signs('one', 128), admin: writes('/sys/bus/ap/apmask', '-3') },
};

test.each(Object.entries(PROGRAMS))('%s: commutes wherever nothing in common was touched', async (name, tasks) => {
  let pairs = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const result = await checkCommutation(program(name, tasks), { seed: 1, schedule: new RandomStrategy(seed) });
    expect(result.undeclared).toEqual([]);
    pairs += result.pairs;
  }
  expect(pairs).toBeGreaterThan(SEEDS);
});
