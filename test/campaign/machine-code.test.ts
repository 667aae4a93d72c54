/**
 * Goal: schedules of guests in machine code are explored like others: their AP instructions are schedule points, the search comes to an end,
 * what it finds can be replayed step by step from a token or a file, and threads run the same program.
 */
import { describe, expect, test } from 'vitest';
import { runCampaign } from '../../src/campaign/campaign.ts';
import { exploreUnit } from '../../src/campaign/explore-unit.ts';
import { exploreInPool } from '../../src/campaign/pool.ts';
import { replay } from '../../src/campaign/replay.ts';
import { fromFile, fromToken, replayText, tokenOf } from '../../src/campaign/replayable.ts';
import { checkCommutation } from '../../src/explore/commutation.ts';
import { readReplay } from '../../src/explore/replay-file.ts';
import { assemble } from '../../src/guest/s390x/assembler/assemble.ts';
import { elfFile } from '../../src/guest/s390x/assembler/elf-file.ts';
import { interruptLoop } from '../../src/guest/s390x/programs/interrupt-loop.ts';
import { queuePollers } from '../../src/guest/s390x/programs/queue-pollers.ts';
import { RandomStrategy } from '../../src/runtime/random-strategy.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { scenarioProgram } from '../../src/scenario/scenario-program.ts';
import { dataOf, hostWith } from '../guest/s390x/program-run.ts';
import { scenarioText, unit } from './small-scenario.ts';

/** PQAP of these functions for queue 05.0004, then the CPU stops. The notification byte lies in a page of its own. */
function pqaps(...functions: number[]): string {
  const call = (fc: number): string => `
  llilf %r0,0x0${fc}000504
  llihf %r1,0x00008000                  # enable
  iilf %r1,3                            # subclass 3
  llilf %r2,0x20000
  pqap`;
  const text = `.org 0x10000
start:${functions.map(call).join('')}
  lghi %r2,0
  lghi %r1,0
  sigp %r4,%r2,5
1: j 1b
`;
  return `{ elf: ${dataOf(elfFile(assemble([{ name: 'pqaps', text }]), 0x10000))}, mem: 1M }`;
}

const TAPQ = 0;
const AQIC = 3;

const TINY = scenarioText({
  guests: `{ name: guest1, mdev: m1, workload: ${pqaps(TAPQ)} }, { name: guest2, workload: ${pqaps(TAPQ)} }`,
  events: '{ task: admin, read: /sys/bus/ap/apmask, expect: ok }',
});

/** As the scenario of bare instructions that deadlocks under the early designs. In Secure Execution AQIC is an operation exception. */
const THREE_WAYS = scenarioText({
  guests: `{ name: guest1, mdev: m1, attach: false, workload: ${pqaps(AQIC, AQIC)} }`,
  events: '{ task: qemu, do: attach, guest: guest1 }, { task: pv, do: pv-start, guest: guest1 }',
});

describe('an exploration of two guests in machine code', () => {
  test('comes to an end with every trace looked at, and finds nothing', async () => {
    const { result } = await exploreUnit(unit(TINY, { strategy: 'dpor' }), { schedules: 5000 });
    expect(result).toMatchObject({ verdict: 'exhausted', failures: [] });
    expect(result.schedules).toBeGreaterThan(1);
  });

  test('finds the deadlock of an early design, and the same steps bring it back, from a token and from a file', async () => {
    const what = unit(THREE_WAYS, { design: 'global-mutex', wanted: 'deadlocks' });
    const { result } = await runCampaign({ unit: what, budget: { schedules: 3000 }, workers: 1 });
    const [deadlock] = result.failures;
    expect(deadlock?.finding.kind).toBe('deadlock');
    const fromTheToken = await replay(
      fromToken(tokenOf(what, deadlock!), () => THREE_WAYS),
      { lenient: false },
    );
    expect(fromTheToken).toMatchObject({ verdict: 'reproduced', diverged: null, steps: deadlock!.steps });
    const text = await replayText(what, deadlock!, {});
    const again = await replay(fromFile(readReplay(text)), { lenient: false });
    expect(again).toMatchObject({ verdict: 'reproduced', steps: deadlock!.steps });
    expect(again.failure!.finding.title).toBe(deadlock!.finding.title);
  });

  test('comes to the same on several threads, which have the programs from the text of the scenario', async () => {
    const figures = async (workers: number): Promise<unknown> => {
      const found = await exploreInPool(unit(TINY), { schedules: 60 }, { workers, batch: 20 });
      const { schedules, steps, coverage, verdict } = found!.result;
      return { schedules, steps, coverage, verdict };
    };
    const two = await figures(2);
    expect(two).toMatchObject({ schedules: 60, verdict: 'clean' });
    expect(await figures(1)).toEqual(two);
  });
});

/** Guests of a card that answers at once. */
const quick = (...parts: Parameters<typeof hostWith>): string => hostWith(...parts).replace('apmask', 'serviceScale: 0, apmask');
const unplug = ['unassign_adapter', 'assign_adapter']
  .map((file) => `  - { task: admin, write: [/sys/devices/vfio_ap/matrix/m0/${file}, "5"] }`)
  .join('\n');

describe('what guests in machine code share is declared: neighbours that should commute do, in schedules of', () => {
  test.each([
    ['two CPUs with one queue', quick([`{ elf: ${dataOf(queuePollers(1))}, mem: 1M }`], { vcpus: 2 })],
    ['two guests with interrupts', quick([1, 2].map(() => `{ elf: ${dataOf(interruptLoop(1))}, mem: 1M }`))],
    ['a guest whose adapter is unplugged', quick([`{ elf: ${dataOf(interruptLoop(1))}, mem: 1M }`], { events: unplug })],
  ])('%s', async (_name, text) => {
    const program = scenarioProgram(loadScenario(text, 'small.yaml'), { design: 'guests-lock', seed: 1 });
    const result = await checkCommutation(program, { seed: 1, schedule: new RandomStrategy(2) });
    expect(result.undeclared).toEqual([]);
    expect(result.pairs).toBeGreaterThan(0);
  });
});
