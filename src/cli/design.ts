/**
 * `apemu design check FILE`: reads a locking design of the user's own and tells what is wrong with it, or in which order it takes locks.
 * No kernel counterpart.
 */
import { count } from '../report/layout.ts';
import type { Paint } from '../report/paint.ts';
import { readDesignFile, type DesignFile } from '../scenario/design-file.ts';
import type { ScenarioError } from '../scenario/place.ts';
import type { CommandBody } from './command.ts';
import { EXIT_OK, EXIT_USAGE } from './exit-code.ts';
import { paintFor, writeOut } from './terminal.ts';
import { UsageError, wrongWord } from './usage-error.ts';

const WHERE = 'apemu design';

export const design: CommandBody = async (options, terminal) => {
  const [verb, file] = options.positionals;
  if (verb !== 'check') {
    throw verb === undefined
      ? new UsageError(`${WHERE}: expected check FILE, got nothing`)
      : wrongWord(WHERE, 'check', { word: verb, known: ['check'] });
  }
  if (file === undefined) throw new UsageError(`${WHERE} check: expected a file with a locking design, got nothing`);
  const read = await readDesignFile(file, process.cwd());
  if (options.has('json')) await writeOut(terminal.stdout, `${JSON.stringify(toJson(file, read), null, 2)}\n`);
  else if (read.design === null) await writeOut(terminal.stderr, problemText(file, read.problems));
  else await writeOut(terminal.stdout, designText(file, read.design, paintFor(terminal)));
  return read.design === null ? EXIT_USAGE : EXIT_OK;
};

type Design = NonNullable<DesignFile['design']>;

const arrows = (chain: readonly string[]): string => chain.join(' -> ');

/** What is declared and, where the steps can be read, what they do besides. */
function designText(file: string, { name, order, edges }: Design, paint: Paint): string {
  const lines = [`${file}: ${paint.good('ok')}: ${name}, ${order.length === 0 ? 'no lock order declared' : 'lock order declared:'}`];
  for (const chain of order) lines.push(`  ${arrows(chain)}`);
  const more = undeclared(order, edges ?? []);
  if (more.length > 0) lines.push(order.length === 0 ? 'its steps take:' : 'its steps take besides:', ...more.map((edge) => `  ${edge}`));
  return `${lines.join('\n')}\n`;
}

/** Pairs that the steps take in an order of which the chains say nothing, or the opposite. */
function undeclared(order: readonly (readonly string[])[], edges: readonly string[]): string[] {
  const said = new Set(order.flatMap((chain) => chain.flatMap((outer, i) => chain.slice(i + 1).map((inner) => `${outer} > ${inner}`))));
  return edges.flatMap((edge) => {
    const [outer, inner] = edge.split(' > ') as [string, string];
    if (said.has(edge)) return [];
    return [`${outer} -> ${inner}${said.has(`${inner} > ${outer}`) ? ', against the order declared' : ''}`];
  });
}

function problemText(file: string, problems: readonly ScenarioError[]): string {
  const lines = problems.map(({ message }) => message);
  if (lines.length > 1) lines.push(`${file}: ${count(lines.length, 'problem')}`);
  return `${lines.join('\n')}\n`;
}

function toJson(file: string, { problems, design: read }: DesignFile): object {
  if (read === null) {
    return {
      ok: false,
      file,
      problems: problems.map(({ file: at, line, column, path, message }) => ({ file: at, line, column, path, message })),
    };
  }
  const takes = read.edges === null ? {} : { takes: read.edges.map((edge) => edge.split(' > ')) };
  return { ok: true, file, name: read.name, order: read.order, ...takes, problems: [] };
}
