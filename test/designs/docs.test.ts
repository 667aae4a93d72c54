/**
 * Goal: what the pages say that exploration finds is what it finds. Method: the generated part of every page is made again and compared;
 * canaries show that a page which is out of date differs, and what is written by hand stays.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { declaredOrder, orderTree } from '../../scripts/docs/declared-order.ts';
import { handWritten, withGenerated } from '../../scripts/docs/marked.ts';
import { lockPages, threadPages } from '../../scripts/docs/pages.ts';
import { commandsOf, threadPart } from '../../scripts/docs/thread-part.ts';
import { setEngineFlags } from '../../src/campaign/engine-flags.ts';
import { main } from '../../src/cli/main.ts';
import { fakeTerminal } from '../cli/fake-terminal.ts';

const STALE = 'the page is out of date: npm run docs writes it again';

beforeAll(setEngineFlags);

describe.each([...lockPages(), ...threadPages()].map((page) => [page.path, page] as const))('%s', (_path, page) => {
  test('says what exploration finds', async () => {
    const text = page.read();
    expect(handWritten(text).trim().length).toBeGreaterThan(200);
    expect(text, STALE).toBe(await page.fresh());
  });
});

test('the command of a page shows the schedule of the page', async () => {
  const page = lockPages()
    .find(({ path }) => path.endsWith('/kvm-busy.md'))!
    .read();
  const command = commandsOf(page).at(-1)!;
  const terminal = fakeTerminal();
  await main([...command.split(/\s+/).slice(2), '--quiet'], terminal);
  const schedule = /^```text\n( +qemu [\s\S]*?)\n\ndeadlock of/m.exec(page)?.[1] ?? 'no schedule on the page';
  expect(terminal.stdout.text).toContain(schedule);
});

describe('the order of a design as a tree', () => {
  test('has what is taken later further in, and leaves out what follows from the rest', () => {
    expect(
      orderTree([
        ['a', 'b', 'c'],
        ['a', 'c'],
        ['d', 'b'],
      ]),
    ).toEqual(['a', '  b', '    c', 'd', '  b (see above)']);
  });

  test('is that of the design', () => {
    expect(orderTree(declaredOrder('global-mutex'))).not.toEqual(orderTree(declaredOrder('guests-lock')));
    expect(orderTree(declaredOrder('zdev-trylock'))[1]).toBe('  zdev->state_lock');
    expect(() => declaredOrder('no-such-design')).toThrow('expected the name of a design, got no-such-design');
  });

  test('refuses a ring', () => {
    expect(() => orderTree([['a', 'b', 'a']])).toThrow('got a ring');
  });
});

describe('a generated part', () => {
  const page = '# Page\n\nBy hand.\n\n## History\n\nMore by hand.\n';

  test('goes in front of the title that it is to precede, or to the end', () => {
    const made = withGenerated(page, ['one'], '## History');
    expect(made.indexOf('one')).toBeLessThan(made.indexOf('## History'));
    expect(withGenerated(page, ['one'], '## Nowhere').trimEnd().endsWith('<!-- end -->')).toBe(true);
  });

  test('is replaced where it stands and nothing else is', () => {
    const first = withGenerated(page, ['one', 'two'], '## History');
    const second = withGenerated(first, ['three']);
    expect(second).not.toBe(first);
    expect(withGenerated(second, ['one', 'two'])).toBe(first);
    expect(handWritten(first)).toBe(handWritten(second));
    expect(handWritten(first).replaceAll(/\n+/g, '\n')).toBe(page.replaceAll(/\n+/g, '\n'));
  });

  test('is refused without its end, or twice', () => {
    const made = withGenerated(page, ['one']);
    expect(() => withGenerated(made.replace('<!-- end -->', ''), ['two'])).toThrow('expected <!-- end -->');
    expect(() => withGenerated(`${made}${made}`, ['two'])).toThrow('expected one generated part');
  });
});

describe('the commands of a thread', () => {
  const shown = (command: string): string => `# Thread\n\n\`\`\`sh\n${command}\n\`\`\`\n`;

  test('end as they really do', async () => {
    const clean = 'npx apemu explore scenarios/history/003-zpci.yaml --design zdev-trylock --seed 1 --budget 3';
    expect((await threadPart(shown(clean))).slice(2, 6)).toEqual([
      '```text',
      `$ ${clean}`,
      'ok: nothing found in 3 schedules (1 distinct trace)',
      '```',
    ]);
  });

  test('have to come out the same each time, and to be commands', async () => {
    const where = 'npx apemu explore scenarios/history/003-zpci.yaml';
    await expect(threadPart(shown(where))).rejects.toThrow('expected --seed, and --budget');
    await expect(threadPart(shown(`${where} --seed 1 --budget 3 --design nobody`))).rejects.toThrow('expected an answer');
    await expect(threadPart('# Thread\n')).rejects.toThrow('without');
  });
});
