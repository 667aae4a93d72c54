/**
 * The mutants of the lock layer: each names a rule and the text that switches it off, in one file of src/locks. `tests` are the files that
 * are likely to notice and so run first; the others follow only when they do not.
 */

const lockdep = (name, find, put, tests = ['locks/lockdep', 'locks/nesting', 'locks/rule-corners']) => ({
  name,
  file: 'lockdep.ts',
  find,
  put,
  tests,
});
const graph = (name, find, put, tests = ['locks/lockdep', 'locks/order-closure', 'locks/rule-corners']) => ({
  name,
  file: 'dependency-graph.ts',
  find,
  put,
  tests,
});
const irq = (name, file, find, put) => ({ name: `irq: ${name}`, file, find, put, tests: ['locks/irq', 'locks/rule-corners'] });
const misuse = (name, file, find, put) => ({
  ...{ name: `misuse: ${name}`, file, find, put },
  tests: ['locks/lock-contract', 'locks/lock', 'locks/rw-locks', 'locks/spin-lock', 'locks/rule-corners'],
});
const waits = (name, file, find, put) => ({
  ...{ name: `waits: ${name}`, file, find, put },
  tests: ['locks/lock-contract', 'locks/waits', 'locks/rw-locks', 'locks/lock'],
});
const stuck = (name, file, find, put) => ({
  name: `stuck: ${name}`,
  file,
  find,
  put,
  tests: ['locks/deadlock', 'locks/hung-task', 'locks/rule-corners'],
});
const field = (name, find, put) => ({
  name: `field: ${name}`,
  file: 'guarded-field.ts',
  find,
  put,
  tests: ['locks/guarded-field', 'locks/work', 'locks/rule-corners'],
});
const stale = (name, find, put) => ({ name: `stale write: ${name}`, file: 'stale-write.ts', find, put, tests: ['locks/stale-write'] });
const order = (name, find, put) => ({
  ...{ name: `happens-before: ${name}`, file: 'happens-before.ts', find, put },
  tests: ['locks/happens-before', 'locks/race', 'locks/rule-corners'],
});
const life = (name, find, put) => ({ name: `lifetime: ${name}`, file: 'lifetime.ts', find, put, tests: ['locks/lifetime'] });
const group = (name, find, put) => ({ name: `group: ${name}`, file: 'invariant-group.ts', find, put, tests: ['locks/invariant-group'] });
const strict = (name, file, find, put) => ({
  ...{ name: `strict: ${name}`, file: `program/${file}.ts`, find, put },
  tests: ['locks-program/strict', 'locks-program/self-test', 'locks-program/designs', 'locks/rule-corners'],
});
const own = (name, file, find, put) => ({
  ...{ name: `own verdict: ${name}`, file: `program/${file}.ts`, find, put },
  tests: ['locks-program/self-test', 'locks-program/closure', 'locks-program/strict'],
});
const grade = (name, file, find, put) => ({
  name: `grade: ${name}`,
  file: `program/${file}.ts`,
  find,
  put,
  tests: ['locks-program/grade'],
});

const validator = [
  lockdep('same class: never reported', 'if (held.cls !== cls) continue;', 'if (held.cls !== null) continue;'),
  lockdep(
    'same class: recursive reads are reported',
    'if ((mode & 3) === RECURSIVE && (held.mode & 3) !== EXCLUSIVE) continue;\n      if (cls.order',
    'if (cls.order',
  ),
  lockdep(
    'same class: a recursive read inside a write passes',
    'if ((mode & 3) === RECURSIVE && (held.mode & 3) !== EXCLUSIVE) continue;\n      if (cls.order',
    'if ((mode & 3) === RECURSIVE) continue;\n      if (cls.order',
  ),
  lockdep('edges from the innermost lock only', 'for (const entry of entries) {', 'for (const entry of entries.slice(0, 1)) {'),
  lockdep('edges lead to a trylock', 'if (isTry(mode)) return node;', ''),
  lockdep(
    'no edges from a trylocked lock',
    '&& guard !== dropped) entries.push',
    '&& guard !== dropped && !isTry(guard.mode)) entries.push',
  ),
  lockdep('a nest lock orders nothing', 'if (nest !== undefined && isOutside(nest, held)) continue;', ''),
  lockdep(
    'a nest lock taken inside orders',
    'if (guard.lock === nest) return true;\n  return false;',
    'if (guard.lock === nest) return true;\n  return true;',
  ),
  lockdep('a nest lock need not be held', 'if (findHeld(task, nest) === null) {', 'if (findHeld(task, nest) === undefined) {'),
  lockdep('a comparator always agrees', 'if (cls.order !== null && cls.order(held.lock, lock ?? cls) < 0)', 'if (cls.order !== null)'),
  lockdep('a comparator is asked only once', 'nested && cls.order !== null)', 'false)'),
  lockdep('classes without validation are validated', 'if (!cls.validate) return node;', ''),
  lockdep(
    'a declared order is forgotten',
    'for (const pair of this.declared.due(cls)) this.declaredEdge(...pair);',
    'this.declared.due(cls);',
  ),
  lockdep('an order declared late is forgotten', 'for (const pair of this.declared.dueAll()) this.declaredEdge(...pair);', ''),
  lockdep('a lock dropped for a wait counts as held', 'if (dropped === null || !dropped.live) {', 'if (dropped !== undefined) {', [
    'locks/waits',
    'locks/lockdep',
  ]),
  lockdep('a lock that could not be dropped does not count', 'dropped === null || !dropped.live)', 'dropped === null)', [
    'locks/waits',
    'locks/rule-corners',
  ]),
  {
    ...{ name: 'a wait whose condition holds is not checked', file: 'wait-queue.ts', tests: ['locks/waits', 'locks/lockdep'] },
    find: 'this.map.dep?.checkWait(task, this.map.cls, EXCLUSIVE, options.drop ?? null);\n    this.ctx.rt.touch(this.map, Access.READ);',
    put: 'this.ctx.rt.touch(this.map, Access.READ);\n    if (!condition()) this.map.dep?.checkWait(task, this.map.cls, EXCLUSIVE, options.drop ?? null);',
  },
  {
    ...{ name: 'the chain is not rebased after a release from below', file: 'guard.ts', tests: ['locks/lockdep', 'locks/rule-corners'] },
    find: 'if (guard.after !== null) guard.after = guard.lock.dep!.rebase(guard.task, guard);',
    put: '',
  },
  {
    ...{ name: 'a subclass is its class', file: 'lock.ts', tests: ['locks/nesting', 'locks/lockdep'] },
    find: 'options.subclass === undefined ? this.cls : this.cls.subclass(options.subclass)',
    put: 'this.cls',
  },
  {
    ...{ name: 'work may start under what flushes it', file: 'lock-map.ts', tests: ['locks/work', 'locks/rule-corners'] },
    find: 'this.dep.check(task, this.cls, EXCLUSIVE, this)',
    put: 'this.dep.check(task, this.cls, EXCLUSIVE | TRY, this)',
  },
  graph('strong path: every step goes on', '|| (weak(step.kind) && shares(kind))) continue;', ') continue;'),
  graph(
    'strong path: every step closes it',
    'if (next.to === edge.from && !(weak(kind) && shares(first.kind)))',
    'if (next.to === edge.from)',
  ),
  graph('strong path: one state a class', 'const state = next.to.id * 2 + (weak(kind) ? 1 : 0);', 'const state = next.to.id * 2;'),
  graph(
    'an edge has one kind',
    'return known === undefined ? edge : null;',
    'return known === undefined && edge.kinds.filter(Boolean).length === 1 ? edge : null;',
  ),
  graph(
    'what was seen does not replace what was declared',
    "|| (known.origin === 'declared' && context.origin === 'observed')) edge",
    ') edge',
  ),
  graph(
    'sightings with other held sets are not kept',
    '&& !edge.contexts.some((other) => sameSets(other, context))',
    '&& edge.contexts.length === 0',
  ),
];

const interrupts = [
  irq('interrupts are never disabled', 'irq-usage.ts', 'if (!state.enabled[irq] || !note(', 'if (!note('),
  irq('a trylock in a handler counts', 'irq-usage.ts', 'inside !== null && !isTry(site.mode) && note(', 'inside !== null && note('),
  irq('a wait counts as held', 'irq-usage.ts', 'if ((site.mode & WAIT) === 0) pairs', 'pairs'),
  irq('soft ones run with hard ones off', 'irq-usage.ts', 'softirq: !off.hardirq && !off.softirq', 'softirq: !off.softirq'),
  irq('what was interrupted is held', 'lockdep.ts', "if (context === 'hardirq' || context === 'softirq') break;", ''),
  irq('locks outlive their section unseen', 'irq-section.ts', 'if (locksAbove) this.dep?.contextLeft(guard.task);', ''),
  irq('readers stop each other', 'lockdep.ts', 'if ((held.mode & 3) !== EXCLUSIVE && (taken.mode & 3) === RECURSIVE) return;', ''),
  irq(
    'a fair reader does not stop another',
    'lockdep.ts',
    '&& (taken.mode & 3) === RECURSIVE) return;',
    '&& (taken.mode & 3) !== EXCLUSIVE) return;',
  ),
  irq('locks that sleep are taken anywhere', 'lockdep.ts', 'if (!cls.spin) this.mightSleep(', 'if (cls === null) this.mightSleep('),
];

const misuses = [
  misuse('double release', 'guard.ts', 'if (this.live && this.pins', 'if (!this.live) return;\n    if (this.pins'),
  misuse('release by another task', 'guard.ts', 'this.pins === null && by === this.task) this', 'this.pins === null) this'),
  misuse(
    'release of a pinned lock',
    'guard.ts',
    '(this.pins ??= new Set()).add(pin);',
    '(this.pins ??= new Set()).add(pin);\n    this.pins = null;',
  ),
  misuse('a pin taken off twice', 'guard.ts', "this.lock.refuse?.(this, 'unpin');", 'return;'),
  misuse('release in the wrong mode', 'shared-lock.ts', 'if (reads === (mode !== EXCLUSIVE)) guard', 'if (reads !== undefined) guard'),
  misuse('release of what is not held', 'lock.ts', '// Its own last release may still be on its way to the others.', 'return null;'),
  misuse('end with a lock held', 'lock-layer.ts', 'if (task.held === null) return;', 'if (task.held !== undefined) return;'),
  misuse(
    'free while held',
    'lock.ts',
    'if (holders.length === 0 && waiters.length === 0) return true;',
    'if (holders.length >= 0) return true;',
  ),
  misuse(
    'free while waited for',
    'lock.ts',
    'if (holders.length === 0 && waiters.length === 0) return true;',
    'if (holders.length === 0) return true;',
  ),
  misuse(
    'a held lock changes its class',
    'lock.ts',
    "if (this.mustBeUnused(by, 'initialised-while-held', 'initialises')) this",
    "this.mustBeUnused(by, 'initialised-while-held', 'initialises');\n    this",
  ),
  misuse('downgrade of a reader', 'shared-lock.ts', '!guard.live || (guard.mode & 3) !== EXCLUSIVE) {', '!guard.live) {'),
  misuse('sleep with a spin lock, controlled', 'spin-lock.ts', 'op !== undefined && SLEEPS.has(op)', 'op === null'),
  misuse('sleep with a spin lock, live', 'spin-lock.ts', 'if (this.owner !== null) this.slept', 'if (this.owner === undefined) this.slept'),
];

const waiting = [
  waits('a waiter whose time is up stays in the queue', 'queued-lock.ts', 'if (!this.queue.remove(waiter)) return;', ''),
  waits('a waiter that leaves lets nobody in', 'queued-lock.ts', 'this.grant();\n    waiter.seat!', 'waiter.seat!'),
  waits('a signal ends no live wait', 'queued-lock.ts', 'if (options.interruptible === true) waitInterruptibly(task, leave);', ''),
  waits('a signal ends no controlled wait', 'queued-lock.ts', ' || ((task.arg as Limited).interruptible && signalPending(task))', ''),
  waits('a pending signal is not looked at first', 'queued-lock.ts', 'if (interruptible && signalPending(task)) return null;', ''),
  waits(
    'a wait queue hears no signal',
    'wait-queue.ts',
    'if (interruptible === true) waitInterruptibly(',
    'if (interruptible === null) waitInterruptibly(',
  ),
  waits(
    'live: a reader overtakes a writer',
    'rw-semaphore.ts',
    'return this.queue.length === 0 ||',
    'return reads(mode) || this.queue.length === 0 ||',
  ),
  waits(
    'controlled: a reader overtakes a writer',
    'rw-semaphore.ts',
    'return first === null ||',
    'return reads(task.mode) || first === null ||',
  ),
  waits('a downgrade lets nobody in', 'shared-lock.ts', 'this.readers.push(task);\n      this.afterFree();', 'this.readers.push(task);'),
  waits('a downgrade is a release', 'shared-lock.ts', 'this.writer = null;\n      this.readers.push(task);', 'this.writer = null;'),
  waits(
    'readers that a writer stops in others',
    'reader-preferring-lock.ts',
    '|| this.readers.length === 0);',
    '|| this.readers.length >= 0);',
  ),
  waits('a dropped lock is not taken again', 'wait-queue.ts', 'if (drop !== undefined && !drop.live) await', 'if (drop === null) await'),
];

const standstill = [
  stuck('no look when a task blocks', 'lock-context.ts', 'if (!this.waitFor) return;', 'if (this.rt !== null) return;'),
  stuck(
    'a timed wait closes a cycle',
    'wait-for.ts',
    'if (next === null || task.due !== Number.POSITIVE_INFINITY) return false;',
    'if (next === null) return false;',
  ),
  stuck(
    'a queued writer blocks nobody',
    'rw-semaphore.ts',
    'waiter !== null && waiter.task !== task; waiter',
    'waiter === undefined; waiter',
  ),
  stuck(
    'only the first reader blocks a writer',
    'rw-semaphore.ts',
    'if (!reader) for (const other of this.readers)',
    'if (!reader) for (const other of this.readers.slice(0, 1))',
  ),
  stuck('a run goes on while anybody waits', 'wait-for.ts', 'return holders === 0 || !stuck;', 'return holders >= 0;'),
  stuck('a wait without a holder is for ever', 'wait-for.ts', 'return holders === 0 || !stuck;', 'return holders > 0 && !stuck;'),
  stuck('the watchdog has no limit', 'hung-task.ts', '.filter(({ since }) => now - since >= this.limitMs)', ''),
  stuck('the watchdog never barks', 'hung-task.ts', 'now - since >= this.limitMs));', 'now - since === null));'),
  stuck('an idle wait is hung', 'hung-task.ts', 'found !== undefined && !found.idle', 'found !== undefined'),
  stuck('a daemon that waits is hung', 'hung-task.ts', 'if (task.daemon || task.due', 'if (task.due'),
  stuck('a deadlock is told twice', 'hung-task.ts', '&& !this.isKnownDeadlock(chain)', ''),
  stuck('one vain attempt is a livelock', 'hung-task.ts', 'series.count >= this.attempts && ', ''),
  stuck('a livelock need not last', 'hung-task.ts', 'now - series.since >= this.limitMs && ', ''),
  stuck('success ends no vain series', 'lock-context.ts', 'if (task.wants !== null) endSeries(task, what);', ''),
];

const state = [
  field(
    'a read needs every guard',
    'for (const guard of rule) if (guard.heldBy(task)) return true;',
    'if (rule.every((guard) => guard.heldBy(task))) return true;',
  ),
  field('a read needs no guard', 'for (const guard of rule) if (guard.heldBy(task)) return true;', 'if (rule !== null) return true;'),
  field(
    'a write needs one guard of several',
    'for (const guard of rule) if (!guard.heldExclusivelyBy(task)) return false;\n    return true;',
    'return rule.some((guard) => guard.heldExclusivelyBy(task));',
  ),
  field(
    'a write needs a guard for read only',
    'if (!guard.heldExclusivelyBy(task)) return false;',
    'if (!guard.heldBy(task)) return false;',
  ),
  field('a change in place is not checked', 'modify(task: Task): T {\n    this.checkWrite(task);', 'modify(task: Task): T {'),
  field(
    'work reads on its own',
    'return task.work !== null && delegated(task, (owner) => rule',
    'return task.work === undefined && delegated(task, (owner) => rule',
  ),
  field('work writes on its own', '|| (task.work !== null && delegated(', '|| (task.work === undefined && delegated('),
  field('the same value is a change', '!Object.is(this.value, value)', 'value === value'),
  stale('a lost update is not seen', 'if (memory.versions[place] !== field.version) this', 'if (memory.versions[place] === null) this'),
  stale('a change in place is from an old read', 'if (memory !== null && memory.fields[place] === field) memory.fields[place] = null;', ''),
  stale('work surprises who waits for it', 'if (task.work === null) return;', 'if (task.work !== undefined) return;'),
  stale('latent: one segment is many', 'if (read.segment === this.segment) return false;', ''),
  stale('latent: a lock held throughout helps not', 'return !stillInside(read.section);', 'return true;'),
  order(
    'a reader learns of readers',
    'learn(excludesAll(mode) ? channel.exclusive : channel.shared, clock.times);',
    'learn(channel.exclusive, clock.times);',
  ),
  order('a writer learns nothing of readers', 'if (excludesAll(mode)) learn(clock.times, channel.shared);', ''),
  order('a release teaches what follows it', 'clock.times);\n    this.tick(clock);', 'clock.times);'),
  order('an acquisition teaches nothing', 'learn(clock.times, channel.exclusive);\n    if', 'if'),
  order('a wake-up teaches nothing', 'if (channel !== undefined) learn(this.clockOf(task).times, channel.exclusive);', ''),
  order('a spawned task knows nothing', 'this.newClock([...(clock?.times ?? this.latest)])', 'this.newClock([])'),
  order('a join teaches nothing', 'this.clockOf(task).joining.push(other);', ''),
  order('the hardware teaches nothing', 'learn(this.clockOf(task).times, this.latest);', ''),
  {
    ...{ name: 'lockset: two readers are kept apart', file: 'lockset.ts', tests: ['locks/race', 'locks/happens-before'] },
    find: 'mine.lock === theirs.lock && (mine.exclusive || theirs.exclusive)',
    put: 'mine.lock === theirs.lock',
  },
  life('a use after free is not seen', 'if (this.over !== null) this.report(this.over, task, what);', ''),
  life('a second free is not seen', "this.use(by, 'freed again');", ''),
  life('what can be reached leaks', 'filter((lifetime) => !found.has(lifetime))', 'filter(() => found !== null)'),
  life('a freed object leaks', 'this.all.end(this);', ''),
  group('a member read again mixes', '(view.current & bit) === 0 ? view.current : 0', 'view.current & ~bit'),
  group('its own change surprises a task', 'this.follow(task, before, bit);', ''),
  group('work surprises who waits for it', 'this.follow(owner, before, 0);', 'continue;'),
  group('judged inside the section', 'if (stillInside(section)) return;', ''),
  group('what a task leaves is not judged', 'if (view.outdated !== 0) this.judge(task, view);\n    view', 'view'),
  group('without a lock nobody judges', 'if (view.change === meeting && view.outdated !== 0) this.judge(task, view);', ''),
];

const programs = [
  strict('edges from all held locks', 'strict', 'if (!isTry(prev.mode)) return;', ''),
  strict('edges from the nearest lock only', 'strict', 'if (!isTry(prev.mode)) return;', 'return;'),
  strict('only_xr is forgotten', 'strict-graph', 'at.parent.onlyR ? at.kinds & ~(SR | SN) : at.kinds', 'at.kinds'),
  strict('only_xr is not told to the next step', 'strict-graph', 'at.onlyR = (kinds & (SN | EN)) === 0;', 'at.onlyR = false;'),
  strict(
    'one visit: only those that get through count',
    'strict-graph',
    'if (kinds === 0) continue;',
    'if (kinds === 0) {\n          seen.delete(at.cls);\n          continue;\n        }',
  ),
  strict('the end of a path is not looked at', 'strict-graph', '(excludesAll(prev.mode) || !at.onlyR)', 'at !== null'),
  strict('an edge has its first kind only', 'strict-graph', 'known.kinds |= kinds;', ''),
  strict('a trylock is validated', 'strict', 'if (!isTry(mode) && !chain.validated) {', 'if (!chain.validated) {'),
  strict('a chain is validated each time', 'strict', 'if (!isTry(mode) && !chain.validated) {', 'if (!isTry(mode)) {'),
  strict('a nest lock orders nothing', 'strict', 'if (nest) return true;', ''),
  strict(
    'check order: same class after the paths',
    'strict',
    'if (this.serialised(stack, request)) return;\n    const { entries } = stack;',
    'const { entries } = stack;',
  ),
  strict(
    'check order: nest lock after validation',
    'strict',
    'if (nestLock !== null && !this.isHeld(stack, nestLock)) {',
    'if (nestLock !== null && chain.validated && !this.isHeld(stack, nestLock)) {',
  ),
  strict('one more lock fits', 'strict', 'const MAX_DEPTH = 48;', 'const MAX_DEPTH = 49;'),
  strict('what was above is not taken again', 'strict', 'this.takeAgain(stack, above.slice(1));', 'stack.entries.push(...above.slice(1));'),
  own(
    'edges from the nearest lock only',
    'judge',
    'for (const prev of held) if (prev.cls',
    'for (const prev of held.slice(-1)) if (prev.cls',
  ),
  own(
    'a weak arrival hides a strong one',
    'class-graph',
    'const state = step.to * 2 + (weak(step) ? 1 : 0);',
    'const state = step.to * 2;',
  ),
  own('a weak step goes on shared', 'class-graph', 'if (weak(at.step) && shares(step)) continue;', ''),
  own('a weak step closes shared', 'class-graph', 'if (!(weak(step) && shares(first))) return', 'if (first !== null) return'),
  own('a trylock closes a cycle', 'judge', 'if (isTry(mode) || this.serialised', 'if (this.serialised'),
  own('a nest lock orders nothing', 'judge', 'if (nest) return true;', ''),
  own('one report for each repetition', 'judge', 'if (this.keys.has(key)) return;', ''),
  grade('the locks that keep tasks apart are not named', 'blocking', 'found.add(guard);', 'void guard;'),
  grade('a section has tasks without end', 'grade', '.length < section.tasks', '.length >= 0'),
  grade(
    'readers stop readers without a writer',
    'blocking',
    'links.push({ to, needsWriter: true });',
    'links.push({ to, needsWriter: false });',
  ),
  grade('every point can be met', 'reach', 'if (done || this.seen.size', 'if (at !== null || done || this.seen.size'),
];

export const mutants = [...validator, ...interrupts, ...misuses, ...waiting, ...standstill, ...state, ...programs];
