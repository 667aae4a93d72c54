/**
 * The same operations on the product and on the reference, compared after each one. The first difference ends it with an error that
 * lists the operations so far, so that what fast-check shrinks to can be read.
 */
import type { QuirkName } from '../../src/vfio-ap/quirks.ts';
import { TASKS_FIRST, onHost } from '../helpers/host.ts';
import { apply, type Answer } from './apply.ts';
import { FuzzedHost } from './fuzzed-host.ts';
import { ADAPTERS, DOMAINS } from './generators.ts';
import { Request } from './ioctls.ts';
import { differences, observeWorld, type Observed } from './observed.ts';
import { FDS, GUESTS, type Operation } from './operations.ts';
import { storeMask } from './queues.ts';
import { scan } from './scan.ts';
import { makeWorld, type World } from './world.ts';

const CARDS = ADAPTERS.map((id, at) => ({ id, type: ['CEX5C', 'CEX5A', 'CEX5C'][at]! }));
const APMASK = '-5,-6';
const guest = (name: string) => ({ name, mdev: null, vcpus: 1, workload: null, apie: true, interrupts: true, attach: false });

export interface FuzzOptions {
  readonly quirks?: readonly QuirkName[];
  /** Default true: 256 adapters and domains. */
  readonly apxa?: boolean;
  /** Changes the reference before the operations begin: to see that the comparison notices. */
  readonly spoil?: (world: World) => void;
}

/** An error that leaves something behind nevertheless: RESET tells of a queue that did not end well after all of them were reset. */
const mayChange = (operation: Operation): boolean => operation.op === 'ioctl' && operation.request === Request.RESET;
const failed = (answer: Answer): boolean => (typeof answer === 'number' ? answer < 0 : answer.startsWith('-'));
/** What belongs to one operation only. */
const MOMENTARY = ['resets', 'warnings'];

const still = (seen: Observed): Observed => Object.fromEntries(Object.entries(seen).filter(([name]) => !MOMENTARY.includes(name)));

class Divergence extends Error {
  constructor(operations: readonly Operation[], lines: readonly string[]) {
    super(`after ${operations.length} operations:\n${operations.map((each) => JSON.stringify(each)).join('\n')}\n${lines.join('\n')}`);
    this.name = 'Divergence';
  }
}

function bootedWorld({ spoil, apxa = true }: FuzzOptions): World {
  const world = makeWorld({ adapters: CARDS, domains: DOMAINS, control: DOMAINS, guests: GUESTS, fds: FDS, apxa });
  storeMask(world, 'apm', APMASK);
  scan(world);
  spoil?.(world);
  return world;
}

/** Runs them on a fresh host. Throws a Divergence at the first difference. */
export async function compare(operations: readonly Operation[], options: FuzzOptions = {}): Promise<void> {
  const world = bootedWorld(options);
  const { quirks, apxa = true } = options;
  const spec = { adapters: CARDS, domains: [...DOMAINS], controlDomains: [...DOMAINS], apmask: APMASK, apxa, guests: GUESTS.map(guest) };
  const defective = quirks === undefined ? {} : { quirks: new Set(quirks), findings: true, leftovers: true, watch: false };
  const host = { spec, strategy: TASKS_FIRST, ...defective };
  await onHost('controlled', host, async (real, task) => {
    const fuzzed = new FuzzedHost(real);
    await fuzzed.settle(task);
    real.log.length = 0;
    let before = await fuzzed.observe(task);
    const atBoot = differences(observeWorld(world), before);
    if (atBoot.length > 0) throw new Divergence([], atBoot);
    for (const [at, operation] of operations.entries()) {
      const done = operations.slice(0, at + 1);
      const expected = apply(world, operation);
      const got = await fuzzed.perform(task, operation);
      await fuzzed.settle(task);
      const after = await fuzzed.observe(task);
      const lines = differences(observeWorld(world), after);
      if (expected !== got) lines.unshift(`answer: expected ${expected}, got ${got}`);
      if (failed(got) && !mayChange(operation)) lines.push(...differences(still(before), still(after)).map((line) => `unchanged ${line}`));
      if (lines.length > 0) throw new Divergence(done, lines);
      before = after;
    }
  });
}
