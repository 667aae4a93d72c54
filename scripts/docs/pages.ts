/**
 * The pages with a generated part, each as it should be.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { designNames } from '../../src/vfio-ap/locking/designs.ts';
import { zpciDesignNames } from '../../src/zpci/locking/designs.ts';
import { designPart } from './design-part.ts';
import { withGenerated } from './marked.ts';
import { threadPart } from './thread-part.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LOCKS = 'docs/locks';
const THREADS = 'docs/threads';

export interface Page {
  /** From the root. */
  readonly path: string;
  /** As it is; a page has to be begun by hand. */
  readonly read: () => string;
  /** As it should be. */
  readonly fresh: () => Promise<string>;
}

export const lockPages = (): Page[] =>
  [...designNames(), ...zpciDesignNames()].map((design) =>
    pageOf(`${LOCKS}/${design}.md`, async (text) => withGenerated(text, await designPart(design), '## History')),
  );

export const threadPages = (): Page[] =>
  readdirSync(`${ROOT}${THREADS}`)
    .filter((file) => file.endsWith('.md'))
    .toSorted()
    .map((file) => pageOf(`${THREADS}/${file}`, async (text) => withGenerated(text, await threadPart(text), '## The ')));

function pageOf(path: string, make: (text: string) => Promise<string>): Page {
  const file = `${ROOT}${path}`;
  const read = (): string => {
    if (!existsSync(file)) throw new Error(`expected the page ${path} with its hand-written part, got none`);
    return readFileSync(file, 'utf8');
  };
  return { path, read, fresh: () => make(read()) };
}
