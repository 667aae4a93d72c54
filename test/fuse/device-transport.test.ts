/**
 * What the two readers share: when the descriptor may be closed, and which errors of an answer are nobody's fault.
 */
import { closeSync, openSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DeviceReader } from '../../src/fuse/device-reader.ts';
import { DeviceTransport } from '../../src/fuse/device-transport.ts';

const message = Buffer.from('message');

describe('/dev/fuse as a transport', () => {
  let file = -1;
  let closes = 0;
  let end = (_error: NodeJS.ErrnoException): void => undefined;
  const reader: DeviceReader = {
    start: (_receive, ended) => void (end = ended),
    close: () => void closes++,
  };
  beforeEach(() => {
    closes = 0;
    file = openSync('/dev/null', 'r+');
  });
  afterEach(() => closeSync(file));

  it('closes the descriptor only when the last notification has been written, and writes nothing to it any more', async () => {
    const reasons: string[] = [];
    const transport = new DeviceTransport(file, reader);
    transport.start(
      () => undefined,
      (reason) => reasons.push(reason),
    );
    const told = transport.notify(message);
    end(Object.assign(new Error('gone'), { code: 'ENODEV' }));
    expect([reasons, closes]).toEqual([['ENODEV'], 0]);
    await told;
    expect(closes).toBe(1);
    transport.reply(message);
    await transport.notify(message);
    expect([reasons, closes]).toEqual([['ENODEV'], 1]);
  });

  it('closes it at once when nothing is under way', () => {
    const transport = new DeviceTransport(file, reader);
    transport.start(
      () => undefined,
      () => undefined,
    );
    end(new Error('something else'));
    expect(closes).toBe(1);
  });

  it('does not hide that an answer could not be written for a reason of its own', () => {
    const read = openSync('/dev/null', 'r');
    try {
      expect(() => new DeviceTransport(read, reader).reply(message)).toThrow('EBADF');
    } finally {
      closeSync(read);
    }
  });
});
