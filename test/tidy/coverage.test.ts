/**
 * Goal: docs/coverage.md is true and whole. Method: its tables are compared with a booted machine and with the constants and ports of the
 * sources, both ways, and every test that it names is looked up; made-up documents show that each check can fail.
 */
import { describe, expect, test } from 'vitest';
import { Ioctl } from '../../src/ap-bus/zcrypt/ioctl-numbers.ts';
import { ENOENT, errnoName } from '../../src/base/errno.ts';
import * as interruptions from '../../src/base/program-interruption.ts';
import { CCA_FUNCTIONS } from '../../src/crypto-adapters/cca/cca-functions.ts';
import { EP11_FUNCTIONS, Ep11FunctionId } from '../../src/crypto-adapters/ep11/ep11-functions.ts';
import { FAULT_KIND_NAMES } from '../../src/crypto-adapters/faults.ts';
import { ReplyError, replyCodeErrno } from '../../src/crypto-adapters/messages/error-reply.ts';
import { GET_XCP_INFO } from '../../src/crypto-adapters/messages/ep11-query.ts';
import { Rc } from '../../src/crypto-adapters/response-code.ts';
import { PqapFunction } from '../../src/kvm/pqap-registers.ts';
import { IcptCode } from '../../src/kvm/state-description.ts';
import { VmCryptoAttribute } from '../../src/kvm/vm-attributes.ts';
import { Validity } from '../../src/kvm/vsie-shadow.ts';
import { DeviceFlag, DeviceRequest, IrqInfoFlag, IrqSetFlag, VfioApIrq } from '../../src/vfio/ioctl.ts';
import { designByName } from '../../src/vfio-ap/locking/designs.ts';
import { M1, onHost, type HostOptions } from '../helpers/host.ts';
import {
  checkReferences,
  differences,
  methodsOf,
  nameOf,
  referencesIn,
  rowsOf,
  sourcesIn,
  TestFiles,
  usesWord,
  type Row,
} from './coverage.ts';
import { SHARED_CASES } from './shared-cases.ts';
import { readSource } from './source-text.ts';
import { filesOf, NODE, pathOf } from './sysfs-paths.ts';
import { madeUp, readTree } from './tree.ts';

const sources = readTree('src', '.ts');
const tests = new TestFiles(readTree('test', '.ts'));
const rows = rowsOf(readTree('docs', '.md').get('docs/coverage.md') ?? '');
const of = (...sections: string[]): Row[] => rows.filter(({ section }) => sections.some((name) => section.startsWith(name)));
const NOT_THERE = 'Attributes / Not there';
const attributes = of('Attributes').filter(({ section }) => section !== NOT_THERE);
const patternIn = (row: Row): string => `${row.section.replace('Attributes / ', '')}/${nameOf(row, 'name')}`;
const lastOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const code = (file: string) => readSource(sources.get(file) ?? '');

/** Adapter 5 is for guests; the host keeps a card of each kind. */
const SPEC: HostOptions['spec'] = {
  apmask: '-5',
  adapters: ['CEX5C', 'CEX5A', 'CEX6C', 'CEX7P'].map((type, i) => ({ id: 5 + i, type })),
};

/** With one mdev and one node of zcrypt. */
async function filesUnder(options: HostOptions = {}): Promise<Map<string, string>> {
  let files = new Map<string, string>();
  await onHost('controlled', { ...options, spec: { ...SPEC, ...options.spec } }, async (host, task) => {
    await host.create(task, M1, { adapters: [5], domains: [4] });
    expect(await host.machine.sysfs.write(task, '/sys/class/zcrypt/create', NODE)).toBe(NODE.length);
    files = filesOf(host.machine.sysfs);
  });
  return files;
}

describe('every row', () => {
  test('names files and tests that exist', () => {
    expect(rows.length).toBeGreaterThan(150);
    expect(checkReferences(rows, sources, tests)).toEqual([]);
  });

  test('says which test pins it, but for what is not there', () => {
    const open = rows.filter(({ cells }) => (cells['pinned by'] ?? '') === '').map(({ section }) => section);
    expect(open.filter((section) => section !== NOT_THERE)).toEqual([]);
  });
});

describe('attributes and links', () => {
  test('are those of a booted machine, with their modes', async () => {
    const listed = new Map(attributes.map((row) => [patternIn(row), row.cells['mode']!]));
    expect(listed.size).toBe(attributes.length);
    const present = await filesUnder();
    expect(differences(listed.keys(), present.keys())).toEqual([]);
    expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(present));
  });

  test('have their names in the files that define them', () => {
    const defined = attributes.filter((row) => !/^(?:DEVICE|NODE|UUID)$/.test(lastOf(patternIn(row))));
    expect(defined.length).toBeGreaterThan(50);
    const lost = defined.filter(
      (row) => !sourcesIn(row.cells['file']!).some((file) => sources.get(file)?.includes(`'${lastOf(patternIn(row))}'`)),
    );
    expect(lost.map((row) => patternIn(row))).toEqual([]);
  });

  test('are fewer under older kernels, by those that the document names', async () => {
    const current = [...(await filesUnder()).keys()];
    const missing = async (options: HostOptions): Promise<string[]> => {
      const there = await filesUnder(options);
      expect([...there.keys()].filter((file) => !current.includes(file))).toEqual([]);
      return current.filter((file) => !there.has(file)).map(lastOf);
    };
    expect((await missing({ spec: { kernel: '6.0' } })).toSorted()).toEqual(['ap_config', 'driver_override', 'features']);
    const oldest = await missing({ spec: { kernel: '5.15' }, design: designByName('kvm-lock-outside')! });
    expect(oldest.toSorted()).toEqual(['admask', 'ap_config', 'driver_override', 'features', 'guest_matrix', 'status']);
  });

  test('that are said not to be there are not', () =>
    onHost('controlled', { spec: SPEC }, async (host, task) => {
      await host.create(task, M1);
      await host.machine.sysfs.write(task, '/sys/class/zcrypt/create', NODE);
      const absent = of(NOT_THERE).map((row) => pathOf(nameOf(row, 'path'), M1));
      expect(absent.length).toBeGreaterThan(5);
      for (const path of absent)
        expect([path, await host.read(task, path), await host.write(task, path, '1')]).toEqual([path, ENOENT, ENOENT]);
    }));
});

const PORTS = [
  ['src/ap-bus/ap-driver-port.ts', 'ApDriver'],
  ['src/driver-core/driver.ts', 'DriverOps'],
  ['src/vfio/vfio-device.ts', 'VfioDeviceOps'],
  ['src/kvm/pqap-port.ts', 'PqapInterception'],
  ['src/crypto-adapters/interrupts.ts', 'InterruptTarget'],
] as const;

describe('callbacks', () => {
  test('are the methods of the ports', () => {
    const methods = PORTS.flatMap(([file, name]) => methodsOf(sources.get(file)!, name));
    expect(methods).toEqual(expect.arrayContaining(['ApDriver.onScanComplete', 'VfioDeviceOps.dmaUnmap']));
    expect(
      differences(
        of('Callbacks').map((row) => nameOf(row, 'callback')),
        methods,
      ),
    ).toEqual([]);
  });

  test('are implemented in the files named', () => {
    const word = (row: Row): string => nameOf(row, 'callback').split('.')[1]!;
    const lost = of('Callbacks').filter((row) => !sourcesIn(row.cells['file']!).every((file) => usesWord(code(file), word(row))));
    expect(lost.map((row) => nameOf(row, 'callback'))).toEqual([]);
  });
});

/** `Name.KEY` for each key. */
const keysOf = (constants: Readonly<Record<string, object>>): string[] =>
  Object.entries(constants).flatMap(([name, values]) => Object.keys(values).map((key) => `${name}.${key}`));

describe('constants', () => {
  const numbers = Object.entries(interruptions).flatMap(([name, value]) => (typeof value === 'number' ? [name] : []));

  test.each([
    ['ioctls / Of the device file', keysOf({ DeviceRequest, VfioApIrq, DeviceFlag, IrqInfoFlag, IrqSetFlag })],
    ['ioctls / Of the VM', keysOf({ VmCryptoAttribute })],
    ['Instructions', keysOf({ PqapFunction })],
    ['Program interruptions', numbers],
    ['Nested guests', keysOf({ Validity, IcptCode })],
    ['zcrypt / ioctls of zcrypt', keysOf({ Ioctl })],
  ])('of %s are all in its table, and used in the files named', (section, present) => {
    const table = of(section);
    expect(present.length).toBeGreaterThan(3);
    expect(
      differences(
        table.map((row) => nameOf(row, 'constant')),
        present,
      ),
    ).toEqual([]);
    for (const row of table) {
      const word = nameOf(row, 'constant').replace(/^.*\./, '');
      for (const file of sourcesIn(row.cells['file']!)) expect([file, word, usesWord(code(file), word)]).toEqual([file, word, true]);
    }
  });

  test('of program interruptions name every file of KVM that raises them', () => {
    const inKvm = [...sources.keys()].filter((file) => file.startsWith('src/kvm/'));
    for (const row of of('Program interruptions')) {
      const name = nameOf(row, 'constant');
      const raising = inKvm.filter((file) => code(file).code.includes(`new ProgramInterruption(${name},`));
      expect([name, sourcesIn(row.cells['file']!).toSorted()]).toEqual([name, raising.toSorted()]);
    }
  });
});

describe('zcrypt', () => {
  const hex = (value: number): string => value.toString(16).toUpperCase().padStart(2, '0');

  test('ioctls have their numbers', () => {
    const numbers = of('zcrypt / ioctls').map((row) => [nameOf(row, 'constant').replace('Ioctl.', ''), row.cells['number']]);
    expect(Object.fromEntries(numbers)).toEqual(Object.fromEntries(Object.entries(Ioctl).map(([name, n]) => [name, n.toString(16)])));
  });

  test('reply codes are those of the sources, with what a driver makes of them', () => {
    expect(of('zcrypt / Reply codes').map((row) => [row.cells['code'], nameOf(row, 'name'), row.cells['errno']])).toEqual(
      Object.entries(ReplyError).map(([name, value]) => [hex(value), name, errnoName(replyCodeErrno(value))]),
    );
  });

  test('reply codes name every file that answers them', () => {
    for (const row of of('zcrypt / Reply codes')) {
      const word = `ReplyError.${nameOf(row, 'name')}`;
      const answering = [...sources.keys()].filter((file) => new RegExp(`\\b${word}\\b`).test(code(file).code));
      expect([word, sourcesIn(row.cells['answered by']!).toSorted()]).toEqual([word, answering.toSorted()]);
    }
  });

  test('functions of CCA are those that a card answers; RSA needs no key of the card and is done apart', () => {
    const present = [...CCA_FUNCTIONS.keys(), 'PK', 'PD'];
    expect(of('zcrypt / CCA functions').map((row) => nameOf(row, 'function'))).toEqual(present);
  });

  test('functions of EP11 are those that a card answers, by id and name', () => {
    const names = Object.entries({ ...Ep11FunctionId, GET_XCP_INFO }).map(([name, id]) => [String(id), name]);
    expect(of('zcrypt / EP11 functions').map((row) => [row.cells['function'], nameOf(row, 'name')])).toEqual(names);
    expect(new Set(names.map(([id]) => Number(id)))).toEqual(new Set(EP11_FUNCTIONS.keys()));
  });

  test('faults are those that can be injected', () => {
    expect(of('zcrypt / Faults').map((row) => nameOf(row, 'fault'))).toEqual(FAULT_KIND_NAMES);
  });
});

describe('response codes', () => {
  const table = of('Response codes');
  const usesCode = (file: string, name: string): boolean => code(file).code.includes(`Rc.${name}`) && usesWord(code(file), name);

  test('are those of the sources, by name and number', () => {
    const hex = (value: number): string => value.toString(16).toUpperCase().padStart(2, '0');
    expect(table.map((row) => [nameOf(row, 'name'), row.cells['code']])).toEqual(
      Object.entries(Rc).map(([name, value]) => [name, hex(value)]),
    );
  });

  test('are known to the files that answer them or act on them', () => {
    for (const row of table) {
      const [name, literal] = [nameOf(row, 'name'), `0x${row.cells['code']!.toLowerCase()}`];
      for (const file of [...sourcesIn(row.cells['answered by']!), ...sourcesIn(row.cells['acted on']!)])
        expect([file, name, usesCode(file, name) || code(file).code.includes(literal)]).toEqual([file, name, true]);
    }
  });

  test('are told of the queue of the machine, of AQIC and of the reset, wherever these know them', () => {
    for (const file of ['src/crypto-adapters/queue.ts', 'src/vfio-ap/aqic.ts', 'src/vfio-ap/reset.ts']) {
      const listed = table.filter(({ cells }) => sourcesIn(`${cells['answered by']!} ${cells['acted on']!}`).includes(file));
      expect(
        differences(
          listed.map((row) => nameOf(row, 'name')),
          Object.keys(Rc).filter((name) => usesCode(file, name)),
        ),
      ).toEqual([]);
    }
  });
});

describe('shared cases', () => {
  const IDS = [...SHARED_CASES.vfio, ...SHARED_CASES.bus];

  test('are as many as the list has', () => {
    expect([SHARED_CASES.vfio.length, SHARED_CASES.bus.length, new Set(IDS).size]).toEqual([90, 63, 153]);
  });

  test('have a test each with their id in its name', () => {
    expect(IDS.filter((id) => tests.withId(id).length === 0)).toEqual([]);
  });

  test('are not skipped', () => {
    const files = new Set(IDS.flatMap((id) => tests.withId(id)));
    expect(files.size).toBeGreaterThan(10);
    const skipped = /\b(?:test|it|describe)\s*\.\s*(?:skip|todo|fails|only|skipIf|runIf)\b/;
    expect([...files].filter((file) => skipped.test(tests.source(file).code))).toEqual([]);
  });
});

describe('canaries', () => {
  const document = [
    '## Things',
    '',
    '| name | mode | file | pinned by |',
    '|---|---|---|---|',
    '| `apmask` | 0644 | `src/a.ts` | vfio-A1, vfio-A2<br>`test/a.test.ts`: a name |',
    '### `/sys/x`',
    '| constant | pinned by |',
    '|---|---|',
    '| `Other.X` | sometimes |',
    '## More',
  ].join('\n');
  const made = new TestFiles(
    madeUp({
      'test/a.test.ts': "test('vfio-A1, vfio-A11: x', () => 1);\ntest('a name', f);\n// test('a comment', f)\nconst vfio = \"it's\";\n",
      'test/b.ts': "const only = 'vfio-A2';\n",
    }),
  );

  test('rows have their section, their line and their cells', () => {
    expect(rowsOf(document).map(({ section, line, cells }) => [section, line, Object.keys(cells)])).toEqual([
      ['Things', 5, ['name', 'mode', 'file', 'pinned by']],
      ['Things / /sys/x', 9, ['constant', 'pinned by']],
    ]);
  });

  test('a file, an id and a name that there is not are found', () => {
    expect(checkReferences(rowsOf(document), madeUp({}), made)).toEqual([
      'docs/coverage.md:5: there is no src/a.ts',
      'docs/coverage.md:5: no test has vfio-A2 in its name',
      "docs/coverage.md:9: expected the id of a case or a file with the name of a test, got 'sometimes'",
    ]);
    const renamed = document.replace('a name', 'another name').replace('sometimes', '`test/c.test.ts`: a name');
    expect(checkReferences(rowsOf(renamed), madeUp({ 'src/a.ts': '' }), made).slice(1)).toEqual([
      "docs/coverage.md:5: test/a.test.ts has no test 'another name'",
      'docs/coverage.md:9: there is no test/c.test.ts',
    ]);
  });

  test('a name counts as a whole text only, an id as a whole word in a text only', () => {
    expect(['a name', 'a nam', 'name', 'a comment', "it's", 'vfio'].map((title) => made.hasTitle('test/a.test.ts', title))).toEqual([
      ...[true, false, false, false, true, false],
    ]);
    expect(['vfio-A1', 'vfio-A11', 'vfio-A', 'vfio-A2'].map((id) => made.withId(id).length)).toEqual([1, 1, 0, 0]);
  });

  test('references are told apart', () => {
    expect(referencesIn('vfio-FL1, bus-A1<br>`test/a.test.ts`: a: b, c')).toEqual([
      ...[{ id: 'vfio-FL1' }, { id: 'bus-A1' }, { file: 'test/a.test.ts', title: 'a: b, c' }],
    ]);
    expect(referencesIn('')).toEqual([{ unclear: '' }]);
  });

  test('methods of an interface are found, and nothing else', () => {
    const text =
      'interface A {\n  readonly n: string;\n  run(task: Task, then: (x: number) => void): { stop(): void };\n  may?(): Promise<void>; }\ninterface B { other(): void }';
    expect(methodsOf(text, 'A')).toEqual(['A.run', 'A.may']);
    expect(methodsOf(text, 'B')).toEqual(['B.other']);
    expect(() => methodsOf(text, 'C')).toThrow('expected an interface C');
  });

  test('what is in one list only is told', () => {
    expect(differences(['a', 'b'], ['b', 'c'])).toEqual(['c is there, and in no table', 'a is in a table, and not there']);
  });
});
