/**
 * Goal: what ap_config shows is a configuration that the mdev had, whatever is written meanwhile; read without the lock (Q8) it need not be.
 * Method: random walks of a store and a read beside each other; the mdev has the one configuration, then the other.
 */
import { expect, test } from 'vitest';
import { ApMask } from '../../src/base/ap-mask.ts';
import { NO_QUIRKS, type Quirks } from '../../src/vfio-ap/quirks.ts';
import { M1, onHost } from '../helpers/host.ts';

const config = (adapter: number, domain: number): string =>
  `${ApMask.of(adapter).toString()},${ApMask.of(domain).toString()},${ApMask.EMPTY.toString()}\n`;
/** Of adapters that the host has not: no queue is reset, so that the two stores have few steps. */
const OLD = config(0x20, 4);
const NEW = config(0x21, 0x47);

async function shown(quirks: Quirks): Promise<Set<unknown>> {
  const texts = new Set<unknown>();
  for (let seed = 1; seed <= 60; seed++) {
    await onHost('controlled', { spec: { apmask: '-0x20,-0x21' }, quirks, seed, findings: quirks.size > 0 }, async (host, task) => {
      await host.create(task, M1, { adapters: [0x20], domains: [4] });
      const writer = host.rt.spawn('writer', async (t) => void (await host.store(t, M1, 'ap_config', NEW)));
      const reader = host.rt.spawn('reader', async (t) => void texts.add(await host.show(t, M1, 'ap_config')));
      for (const other of [writer, reader]) await host.rt.join(task, other);
    });
  }
  return texts;
}

test('under the lock a reader sees the old configuration or the new one', async () => {
  expect(await shown(NO_QUIRKS)).toEqual(new Set([OLD, NEW]));
});

test('without it a reader sees the adapters of one and the domains of the other', async () => {
  expect(await shown(new Set(['Q8']))).toContain(config(0x20, 0x47));
});
