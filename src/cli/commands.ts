/**
 * The commands of apemu: names, options, and where their code is. Loaded for every start, so it imports nothing heavy.
 */
import type { Command } from './command.ts';
import type { OptionSpec } from './options.ts';
import {
  BOUND,
  BUDGET,
  CPUS,
  DIRECTORY,
  DURATION,
  FILE,
  INSTRUCTIONS,
  LEVEL,
  MEMORY,
  NAME,
  QUIRK_LIST,
  SEED,
  STEPS,
  WORKERS,
} from './option-values.ts';

export const HELP: OptionSpec = { name: 'help', help: 'show this text' };

const QUIRKS: OptionSpec = {
  name: 'quirks',
  value: QUIRK_LIST,
  help: "known defects to switch on instead of the scenario's: Q2,Q3 or none",
};

const COMMON: readonly OptionSpec[] = [
  { name: 'design', value: NAME, help: "run under this locking design instead of the scenario's" },
  QUIRKS,
  { name: 'seed', value: SEED, help: 'seed of every random decision (default: a fresh one, shown in the report)' },
  { name: 'json', help: 'print the report as JSON' },
  { name: 'save', value: FILE, help: 'keep the report as JSON in FILE' },
  { name: 'events', value: FILE, help: 'write the event log to FILE, one JSON object a line' },
  { name: 'proc', value: FILE, help: 'write what was learnt about locks to FILE: classes, chains, lock_stat' },
  { name: 'quiet', help: 'show no progress' },
  { name: 'log-level', value: LEVEL, help: 'kernel log of host and guests: silent, error, warn, info, debug (to stderr)' },
  { name: 'log-file', value: FILE, help: 'append the kernel log to FILE (default level: info)' },
  HELP,
];

const SCENARIO = '[SCENARIO]';
const OUTPUT: OptionSpec = { name: 'output', short: 'o', value: FILE, help: 'write it to FILE instead of stdout' };

const SESSION_NAME: OptionSpec = {
  name: 'session',
  value: NAME,
  help: 'which session (default: the one in APEMU_SESSION, or the only one)',
};
const SESSION: readonly OptionSpec[] = [
  { name: 'session', value: NAME, help: 'name for apemu status and apemu event (default: mount- or shell- and the process id)' },
  { name: 'endless', help: 'let guests work until the end, whatever their workloads say' },
];

export const COMMANDS: readonly Command[] = [
  {
    name: 'run',
    summary: 'build the host of a scenario, run its guests and events, report',
    positionals: [SCENARIO],
    options: [{ name: 'for', value: DURATION, help: 'stop the workloads after TIME (30s, 500ms, 2m); that is no error' }, ...COMMON],
    details: ['Without SCENARIO: the three-guest example that comes with apemu.'],
    load: async () => (await import('./run.ts')).run,
  },
  {
    name: 'stress',
    summary: 'random churn of every verb over a scenario, all checks on',
    positionals: [SCENARIO],
    options: [
      { name: 'for', value: DURATION, help: 'how long (default: 30s); with --controlled: so much pausing of the churn' },
      { name: 'controlled', help: 'one task at a time on virtual time: the same seed gives the same run' },
      { name: 'steps', value: STEPS, help: 'end after N steps; with --controlled (default: 100000)' },
      ...COMMON,
    ],
    details: ['Without SCENARIO: the three-guest example that comes with apemu.'],
    load: async () => (await import('./stress.ts')).stress,
  },
  {
    name: 'explore',
    summary: 'schedules of a scenario, until one fails, the budget ends, or all are done',
    positionals: ['SCENARIO'],
    options: [
      { name: 'design', value: NAME, help: "explore under this locking design instead of the scenario's" },
      {
        name: 'strategy',
        value: NAME,
        help: 'portfolio (default), random, pos, urw, surw, pctN, greybox, preemption[N], delay[N], dfs, dpor',
      },
      { name: 'budget', value: BUDGET, help: 'how much: a time (10s) or a number of schedules (default: 10s)' },
      { name: 'exhaustive', help: 'until every trace was explored (strategy dpor); without a limit unless --budget is given' },
      { name: 'bound', value: BOUND, help: 'preemptions or delays in a schedule at most, for strategies that count them' },
      { name: 'workers', value: WORKERS, help: 'threads that explore at the same time (default: 1)' },
      { name: 'seed', value: SEED, help: 'seed of every random decision (default: a fresh one, shown in the report)' },
      QUIRKS,
      { name: 'all', help: 'go on after a finding, and collect one of each kind' },
      { name: 'strict', help: "Linux lockdep's view only: it knows nothing of waits that are made by hand" },
      { name: 'shrink', help: 'leave out of the scenario what the first finding does not need, and print what is left' },
      {
        name: 'save',
        value: FILE,
        help: 'keep the schedule of the first finding in FILE, for apemu replay; the smaller scenario with --shrink',
      },
      { name: 'json', help: 'print the result as JSON' },
      { name: 'quiet', help: 'show no progress' },
      HELP,
    ],
    details: [
      'One schedule is the host booted, then the vCPUs with a workload and the tasks of the events until all have ended, then',
      'every guest detached and what is left counted. After a broken lock order it goes on to find the deadlock.',
    ],
    load: async () => (await import('./explore.ts')).explore,
  },
  {
    name: 'replay',
    summary: 'the schedule of a token or file once more, in the same order, with its report',
    positionals: ['TOKEN|FILE'],
    options: [
      { name: 'until', value: STEPS, help: 'stop after N steps and show the state: tasks, what each holds and waits for' },
      { name: 'lenient', help: 'after a change of the code: follow what is left of the recorded steps; needs a file' },
      { name: 'json', help: 'print the result as JSON' },
      HELP,
    ],
    details: ['TOKEN is what explore prints under a finding; it names the scenario file. FILE was written by explore --save.'],
    load: async () => (await import('./replay.ts')).replay,
  },
  {
    name: 'guest',
    summary: 'run an s390x program in a guest: bare metal, with AP instructions',
    positionals: ['[FILE.elf]', '[SCENARIO]'],
    options: [
      { name: 'program', value: NAME, help: "run a program of apemu's own instead of FILE.elf" },
      { name: 'list', help: "show the programs of apemu's own" },
      { name: 'cpus', value: CPUS, help: "CPUs of the guest instead of the scenario's; the first one starts, the others by SIGP" },
      { name: 'mem', value: MEMORY, help: 'storage of the guest: 1M to 1G (default: 64M)' },
      {
        name: 'max-instructions',
        value: INSTRUCTIONS,
        help: 'end the program after N instructions, with exit code 3 (default: 1000000000)',
      },
      { name: 'trace', value: FILE, help: 'write a line about each instruction to FILE: disassembled, with the registers it changed' },
      { name: 'guest', value: NAME, help: 'the guest of SCENARIO that runs it (default: the first one without a workload)' },
      { name: 'design', value: NAME, help: "run under this locking design instead of the scenario's" },
      QUIRKS,
      { name: 'controlled', help: 'one task at a time on virtual time: the same seed gives the same run' },
      { name: 'seed', value: SEED, help: 'seed of every random decision (default: a fresh one, shown in the report)' },
      { name: 'json', help: 'print the report as JSON, the console of the program in it' },
      HELP,
    ],
    details: [
      'FILE.elf: a static ELF64 executable for s390x. What it prints goes to stdout, the report to stderr. Without SCENARIO:',
      'a host with a CCA coprocessor and an accelerator, two domains each, all of it given to the guest. The program passes by',
      'the line EXIT: STATUS=1 (3: failures, 77: skipped) before it stops its CPU; without that line by stopping its CPU.',
    ],
    load: async () => (await import('./guest.ts')).guest,
  },
  {
    name: 'design',
    summary: 'check a locking design in a file of your own, without running anything',
    positionals: ['check', 'FILE'],
    options: [{ name: 'json', help: 'print the result as JSON' }, HELP],
    details: [
      'FILE is a design in YAML (docs/your-own-design.md) or a TypeScript module that exports one by default. Every problem is',
      'told with file, line and column. Whether a design deadlocks is for apemu explore to say.',
    ],
    load: async () => (await import('./design.ts')).design,
  },
  {
    name: 'designs',
    summary: 'every locking design against every scenario of the history of vfio_ap: a table',
    positionals: [],
    options: [
      { name: 'design', value: NAME, many: true, help: 'only this locking design; may be given again (default: all)' },
      { name: 'scenario', value: NAME, many: true, help: 'only this one, by name or as a file; may be given again (default: all)' },
      {
        name: 'budget',
        value: BUDGET,
        help: 'for a cell where nothing is expected; ten times as much for others (default: 300 schedules)',
      },
      { name: 'workers', value: WORKERS, help: 'threads that explore at the same time (default: as many as the machine has, at most 8)' },
      { name: 'seed', value: SEED, help: 'seed of every random decision (default: 1)' },
      { name: 'cost', help: 'also what each design costs a guest: how long AQIC and KVM wait' },
      { name: 'json', help: 'print the cells as JSON, with --cost in an object with the costs' },
      { name: 'quiet', help: 'show no progress' },
      HELP,
    ],
    details: ['A cell ends as soon as every kind of finding was found that its scenario expects of its design.'],
    load: async () => (await import('./designs.ts')).designs,
  },
  {
    name: 'quirks',
    summary: 'the known defects of vfio_ap that can be switched on, and how to see each of them',
    positionals: ['[LIST]'],
    options: [{ name: 'json', help: 'print the list as JSON' }, HELP],
    details: ['LIST: only these, like Q2,Q3. A scenario switches them on, or --quirks of run, stress and explore.'],
    load: async () => (await import('./quirks.ts')).quirks,
  },
  {
    name: 'locks',
    summary: 'judge lock programs: lists of lock operations, without running anything',
    positionals: ['check', 'FILE'],
    options: [
      { name: 'strict', help: "Linux lockdep's own verdict: stops where it stops, silent where it is silent" },
      { name: 'json', help: 'print the verdicts as JSON' },
      HELP,
    ],
    details: [
      'FILE holds JSON: one program {name, ops: [{task, op, lock, cls, subclass?, nestLock?}]}, or a list of them.',
      'op is one of lock, unlock, rlock, rlockRecursive, trylock, tryrlock, tryrlockRecursive, downgrade, syncWait,',
      'lockThenUnlock, taskExit and init. FILE may also be a log with lockdep or hung-task reports, which are redrawn and',
      'graded, or a trace of the events lock:lock_acquire and lock:lock_release as text.',
    ],
    load: async () => (await import('./locks.ts')).locks,
  },
  {
    name: 'mount',
    summary: 'keep the host of a scenario up, with its /sys mounted at a directory',
    positionals: ['DIR', SCENARIO],
    options: [
      { name: 'allow-other', help: 'let other users in, too (default: whoever mounts it)' },
      { name: 'dev', value: DIRECTORY, help: 'mount z90crypt and the other device nodes at this empty directory' },
      { name: 'for', value: DURATION, help: 'end after TIME (default: at Ctrl-C, SIGTERM or umount)' },
      ...SESSION,
      ...COMMON,
    ],
    details: [
      'Without SCENARIO: a small host with two cards and one mdev. Point SYSFS_ROOT at DIR for lszcrypt and chzcrypt; apemu',
      'status and apemu event talk to the host. The report of apemu run comes in the end.',
    ],
    load: async () => (await import('./mount.ts')).mount,
  },
  {
    name: 'shell',
    summary: 'run a command that sees the host of a scenario as its /sys',
    positionals: [SCENARIO],
    passesOn: 'CMD ARGS...',
    options: [
      { name: 'dev', help: 'give it a /dev with z90crypt and the other device nodes of zcrypt' },
      ...SESSION,
      ...COMMON.filter(({ name }) => name !== 'json'),
    ],
    details: [
      'CMD (default: $SHELL) runs in a mount namespace of its own: /sys shows the AP bus, vfio_ap and mdevs of the host, all',
      'the rest of /sys is read-only, /etc/mdevctl.d is private and empty. UUID is that of the first mdev, MDEV_name that of',
      'mdev name. Needs root or user namespaces. The host ends with CMD: what CMD leaves running loses its /sys. The exit code',
      'is that of CMD, or 1 if CMD gave 0 and something was found.',
    ],
    load: async () => (await import('./shell.ts')).shell,
  },
  {
    name: 'status',
    summary: 'the state of a host that apemu mount or shell keeps up',
    positionals: [],
    options: [SESSION_NAME, { name: 'json', help: 'print the state as JSON' }, HELP],
    details: ['Guests, mdevs, queues and drivers, findings so far, and who holds or waits for which lock.'],
    load: async () => (await import('./status.ts')).status,
  },
  {
    name: 'event',
    summary: 'do to such a host what an event of a scenario does',
    positionals: ['EVENT...'],
    options: [SESSION_NAME, { name: 'json', help: 'print what came of it as JSON' }, HELP],
    details: [
      `EVENT is written as in a scenario ('{ do: unbind, queue: "05.0004" }') or as words: 'write PATH VALUE', 'read PATH',`,
      "'attach guest1', 'unbind 05.0004', 'bind 05.0004 vfio_ap', 'checkstop 5 on', 'host-config unplug=5,6', 'fault mute",
      "05.0004 for=2s', with expect=EBUSY behind it where a refusal is right. Exit code 1: an errno, or something else than",
      'what was expected.',
    ],
    load: async () => (await import('./event.ts')).event,
  },
  {
    name: 'import',
    summary: 'make a scenario of the topology in files of other programs',
    positionals: ['FILE...'],
    options: [
      { name: 'format', value: NAME, help: 'format of all files instead of the one that their content shows' },
      { name: 'base', value: FILE, help: 'a scenario that the files join: they have to agree with it' },
      { name: 'partition', value: NAME, many: true, help: 'of a DPM export: only this one; may be given again (default: all with crypto)' },
      { name: 'variant', value: NAME, many: true, help: 'of a test configuration: only this one; may be given again (default: all of AP)' },
      OUTPUT,
      HELP,
    ],
    details: [
      'Formats: mdevctl (a definition, or list --dumpjson), libvirt (XML of node devices, domains, host devices), cex-plugin',
      '(cryptoconfigsets or its ConfigMap), dpm (export of the HMC), lszcrypt (its table), chzdev (calls, export, udev rule),',
      'ep11tok (APQN_ALLOWLIST), tp-libvirt (steps of passthrough_robustness.cfg), sysfs (a folder with a copy of /sys),',
      'scenario. Several files become one scenario; where they contradict each other, both places are told. What a scenario',
      'cannot express is refused with file, line and column; what no file says is assumed, and a comment tells so.',
    ],
    load: async () => (await import('./import.ts')).importCommand,
  },
  {
    name: 'export',
    summary: 'show the host of a scenario, booted, in the format of another program',
    positionals: [SCENARIO],
    options: [{ name: 'format', value: NAME, help: 'scenario, sysfs, mdevctl, lszcrypt or lszcrypt-2.16' }, OUTPUT, HELP],
    details: [
      'scenario: its normal form. sysfs: a folder (-o) with attributes, modes, links. mdevctl: list --dumpjson. lszcrypt: the',
      'table of lszcrypt -V as version 2.43 prints it, lszcrypt-2.16 as 2.16 does. apemu import reads each of them again. Then',
      'missing are, of sysfs: workloads, events, names, quirks, the design, guests but for mdevs with queues in use, cards',
      'without a domain; of mdevctl: whatever is no mdev; of lszcrypt: mdevs, guests, control domains, cards without a domain,',
      'and of the masks all but who has which queue.',
    ],
    load: async () => (await import('./export.ts')).exportCommand,
  },
];

export const EXIT_CODES = [
  'Exit codes: 0 nothing found (or what the scenario expects), 1 something found, 2 bad input or usage,',
  '            3 undecided (a search cut short, a replay that took another course), 130 interrupted.',
];
