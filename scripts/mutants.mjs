/**
 * Mutation check of the lock layer: switches off one rule at a time in a copy of the tree and expects a test to notice. A mutant that no
 * test notices is a rule that nobody would miss: then this fails, as it does for a text that has moved, so that the list cannot go stale.
 * Words on the command line choose the mutants whose names contain one of them.
 */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mutants } from './lock-mutants.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const ALL = ['test/locks', 'test/contract', 'test/locks-program', 'test/property'];
const COPIED = ['bin', 'docs', 'scenarios', 'schema', 'scripts', 'src', 'test', 'package.json', 'tsconfig.json', 'vitest.config.ts'];
/** A mutant may turn a wait into one for ever; the whole selection takes a fraction of this. */
const LIMIT_MS = 150_000;
/** A test that is likely to notice takes seconds, unless the mutant keeps it waiting. */
const HINTED_TEST_MS = 30_000;

function copyTree() {
  const copy = mkdtempSync(join(tmpdir(), 'apemu-mutants-'));
  for (const name of COPIED) if (existsSync(join(root, name))) cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'dir');
  return copy;
}

/** Ends the runner with its workers: a worker in an endless loop hears nothing else. */
function endGroup(child) {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

let running = null;

/** Answers the exit status, null when the limit came first. */
function vitest(copy, tests, options) {
  const args = [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...tests, '--bail', '1', ...options];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: copy, detached: true, stdio: 'ignore' });
    running = child;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      endGroup(child);
    }, LIMIT_MS);
    child.on('error', reject);
    child.on('exit', (status) => {
      clearTimeout(timer);
      running = null;
      resolve(late ? null : status);
    });
  });
}

/** What a run says of the tree: `green`, `killed` by a test, or `broken` when a file could not even be loaded. */
async function judge(copy, tests, options = []) {
  const out = join(copy, 'result.json');
  rmSync(out, { force: true });
  const status = await vitest(copy, tests, ['--reporter=json', `--outputFile=${out}`, ...options]);
  if (status === null) return { verdict: 'killed', by: `no end within ${LIMIT_MS / 1000} s` };
  if (!existsSync(out)) return { verdict: 'broken', by: `the test runner ended with status ${status} and no result` };
  const { testResults, numPassedTests } = JSON.parse(readFileSync(out, 'utf8'));
  const failed = testResults.flatMap(({ assertionResults }) => assertionResults).find((test) => test.status === 'failed');
  if (failed !== undefined) return { verdict: 'killed', by: failed.fullName };
  const unloaded = testResults.find((file) => file.status === 'failed' && file.assertionResults.length === 0);
  if (unloaded !== undefined) return { verdict: 'broken', by: unloaded.message };
  if (status !== 0) return { verdict: 'killed', by: 'an error outside of any test' };
  // A selection that ran nothing would let every mutant through.
  if (numPassedTests === 0) return { verdict: 'broken', by: `no test in ${tests.join(' ')}` };
  return { verdict: 'green' };
}

/** Null, or why the mutant cannot be made. */
function apply(copy, { file, find, put }) {
  const path = join(copy, 'src/locks', file);
  const text = readFileSync(path, 'utf8');
  const times = text.split(find).length - 1;
  if (times !== 1) return `expected its text exactly once in src/locks/${file}, got it ${times} times: ${JSON.stringify(find)}`;
  writeFileSync(
    path,
    text.replace(find, () => put),
  );
  return null;
}

async function tryMutant(copy, mutant) {
  const problem = apply(copy, mutant);
  if (problem !== null) return { verdict: 'broken', by: problem };
  try {
    const hinted = mutant.tests.map((name) => `test/${name}.test.ts`);
    const first = hinted.length === 0 ? { verdict: 'green' } : await judge(copy, hinted, [`--testTimeout=${HINTED_TEST_MS}`]);
    return first.verdict === 'green' ? await judge(copy, ALL) : first;
  } finally {
    cpSync(join(root, 'src/locks', mutant.file), join(copy, 'src/locks', mutant.file));
  }
}

async function main(words) {
  const chosen = mutants.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
  if (chosen.length === 0) throw new Error(`expected a part of a mutant's name, got ${words.join(' ')}`);
  const copy = copyTree();
  const clean = () => {
    if (running !== null) endGroup(running);
    rmSync(copy, { recursive: true, force: true });
  };
  process.once('SIGINT', () => {
    clean();
    process.exit(130);
  });
  try {
    // Were the tests red to begin with, every mutant would look killed.
    const untouched = await judge(copy, ALL);
    if (untouched.verdict !== 'green') throw new Error(`expected the unchanged tree to pass, but: ${untouched.by}`);
    const open = [];
    for (const mutant of chosen) {
      const { verdict, by } = await tryMutant(copy, mutant);
      const said = verdict === 'green' ? 'survived' : verdict;
      console.log(`${said.padEnd(9)} ${mutant.name}${by === undefined ? '' : `: ${by}`}`);
      if (verdict !== 'killed') open.push(mutant.name);
    }
    console.log(`${chosen.length - open.length} of ${chosen.length} mutants killed`);
    return open.length === 0 ? 0 : 1;
  } finally {
    clean();
  }
}

process.exitCode = await main(process.argv.slice(2));
