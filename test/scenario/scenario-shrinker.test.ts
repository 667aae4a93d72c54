/**
 * Goal: a failing scenario ends with what its failure needs and no more, and still fails alike; whatever is tried on the way is a scenario.
 * Method: known failures, found by a campaign with a fixed seed; candidates of every scenario of the repository.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runCampaign } from '../../src/campaign/campaign.ts';
import { replay } from '../../src/campaign/replay.ts';
import { fromFile, replayText } from '../../src/campaign/replayable.ts';
import { smallerScenario, type SmallerScenario } from '../../src/campaign/smaller-scenario.ts';
import type { CampaignUnit } from '../../src/campaign/unit.ts';
import { readReplay } from '../../src/explore/replay-file.ts';
import { sameFailure } from '../../src/explore/shrink-same.ts';
import type { Program } from '../../src/explore/program.ts';
import type { Finding } from '../../src/locks/finding.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import type { EventSpec, Scenario } from '../../src/scenario/scenario.ts';
import { ScenarioShrinker } from '../../src/scenario/scenario-shrinker.ts';
import { scenarioText, unit } from '../campaign/small-scenario.ts';
import { ROOT } from '../tidy/tree.ts';

const textOf = (path: string): string => readFileSync(join(ROOT, 'scenarios', path), 'utf8');

async function smaller(text: string, more: Partial<CampaignUnit> = {}): Promise<SmallerScenario> {
  const what = unit(text, { strategy: 'portfolio', ...more });
  const { result } = await runCampaign({ unit: what, budget: { schedules: 3000 }, workers: 1 });
  const found = await smallerScenario(what, result.failures[0]!, () => false);
  expect(sameFailure(found!.failure.finding, result.failures[0]!.finding)).toBe(true);
  const file = await replayText(found!.unit, found!.failure, {});
  expect((await replay(fromFile(readReplay(file)), { lenient: false })).verdict).toBe('reproduced');
  return found!;
}

const left = ({ unit: { scenario } }: SmallerScenario): Scenario => loadScenario(scenario.text, scenario.source);

describe('what is left of', () => {
  test('nine tasks, of which three wait for each other, is one guest with one vCPU and two tasks besides', async () => {
    const found = await smaller(textOf('nine-tasks.yaml'), { design: 'global-mutex' });
    expect(found.failure.finding).toMatchObject({ kind: 'deadlock' });
    expect(found.from).toEqual({ events: 9, tasks: 5, guests: 2, vcpus: 4 });
    expect(found.figures).toEqual({ events: 2, tasks: 2, guests: 1, vcpus: 1 });
    const { host, events, design } = left(found);
    expect({ design, mdevs: host.mdevs.length, adapters: host.adapters.length, apmask: host.apmask }).toEqual({
      ...{ design: 'global-mutex', mdevs: 1, adapters: 0, apmask: null },
    });
    expect(events.map(({ verb, expect: wanted }) => [verb.kind, wanted])).toEqual([
      ['attach', null],
      ['pv-start', null],
    ]);
    expect(found.unit.scenario.source).toBe('small.smaller.yaml');
  });

  test.each(['01-masks-under-the-mutex', '02-kvm-busy'])('case %s is every guest, task and event of it', async (name) => {
    const text = textOf(`corpus/${name}.yaml`);
    const before = loadScenario(text, `${name}.yaml`);
    const found = await smaller(text, { design: before.design });
    expect(found.figures).toEqual(found.from);
    const after = left(found);
    expect(after.events.map(({ task, verb }) => [task, verb])).toEqual(before.events.map(({ task, verb }) => [task, verb]));
    expect(after.host.guests.map(({ workload }) => workload)).toMatchObject([{ cpus: [[{ text: 'aqic 05.0004' }]] }]);
  });

  test('an event that does not come to what is expected keeps that, whatever line it ends up in', async () => {
    const write = '/sys/devices/vfio_ap/matrix/m1/assign_adapter';
    const text = scenarioText({
      events: [
        '{ task: other, do: pv-start, guest: guest1, expect: ok }',
        '{ task: admin, repeat: 5, events: [{ read: /sys/bus/ap/apmask, expect: ok }, { do: pause, for: 1ms }] }',
        `{ task: admin, write: [${write}, "256"], expect: ok }`,
        '{ task: admin, read: /sys/bus/ap/aqmask, expect: ok }',
      ].join(', '),
    });
    const found = await smaller(text);
    expect(left(found).events).toMatchObject([{ task: 'admin', verb: { kind: 'write', value: '256' }, expect: 'ok' }]);
    expect(left(found).host.guests).toEqual([]);
    expect(found.failure.finding).toMatchObject({ kind: 'assertion', title: expect.stringMatching(/^small\.smaller\.yaml:/) as string });
  });

  test('nothing is left out when it was interrupted before', async () => {
    const what = unit(textOf('nine-tasks.yaml'), { design: 'global-mutex' });
    const { result } = await runCampaign({ unit: what, budget: { schedules: 3000 }, workers: 1 });
    const found = await smallerScenario(what, result.failures[0]!, () => true);
    expect(found).toMatchObject({ dropped: [], unit: what, executions: 0 });
  });
});

describe('candidates', () => {
  const FILES = ['', 'corpus', 'history'].flatMap((folder) =>
    readdirSync(join(ROOT, 'scenarios', folder))
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => join(folder, name)),
  );
  const FINDING: Finding = { kind: 'deadlock', key: 'deadlock:', title: 'deadlock', tasks: [], time: 0 };
  const build = (): never => {
    throw new Error('expected nobody to run this');
  };
  const shrinkerOf = (text: string, source: string): ScenarioShrinker =>
    new ScenarioShrinker({
      ...{ scenario: loadScenario(text, source), finding: FINDING, source: 'smaller.yaml' },
      programOf: ({ name }): Program => ({ name, build }),
    });

  test.each(FILES)('of %s load, expect nothing of events, and come to an end whichever are accepted', (path) => {
    const text = textOf(path);
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat({ max: 9 })), (skips) => {
        const shrinker = shrinkerOf(text, basename(path));
        const seen = new Set<string>();
        let [program, going]: [Program, boolean] = [shrinker.start, true];
        while (going) {
          going = false;
          let skip = skips.next().value as number;
          for (const candidate of shrinker.candidates(program)) {
            const scenario = shrinker.scenarioOf(candidate.program);
            expect(candidate.what).not.toBe('');
            expect(scenario.name).toBe(shrinker.start.name);
            expect(seen).not.toContain(scenario.text);
            seen.add(scenario.text);
            expect(expectations(scenario)).toEqual([]);
            if (skip-- > 0) continue;
            [program, going] = [candidate.program, true];
            break;
          }
        }
      }),
      { numRuns: 2 },
    );
  });

  test('of a scenario in which nothing happens are the parts of its host', () => {
    const shrinker = shrinkerOf(scenarioText({ guests: '' }), 'small.yaml');
    const parts = [...shrinker.candidates(shrinker.start)].map(({ what }) => what);
    expect(parts).toEqual(['m1', 'adapters of the host: 5', 'domains of the host: 4', 'adapters of m1: 5', 'domains of m1: 4']);
  });
});

const expectations = ({ events }: Scenario): string[] =>
  events.flatMap(({ verb, expect: wanted }) => [
    ...(wanted === null ? [] : [wanted]),
    ...(verb.kind === 'repeat' ? inner(verb.events) : []),
  ]);
const inner = (events: readonly EventSpec[]): string[] => events.flatMap(({ expect: wanted }) => wanted ?? []);
