/**
 * Builds src into dist when the last build was made from something else. npm runs this as `prepare`, `prestart` and `pretest`, and once
 * more on the first `npx apemu` of a checkout, so the answer "nothing to do" has to be quick and silent.
 * In an installed package there is no src, and without devDependencies there is no compiler: then there is nothing to build with.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isFresh, sourceFiles, sourceStamp } from './build-stamp.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
/** Parts under construction start with a dot; neither Node nor npm's file list picks them up. */
const PART_PREFIX = '.next-';

/** Compiles into `out`; answers the compiler's exit status. */
function compile(out) {
  const args = [compiler, '-p', join(root, 'tsconfig.build.json'), '--outDir', out];
  // The compiler's text goes to stderr: stdout belongs to what `npm start` prints.
  const { status, error } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (error !== undefined) throw error;
  return status ?? 1;
}

/** What is not compiled (built-in scenarios, schemas) is looked up beside the code, so it moves with it. */
function copyAssets(out) {
  for (const file of sourceFiles(root)) {
    if (file.endsWith('.ts')) continue;
    const target = join(out, file.slice('src/'.length));
    mkdirSync(dirname(target), { recursive: true });
    cpSync(join(root, file), target);
  }
}

/** Puts the finished build in the place of the old one; the old one stays whole until the new one is. */
function replaceBuild(out) {
  for (const name of readdirSync(dist)) {
    if (!name.startsWith(PART_PREFIX)) rmSync(join(dist, name), { recursive: true, force: true });
  }
  for (const name of readdirSync(out)) renameSync(join(out, name), join(dist, name));
}

function build(stamp) {
  mkdirSync(dist, { recursive: true });
  const out = mkdtempSync(join(dist, PART_PREFIX));
  try {
    const status = compile(out);
    if (status !== 0) {
      process.stderr.write(`build: expected tsc -p tsconfig.build.json to succeed, it ended with status ${status}; dist is unchanged\n`);
      return status;
    }
    copyAssets(out);
    replaceBuild(out);
    writeFileSync(join(dist, '.stamp'), `${stamp}\n`);
    return 0;
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

function main() {
  if (!existsSync(join(root, 'src')) || !existsSync(join(root, 'tsconfig.build.json'))) return 0;
  const stamp = sourceStamp(root);
  if (isFresh(root, stamp)) return 0;
  if (!existsSync(compiler)) {
    process.stderr.write('build: skipped, typescript is not installed (npm ci without --omit=dev installs it)\n');
    return 0;
  }
  const compilerVersion = JSON.parse(readFileSync(join(dirname(dirname(compiler)), 'package.json'), 'utf8')).version;
  process.stderr.write(`build: src -> dist (typescript ${compilerVersion})\n`);
  return build(stamp);
}

process.exitCode = main();
