/**
 * The scenarios of the driver's history that come with the package, one for each argument of the mailing-list threads behind its locking
 * designs. No kernel counterpart.
 */
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadScenarioFile } from './load.ts';
import type { Scenario } from './scenario.ts';

/** Found from the sources as well as from the built package. */
const FOLDER = fileURLToPath(new URL('../../scenarios/history/', import.meta.url));
const ENDING = '.yaml';

/** In the order of the threads: the number in front is that of the thread. */
export function historyNames(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(ENDING))
    .map((file) => file.slice(0, -ENDING.length))
    .toSorted();
}

/** Its source is a path that a replay token may name: relative to the working directory where that is shorter. */
export function loadHistory(name: string, designs: readonly string[]): Scenario {
  const path = join(FOLDER, `${name}${ENDING}`);
  const near = relative(process.cwd(), path);
  return loadScenarioFile(near.length < path.length ? near : path, { designs });
}
