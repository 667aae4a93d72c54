/**
 * What is wrong with a design file is told with file, line and column, what was expected and what came; and everything at once where
 * one reading can tell.
 */
import { describe, expect, test } from 'vitest';
import { ScenarioError } from '../../../src/scenario/place.ts';
import { yamlDesign } from '../../../src/scenario/design/yaml-design.ts';

/** All complaints about the text, whether it could be read or not. */
function problems(text: string): string[] {
  try {
    return yamlDesign(text, 'mine.yaml').problems.map(({ message }) => message);
  } catch (error) {
    if (error instanceof ScenarioError) return [error.message];
    throw error;
  }
}

const on = (base: string, ...lines: readonly string[]): string => [`design: mine`, `base: ${base}`, ...lines].join('\n');
const attach = (...steps: readonly string[]): string => on('global-mutex', 'attach:', ...steps.map((step) => `  - ${step}`));
const intercept = (...steps: readonly string[]): string => on('global-mutex', 'intercept:', ...steps.map((step) => `  - ${step}`));
const LOCKED = '{ lock: matrix_dev->lock }';
const UNLOCKED = '{ unlock: matrix_dev->lock }';
const DECLARED = 'a lock that is declared (ap_attr_mutex, kvm->lock, pqap_hook_rwsem, matrix_dev->lock)';

test('a file that only names its base is a design', () => {
  expect(problems(on('guests-lock'))).toEqual([]);
});

describe('words', () => {
  test.each([
    [
      'an unknown step',
      attach('{ lokc: matrix_dev->lock }'),
      'mine.yaml:4:7: attach[0].lokc: expected one of the steps lock, trylock, unlock, downgrade, wait, read, write, call, hold, free, ' +
        'refuse, return, got "lokc"; did you mean "lock"?',
    ],
    [
      'two verbs in a step',
      attach('{ lock: kvm->lock, call: bind }'),
      'mine.yaml:4:24: attach[0].call: expected one verb a step, and lock is one already, got "call"',
    ],
    [
      'a step that is no step',
      attach('7'),
      /^mine\.yaml:4:5: attach\[0\]: expected a step: the name of a lock to take, or a map with one of lock, .*, got 7$/,
    ],
    [
      'an unknown call',
      attach('{ call: set-mask }'),
      /^mine\.yaml:4:13: attach\[0\]\.call: expected a step of the driver: check-other-user, .*, got set-mask; did you mean "set-masks"\?$/,
    ],
    [
      'an errno that there is not',
      attach(LOCKED, '{ call: check-other-user, else: EPREM }', UNLOCKED),
      /^mine\.yaml:5:37: attach\[1\]\.else: expected done, not-available or the name of an errno, like EBUSY.*, got EPREM$/,
    ],
    [
      'a line of code that is none',
      attach('{ lock: kvm->lock, at: somewhere }'),
      'mine.yaml:4:28: attach[0].at: expected a line of code, like drivers/s390/crypto/vfio_ap_ops.c:1234, got somewhere',
    ],
    [
      'an unknown entry',
      on('global-mutex', 'atach: []'),
      /^mine\.yaml:3:1: atach: expected one of the keys design, .*; did you mean "attach"\?$/,
    ],
    [
      'an unknown field',
      on('global-mutex', 'guards: { mdev.shaddow: [kvm->lock] }'),
      /^mine\.yaml:3:11: guards\.mdev\.shaddow: .*did you mean "mdev\.shadow"\?$/,
    ],
    [
      'an unknown kind of lock',
      on('global-mutex', 'locks: { a: { kind: spinlock } }'),
      /^mine\.yaml:3:21: locks\.a\.kind: expected a kind of lock: mutex, /,
    ],
    [
      'a base that there is not',
      on('guest-lock'),
      'mine.yaml:2:7: base: expected the name of a design that comes as a file (global-mutex, guests-lock), or a file: ./NAME.yaml, got ' +
        'guest-lock; did you mean "guests-lock"?',
    ],
    [
      'a base file that cannot be read',
      on('./nowhere.yaml'),
      /^nowhere\.yaml:1:1: \(document\): expected a readable design file, got ENOENT/,
    ],
    [
      'a base that is the file itself',
      on('./mine.yaml'),
      'mine.yaml:2:7: base: expected a base that is not based on this file, got ./mine.yaml',
    ],
  ])('%s', (_name, text, expected) => {
    expect(problems(text)).toEqual([expect.stringMatching(typeof expected === 'string' ? exactly(expected) : expected)]);
  });
});

const exactly = (text: string): RegExp => new RegExp(`^${text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);

describe('locks', () => {
  test.each([
    [
      'never declared',
      attach('{ lock: mutex_a }', '{ unlock: mutex_a }'),
      [
        `mine.yaml:4:13: attach[0].lock: expected ${DECLARED}, got mutex_a`,
        `mine.yaml:5:15: attach[1].unlock: expected ${DECLARED}, got mutex_a`,
      ],
    ],
    [
      'unlocked without lock',
      attach(LOCKED, '{ unlock: kvm->lock }', UNLOCKED),
      ['mine.yaml:5:15: attach[1].unlock: expected kvm->lock to be held on every way to here, got a way without it'],
    ],
    [
      'unlocked on one way only',
      attach(LOCKED, '{ call: check-other-user, else: [{ unlock: matrix_dev->lock }] }', UNLOCKED),
      ['mine.yaml:6:15: attach[2].unlock: expected matrix_dev->lock to be held on every way to here, got a way without it'],
    ],
    [
      'left held',
      attach(LOCKED),
      [
        'mine.yaml:4:5: attach[0]: expected matrix_dev->lock to be unlocked on every way to the end of attach, got a way that leaves it held',
      ],
    ],
    [
      'left held by a return',
      attach(LOCKED, '{ call: check-other-user, else: [{ return: EPERM }] }', UNLOCKED),
      [
        'mine.yaml:4:5: attach[0]: expected matrix_dev->lock to be unlocked on every way to the end of attach, got a way that leaves it held',
      ],
    ],
    [
      'a semaphore without a mode',
      intercept('pqap_hook_rwsem', '{ return: not-available }'),
      [/^mine\.yaml:4:5: .*mode: read or mode: write/, /left held|leaves it held/],
    ],
    [
      'a mutex with one',
      attach('{ lock: kvm->lock, mode: read }', '{ unlock: kvm->lock }'),
      ['mine.yaml:4:30: attach[0].mode: expected no mode, because kvm->lock is a mutex, got read'],
    ],
    [
      'a hook that is left to others without looking who they are',
      attach(
        '{ lock: pqap_hook_rwsem, mode: write }',
        '{ write: kvm.hook, value: withdrawn, unguarded: true }',
        '{ unlock: pqap_hook_rwsem }',
      ),
      ['mine.yaml:5:53: attach[1].unguarded: expected no unguarded: withdrawn looks at who else is there, got true'],
    ],
    [
      'tried although another room never does',
      attach('{ trylock: kvm->lock, else: EBUSY }', '{ unlock: kvm->lock }'),
      ['mine.yaml:4:16: attach[0].trylock: expected a lock that may be tried, got kvm->lock'],
    ],
    [
      'a wait for something that is no flag',
      attach('{ wait: kvm->lock }'),
      ['mine.yaml:4:13: attach[0].wait: expected a flag, got kvm->lock, which is a mutex'],
    ],
    [
      'a downgrade of a reader',
      intercept(
        '{ lock: pqap_hook_rwsem, mode: read }',
        '{ downgrade: pqap_hook_rwsem }',
        '{ unlock: pqap_hook_rwsem }',
        '{ return: not-available }',
      ),
      [/^mine\.yaml:5:18: .*expected a semaphore that is held for writing/],
    ],
    [
      'a dropped lock that is not held',
      on('global-mutex', 'locks: { busy: { kind: flag } }', 'attach: [{ wait: busy, drop: kvm->lock }]'),
      ['mine.yaml:4:30: attach[0].drop: expected kvm->lock to be held on every way to here, got a way without it'],
    ],
    [
      'a name that is taken',
      on('global-mutex', 'locks: { kvm->lock: { kind: mutex } }'),
      [/^mine\.yaml:3:21: .*expected a name that means nothing else/],
    ],
    [
      'an order with an unknown name',
      on('global-mutex', 'order: [[guests_lok, kvm->lock]]'),
      [/^mine\.yaml:3:10: order\[0\]\[0\]: expected a lock that is declared .*, got guests_lok/],
    ],
    [
      'a guard with an unknown name',
      on('global-mutex', 'guards: { mdev.kvm: [mdevs_lock] }'),
      [/^mine\.yaml:3:22: guards\.mdev\.kvm\[0\]: expected a lock that is declared/],
    ],
    [
      'a guard of the host that is no lock of it',
      on('global-mutex', 'guards: { host.info: [kvm->lock] }'),
      [/^mine\.yaml:3:23: .*expected a lock of the host/],
    ],
    [
      'a state lock that is none',
      on('global-mutex', 'stateLock: kvm->lock'),
      [/^mine\.yaml:3:12: stateLock: expected a mutex or semaphore of the host, or none, got kvm->lock$/],
    ],
  ] as const)('%s', (_name, text, expected) => {
    expect(problems(text)).toEqual(expected.map((one) => expect.stringMatching(typeof one === 'string' ? exactly(one) : one)));
  });

  test('one procedure may leave a lock held that another one gives back', () => {
    const flag = ['locks: { open: { kind: flag, of: mdev } }', 'attach: [{ lock: open }]'];
    expect(problems(on('global-mutex', ...flag, 'detach: [{ unlock: open }]'))).toEqual([]);
    expect(problems(on('global-mutex', ...flag))).toEqual([expect.stringMatching(/^mine\.yaml:4:10: .*expected open to be unlocked/)]);
  });
});

describe('steps in the wrong place', () => {
  test.each([
    [
      'a queue before it is looked up',
      intercept('{ call: aqic }'),
      /^mine\.yaml:4:5: intercept\[0\]: expected a queue: call: lookup or call: find-queue before/,
    ],
    [
      'an interception without its instruction',
      intercept('{ call: check-aiv, else: EOPNOTSUPP }'),
      /^mine\.yaml:4:3: intercept: expected call: aqic, or return/,
    ],
    [
      'a question without an answer',
      attach('{ call: check-other-user }'),
      /^mine\.yaml:4:5: .*expected else: what happens when the answer of check-other-user is no, got no else/,
    ],
    [
      'an answer without a question',
      attach('{ call: bind, else: EPERM }'),
      /^mine\.yaml:4:25: .*expected no else: bind is no question, got EPERM/,
    ],
    [
      'a call about an instruction in attach',
      attach('{ call: check-aiv, else: EPERM }'),
      /^mine\.yaml:4:13: .*expected a call that needs no intercepted instruction/,
    ],
    [
      'the other user before it is asked for',
      attach('{ write: kvm.hook, value: other }'),
      /^mine\.yaml:4:5: .*expected another user of the guest/,
    ],
    [
      'a refusal in a procedure',
      attach('{ refuse: EBUSY, when: [attached] }'),
      /^mine\.yaml:4:5: .*expected one of lock, .* in attach, got refuse/,
    ],
    [
      'a refusal of a look',
      on('global-mutex', 'inspect: [{ trylock: matrix_dev->lock, else: EBUSY }]'),
      /^mine\.yaml:3:46: .*expected a list of steps: nothing can be refused here, got EBUSY/,
    ],
    [
      'an errno of detach',
      on('global-mutex', 'detach: [{ read: mdev.kvm, else: EPERM }]'),
      /^mine\.yaml:3:34: .*expected done: nobody is told of a failure here/,
    ],
    [
      'a step behind a return',
      attach('{ return: EPERM }', '{ call: bind }'),
      /^mine\.yaml:5:5: .*expected no step behind a return, got call/,
    ],
    [
      'KVM_RUN left in attach',
      attach('{ unlock: vcpu->mutex }'),
      /^mine\.yaml:4:15: .*expected vcpu->mutex to be given back in intercept only/,
    ],
    [
      'KVM_RUN left with a lock',
      intercept(LOCKED, '{ unlock: vcpu->mutex }', UNLOCKED, '{ return: not-available }'),
      /^mine\.yaml:5:15: .*expected nothing else to be held when KVM_RUN is left, got matrix_dev->lock/,
    ],
    [
      'an errno when KVM_RUN has been left',
      intercept('{ unlock: vcpu->mutex }', '{ return: EOPNOTSUPP }'),
      /^mine\.yaml:5:15: .*expected not-available: KVM_RUN has been left/,
    ],
  ])('%s', (_name, text, expected) => {
    expect(problems(text)).toEqual([expect.stringMatching(expected)]);
  });
});

describe('what is missing', () => {
  test('is told entry by entry when there is no base', () => {
    const told = problems('design: mine\n');
    expect(told.map((text) => /^mine\.yaml:1:1: ([^:]+): expected /.exec(text)?.[1])).toEqual([
      ...['attach', 'detach', 'intercept', 'inUse', 'inspect', 'editList', 'hostChange'],
      ...['changes.assign', 'stateLock', 'guards.host.info'],
    ]);
    expect(told[7]).toBe(
      'mine.yaml:1:1: changes.assign: expected what is taken for assign, unassign, control-domain, request, remove, reset, set-irqs, dma-unmap, probe, unbind, or for other, or a base that has it, got nothing',
    );
  });

  test('is only what the file and its base both leave out', () => {
    expect(problems('design: mine\nbase: ./half.yaml\n')[0]).toMatch(/^half\.yaml:1:1/);
    expect(problems('{}')).toEqual([
      'mine.yaml:1:1: design: expected a name for the design (letters, digits, "_", "." and "-"), got nothing',
    ]);
  });

  test('all problems of a file are told, in its order', () => {
    const told = problems(on('global-mutex', 'order: [[a, b]]', 'attach: [{ lock: c }]', 'detach: [{ unlock: kvm->lock }]'));
    expect(told.map((text) => text.slice(0, text.indexOf(':', 13)))).toEqual([
      'mine.yaml:3:10',
      'mine.yaml:3:13',
      'mine.yaml:4:18',
      'mine.yaml:5:10',
      'mine.yaml:5:20',
    ]);
  });
});
