/**
 * Steps of passthrough tests, written after the forms of tp-libvirt's passthrough_robustness: what each does to devices and guests, and that the
 * events of the scenario succeed when it is run.
 */
import { describe, expect, test } from 'vitest';
import { verbText } from '../../../src/scenario/verb-actions.ts';
import { ScenarioRun } from '../../../src/scenario/run-scenario.ts';
import { essence, imported, refusalOf, type ImportedText } from './foreign-files.ts';

/** A configuration with these variants: a name and its steps. */
function config(variants: Readonly<Record<string, readonly string[]>>, vms = 'vms = avocado-vt-vm1 vm2'): string {
  const lines = Object.entries(variants).flatMap(([name, steps]) => [
    `        - ${name}:`,
    ...steps.map((step, i) => `            cmds ${i === 0 ? '=' : '+='} ${step},`),
  ]);
  return [
    '- passthrough.made_up:',
    '    type = passthrough_robustness',
    '    only s390-virtio',
    `    ${vms}`,
    '    variants:',
    ...lines,
  ].join('\n');
}

const told = ({ scenario }: ImportedText): string[] =>
  scenario.events.map(({ verb }) =>
    verbText(verb)
      .replaceAll(/\/sys\/devices\/vfio_ap\/matrix\/[0-9a-f-]{36}/g, 'MDEV')
      .replaceAll(/\/sys\S*\/create/g, 'create'),
  );

const START = ['start;ap-05.0004', 'vm_start;0', 'vm_attach;0;ap-05.0004'];

test('a device is an mdev, and what guests do with it are events', () => {
  const steps = [
    ...START,
    'vm_check_present;0;ap-05.0004',
    'vm_pause;0',
    'vm_resume;0',
    'vm_reboot;0',
    'vm_detach;0;ap-05.0004',
    'stop;ap-05.0004',
  ];
  const found = imported({ 'r.cfg': config({ all: steps }) });
  expect(essence(found)).toMatchObject({
    domains: [4],
    apmask: '-5',
    mdevs: ['ap-05.0004: 5 x 4 x '],
    guests: ['avocado-vt-vm1 ap-05.0004 1'],
  });
  expect(told(found)).toEqual([
    'attach avocado-vt-vm1',
    'read MDEV/guest_matrix',
    'ioctl reset of avocado-vt-vm1',
    'detach avocado-vt-vm1',
    'write 1 > MDEV/remove',
  ]);
  expect(found.scenario.events.every(({ task, expect: wanted }) => task === 'test' && wanted === 'ok')).toBe(true);
  expect(found.text).toContain('# r.cfg:9:21\n');
});

test('what is attached to a guest that runs is gone when it stops, what is in its configuration is not', () => {
  const live = imported({ f: config({ a: [...START, 'vm_shutdown;0', 'vm_start;0', 'vm_attach;0;ap-05.0004', 'vm_destroy;0'] }) });
  expect(told(live).slice(0, 4)).toEqual([
    'attach avocado-vt-vm1',
    'detach avocado-vt-vm1',
    'attach avocado-vt-vm1',
    'detach avocado-vt-vm1',
  ]);
  const kept = imported({ f: config({ a: ['start;ap-05.0004', 'vm_attach;0;ap-05.0004', 'vm_start;0', 'vm_destroy;0', 'vm_start;0'] }) });
  expect(told(kept).slice(0, 3)).toEqual(['attach avocado-vt-vm1', 'detach avocado-vt-vm1', 'attach avocado-vt-vm1']);
});

const RUN = { seed: 1, runtime: 'controlled', mode: 'run', logger: { level: 'silent' } } as const;

const MIXED = config({
  one: START,
  two: ['start;ccw-0.0.4711', 'stop;ccw-0.0.4711'],
  three: [...START, 'vm_detach;0;ap-05.0004', 'vm_start;1', 'vm_attach;1;ap-05.0004'],
});

test('variants follow one another, each after its clean-up; those of other devices are left out and told', () => {
  const found = imported({ 'r.cfg': MIXED });
  const made = ['create', 'MDEV/assign_adapter', 'MDEV/assign_domain'];
  const wanted = ['attach', 'detach', 'MDEV/remove', ...made, 'attach', 'detach', 'attach', 'detach', 'MDEV/remove'];
  expect(told(found).map((text) => text.replace(/^write \S+ > /, '').replace(/ .*/, ''))).toEqual(wanted);
  expect(found.text).toContain('# left out: variant two (r.cfg:10:9), for ccw-0.0.4711\n');
  expect(found.text).toContain('# guest avocado-vt-vm1 stands for vm2, too: in a scenario an mdev is for one guest\n');
});

test('the events succeed', async () => {
  const { scenario } = imported({ 'r.cfg': MIXED });
  const report = await new ScenarioRun({ ...RUN, scenario, design: scenario.design }).start();
  expect(report.findings).toEqual([]);
  expect(report.events.map(({ result }) => result)).toEqual(scenario.events.map(() => 'ok'));
});

test('one variant may be chosen', () => {
  expect(told(imported({ f: MIXED }, { variants: ['one'] }))).toHaveLength(3);
  expect(refusalOf({ f: MIXED }, { variants: ['two'] })).toBe(
    'f:11:20: cmds: expected a device of AP, like ap-05.0004, got "ccw-0.0.4711"',
  );
  expect(refusalOf({ f: MIXED }, { variants: ['on'] })).toBe(
    'f:1:1: variants: expected a variant with steps (one, two, three), got "on"; did you mean "one"?',
  );
});

test('blocks inherit, settings of a block replace, and a step may share its line with others', () => {
  const text = `- outer:\n    vms = "a b"\n    cmds = "vm_start;1, start;ap-05.0004,"\n    variants:\n      - x:\n          variants:\n            - y:\n                cmds += vm_attach;1;ap-05.0004\n            # a comment\n            - z:\n                cmds = start;ap-06.0004\n`;
  const found = imported({ f: text });
  expect(essence(found)).toMatchObject({ mdevs: ['ap-05.0004: 5 x 4 x ', 'ap-06.0004: 6 x 4 x '], guests: ['b ap-05.0004 1'] });
  expect(found.text).toContain('# variant x.y (f:7:13)\n# variant x.z (f:10:13)\n');
});

describe('a step that makes no sense is refused with its place', () => {
  test.each([
    [['fly;ap-05.0004'], '7:20: cmds: expected start, stop or vm_start,'],
    [['start;ap-5.4'], '7:20: cmds: expected a device of AP, like ap-05.0004, got "ap-5.4"'],
    [['start;ap-05.0104'], '7:20: cmds: expected a domain number from 0 to 255, got "0104"'],
    [['start;ap-05.0004', 'start;ap-05.0004'], '8:21: cmds: expected a device that has not been started, got "start;ap-05.0004"'],
    [['stop;ap-05.0004'], '7:20: cmds: expected a device that has been started, got "stop;ap-05.0004"'],
    [[...START, 'stop;ap-05.0004'], '10:21: cmds: expected a device that no guest uses, got "stop;ap-05.0004"'],
    [['vm_start;2'], '7:20: cmds: expected the number of a guest from 0 to 1, got "2"'],
    [['vm_start;0', 'vm_start;0'], '8:21: cmds: expected a guest that does not run, got "vm_start;0"'],
    [['vm_reboot;0'], '7:20: cmds: expected a guest that runs, got "vm_reboot;0"'],
    [['vm_attach;0;ap-05.0004'], '7:20: cmds: expected a device that has been started, got "vm_attach;0;ap-05.0004"'],
    [['vm_attach;0'], '7:20: cmds: expected a device behind the number of the guest, got "vm_attach;0"'],
    [['vm_start;0;ap-05.0004'], '7:20: cmds: expected no device behind the number of the guest, got "vm_start;0;ap-05.0004"'],
    [[...START, 'vm_attach;0;ap-05.0004'], '10:21: cmds: expected a guest without a device of AP, got "vm_attach;0;ap-05.0004"'],
    [
      [...START, 'vm_start;1', 'vm_attach;1;ap-05.0004'],
      '11:21: cmds: expected a device that no other guest uses, got "vm_attach;1;ap-05.0004"',
    ],
    [['vm_start;0', 'vm_detach;0;ap-05.0004'], '8:21: cmds: expected a device that the guest has, got "vm_detach;0;ap-05.0004"'],
    [['start;ap-05.0004', 'vm_check_present;0;ap-05.0004'], '8:21: cmds: expected a device that the running guest has'],
    [['start;ccw-0.0.4711'], '7:20: cmds: expected a device of AP, like ap-05.0004, got "ccw-0.0.4711"'],
  ])('%j', (steps, message) => {
    expect(refusalOf({ f: config({ only: steps }) }).slice(0, message.length + 2)).toBe(`f:${message}`);
  });

  test('and so is a file without steps, or with two lists of variants', () => {
    expect(refusalOf({ f: '- a:\n    type = x\n' }, { format: 'tp-libvirt' })).toBe(
      'f:1:1: (document): expected a variant with steps (cmds = ...), got none',
    );
    const twice = '- a:\n    variants:\n        - b:\n            cmds = start;ap-05.0004\n    variants:\n        - c:\n';
    expect(refusalOf({ f: twice })).toBe('f:5:5: (document): expected one list of variants in a block, got a second one');
  });
});
