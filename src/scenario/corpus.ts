/**
 * The scenarios of the bug corpus that come with the package: one for each case of the driver's history and each known defect.
 * No kernel counterpart.
 */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Path of a scenario of the corpus, as a command line may name it: relative to the working directory where that is shorter. */
export function corpusFile(name: string): string {
  // Found from the sources as well as from the built package.
  const path = fileURLToPath(new URL(`../../scenarios/corpus/${name}.yaml`, import.meta.url));
  const near = relative(process.cwd(), path);
  return near.length < path.length ? near : path;
}
