/**
 * The commands of apemu: names, options, and where their code is. Loaded for every start, so it imports nothing heavy.
 */
import type { Command } from './command.ts';
import type { OptionSpec } from './options.ts';
import { BOUND, BUDGET, DURATION, FILE, LEVEL, NAME, QUIRK_LIST, SEED, STEPS, WORKERS } from './option-values.ts';

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
];

export const EXIT_CODES = [
  'Exit codes: 0 nothing found (or what the scenario expects), 1 something found, 2 bad input or usage,',
  '            3 undecided (a search cut short, a replay that took another course), 130 interrupted.',
];
