/**
 * Which reader a mount gets, and what is said when it gets none.
 */
import { closeSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openDevice, wantedReader } from '../../src/fuse/open-device.ts';
import { fuseProblem } from '../helpers/fuse-probe.ts';

const problem = fuseProblem();
const NEVER = { done: true };

describe('the reader that the environment names', () => {
  it('is any, one of the two, or an error in one line', () => {
    expect([wantedReader({}), wantedReader({ APEMU_FUSE_READER: '' })]).toEqual([null, null]);
    expect([wantedReader({ APEMU_FUSE_READER: 'pool' }), wantedReader({ APEMU_FUSE_READER: 'poll' })]).toEqual(['pool', 'poll']);
    expect(() => wantedReader({ APEMU_FUSE_READER: 'epoll\n' })).toThrow('expected APEMU_FUSE_READER to be poll or pool, got "epoll\\n"');
  });
});

describe.skipIf(problem !== null)(`the reader of a mount${problem === null ? '' : ` (skipped: ${problem})`}`, () => {
  const kindOf = (...given: Parameters<typeof openDevice>): string => {
    const { kind, file, reader } = openDevice(...given);
    if (kind === 'pool') closeSync(file);
    else reader.close();
    return kind;
  };
  /** As a libuv that looks closer at what it is given. */
  const unwilling = class {
    open(): number {
      return -22;
    }
    close(): void {}
  };

  it('is the event loop, unless somebody wants the other one', () => {
    expect([kindOf(null, NEVER), kindOf('poll', NEVER), kindOf('pool', NEVER)]).toEqual(['poll', 'poll', 'pool']);
  });

  it('waits in a thread where Node offers no pipes or does not take the descriptor for one', () => {
    expect([kindOf(null, NEVER, null), kindOf(null, NEVER, unwilling)]).toEqual(['pool', 'pool']);
  });

  it('is refused when exactly the one is wanted that does not work', () => {
    const message = `expected to watch /dev/fuse in the event loop, ${process.version} offers no way: use APEMU_FUSE_READER=pool`;
    expect(() => openDevice('poll', NEVER, null)).toThrow(message);
    expect(() => openDevice('poll', NEVER, unwilling)).toThrow(message);
  });

  it.each(['poll', 'pool'] as const)('%s ends when the descriptor never became a connection', async (kind) => {
    const { reader } = openDevice(kind, NEVER);
    const error = await new Promise<NodeJS.ErrnoException>((resolve) => {
      reader.start(() => undefined, resolve);
    });
    expect(error.code).toBe('EPERM');
    reader.close();
  });
});
