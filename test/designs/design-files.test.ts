/**
 * Goal: a design file means what the design in TypeScript means that it was written after. Method: random walks of the same scenarios with
 * the same seeds under both; they take the same course, so they end in the same way and find the same things.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { DesignFactory } from '../../src/vfio-ap/locking/port.ts';
import { yamlDesign } from '../../src/scenario/design/yaml-design.ts';
import { ROOT } from '../tidy/tree.ts';
import { SCENARIOS, type ScenarioName } from './scenarios.ts';
import { walk, walks, type DesignUnderTest, type Walk } from './walk.ts';

const SEEDS = 3;

const TWINS = {
  'unlocked-masks': 'test/fixtures/designs/unlocked-masks.yaml',
  'global-mutex': 'src/vfio-ap/locking/yaml/global-mutex.yaml',
  'kvm-busy': 'docs/designs/kvm-busy.yaml',
  'pqap-rwsem': 'docs/designs/pqap-rwsem.yaml',
  'kvm-lock-outside': 'docs/designs/kvm-lock-outside.yaml',
  'dynamic-kvm-busy': 'test/fixtures/designs/dynamic-kvm-busy.yaml',
  'guests-lock': 'src/vfio-ap/locking/yaml/guests-lock.yaml',
  'perms-inside': 'test/fixtures/designs/perms-inside.yaml',
  'user-space-pqap': 'test/fixtures/designs/user-space-pqap.yaml',
  'simulated-exit': 'test/fixtures/designs/simulated-exit.yaml',
  'fair-rwlock': 'test/fixtures/designs/fair-rwlock.yaml',
  'reader-preferring-rwlock': 'test/fixtures/designs/reader-preferring-rwlock.yaml',
  'queue-lock': 'test/fixtures/designs/queue-lock.yaml',
} as const;

function fromFile(name: keyof typeof TWINS): DesignFactory {
  const path = join(ROOT, TWINS[name]);
  const { make, problems } = yamlDesign(readFileSync(path, 'utf8'), path);
  if (make === null) throw problems[0]!;
  return make;
}

/** All but the name of one lock, which a file cannot choose. */
const titled = (title: string): string => title.replace('vfio_ap queue lock of', 'lock of');
const course = ({ outcome, findings, errors }: Walk): object => ({
  outcome,
  errors,
  found: findings.map(({ kind, title }) => `${kind}: ${titled(title)}`),
});

describe.each(Object.keys(TWINS) as (keyof typeof TWINS)[])('%s in YAML', (name) => {
  const twin = fromFile(name);
  test.each(Object.keys(SCENARIOS) as ScenarioName[])('takes the course of the built-in one in %s', async (scenario) => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const under = (design: DesignUnderTest): Promise<Walk> => walk(design, SCENARIOS[scenario], seed);
      expect({ seed, ...course(await under(twin)) }).toEqual({ seed, ...course(await under(name)) });
    }
  });
});

describe('the verdict on a design file', () => {
  test('kvm-busy deadlocks on detach, with the cycle through the flag', async () => {
    const found = await walks(fromFile('kvm-busy'), SCENARIOS.detach, { seeds: 300, until: ['deadlock', 'lock-order'] });
    const [title] = found.get('deadlock') ?? [];
    expect(title).toContain('deadlock of 3 tasks');
    expect(title).toContain('vcpu waits for kvm_busy of ');
    expect([...(found.get('lock-order') ?? [])].join()).toContain('kvm_busy');
  });

  test('guests-lock has none where global-mutex has one', async () => {
    expect([...(await walks(fromFile('guests-lock'), SCENARIOS.detach, { seeds: 40 })).keys()]).toEqual([]);
    const found = await walks(fromFile('global-mutex'), SCENARIOS.detach, { seeds: 300, until: ['deadlock'] });
    expect([...found.keys()]).toContain('deadlock');
  });
});

describe('reports on a design file', () => {
  const path = join(ROOT, TWINS['global-mutex']);
  const text = readFileSync(path, 'utf8');
  const report = async (changed: string): Promise<string> => {
    const { make } = yamlDesign(changed, '/somewhere/designs/mine.yaml');
    const { findings } = await walk(make!, SCENARIOS.apart, 1);
    return JSON.stringify(findings.filter(({ kind }) => kind === 'lock-order'));
  };

  test('name the line of the step', async () => {
    const line = text.split('\n').findIndex((row, i, rows) => row === '  - lock: kvm->lock' && rows[i + 1] === '  - call: set-masks') + 1;
    expect(await report(text)).toContain(`"designs/mine.yaml:${line} attach"`);
  });

  test('name the line of code that a step says it stands for, and not the interpreter', async () => {
    const at = 'drivers/s390/crypto/vfio_ap_ops.c:1107';
    const told = await report(
      text.replace('  - lock: kvm->lock\n  - call: set-masks', `  - lock: kvm->lock\n    at: ${at}\n  - call: set-masks`),
    );
    expect(told).toContain('crypto/vfio_ap_ops.c:1107 attach"');
    expect(told).not.toContain('locking/yaml/');
  });
});
