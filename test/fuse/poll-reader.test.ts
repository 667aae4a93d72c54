/**
 * The reader in the event loop: what it needs of Node, and who closes the descriptor when the connection ends.
 */
import { fstatSync, rmdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { abortMount } from '../../src/fuse/live-mounts.ts';
import { mountAt } from '../../src/fuse/mount-table.ts';
import { openDevice } from '../../src/fuse/open-device.ts';
import { findPipes } from '../../src/fuse/poll-reader.ts';
import { Opcode } from '../../src/fuse/protocol.ts';
import { runProgram } from '../../src/fuse/run-program.ts';
import { HOST_ORDER } from '../../src/fuse/byte-order.ts';
import { fuseProblem } from '../helpers/fuse-probe.ts';
import { mountPoint } from './real-mount.ts';

const problem = fuseProblem();

describe("Node's pipes", () => {
  it('are found in this Node', () => {
    expect(findPipes()).not.toBeNull();
  });

  it('are none when they are missing, refused, or something else', () => {
    const refuse = (): never => {
      throw new Error('refused');
    };
    const other = class {
      open(): void {}
    };
    for (const from of [{}, { binding: refuse }, { binding: () => ({}) }, { binding: () => ({ Pipe: other }) }])
      expect(findPipes(from)).toBeNull();
  });
});

describe.skipIf(problem !== null)(`the reader in the event loop${problem === null ? '' : ` (skipped: ${problem})`}`, () => {
  it('waits for the connection, brings the first request, and keeps the descriptor open until it is told to close it', async () => {
    const at = mountPoint();
    const mounting = { done: false };
    let closes = 0;
    const counting = class extends findPipes()! {
      override close(closed?: () => void): void {
        closes++;
        super.close(closed);
      }
    };
    const { file, reader } = openDevice('poll', mounting, counting);
    try {
      let came = (_opcode: number): void => undefined;
      const first = new Promise<number>((resolve) => (came = resolve));
      const ended = new Promise<NodeJS.ErrnoException>((resolve) => {
        reader.start((request) => came(HOST_ORDER.u32(request, 4)), resolve);
      });
      const flags = `fd=3,rootmode=40000,user_id=${process.getuid!()},group_id=${process.getgid!()}`;
      const mounted = runProgram('mount', ['-i', '-t', 'fuse', '-o', flags, 'test', at], { file });
      expect(await first).toBe(Opcode.INIT);
      expect(abortMount({ at, minor: mountAt(at)!.minor, reader: 'poll' })).toBe(true);
      expect(['ENODEV', 'ECONNABORTED']).toContain((await ended).code);
      await mounted;
      expect([fstatSync(file).isCharacterDevice(), closes]).toEqual([true, 0]);
    } finally {
      reader.close();
      rmdirSync(at);
    }
    expect(closes).toBe(1);
  });
});
