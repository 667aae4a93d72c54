/** Goal: what sysfs shows of CCA cards is what their firmware says, in the kernel's words. Method: real requests to a card on the bench. */
import { describe, expect, it } from 'vitest';
import { EIO } from '../../../src/base/errno.ts';
import {
  ccaCardAttributes,
  ccaKeysText,
  ccaQueueAttributes,
  ccaSerialText,
  fetchCcaInfo,
  type CcaPort,
} from '../../../src/ap-bus/zcrypt/cca-info.ts';
import { decodeCprbReply, encodeCprbRequest, setCprbDomain } from '../../../src/crypto-adapters/messages/cprb-request.ts';
import { BenchCard } from '../../crypto-adapters/bench-card.ts';
import { ControlledRuntime } from '../../../src/runtime/controlled.ts';
import { inTask } from '../../helpers/in-task.ts';

const BUFFER = 12288;

function port(card: BenchCard, options: { failsAt?: number; spoil?: (reply: Uint8Array) => Uint8Array } = {}): CcaPort & { sent: number } {
  const it = {
    sent: 0,
    has: (adapter: number, domain: number) => adapter === 5 && domain === card.domain,
    sendCprb: async (_task: unknown, order: Parameters<CcaPort['sendCprb']>[1]): ReturnType<CcaPort['sendCprb']> => {
      if (++it.sent === options.failsAt) return { errno: EIO };
      expect(order.adapter).toBe(5);
      const cprb = encodeCprbRequest(order, BUFFER);
      if (typeof cprb === 'number') throw new Error(`expected a message, got errno ${cprb}`);
      setCprbDomain(cprb.message, card.domain);
      const reply = card.send(cprb.message);
      return decodeCprbReply(options.spoil?.(reply) ?? reply, order);
    },
  };
  return it;
}

const key = (value: number): Uint8Array => new Uint8Array(32).fill(value);
const SHOWN = /^(AES|APKA|ASYM) (NEW|CUR|OLD): (empty|partial|full|invalid|valid) 0x([0-9a-f]{16}|[0-9a-f]{32})$/;
const UNKNOWN = ['AES', 'APKA', 'ASYM'].flatMap((name) => ['NEW', 'CUR', 'OLD'].map((age) => `${name} ${age}: - -\n`)).join('');

describe('a CCA queue', () => {
  it('shows nine lines of master keys, and its card a serial number', () =>
    inTask(new ControlledRuntime({ seed: 1 }), async (task) => {
      const card = new BenchCard('CEX8C');
      const info = await fetchCcaInfo(task, port(card), 5, 4);
      expect(ccaSerialText(info)).toBe(`${card.unit.firmware.serial}\n`);
      expect(ccaSerialText(info)).toMatch(/^93AA[A-Z0-9]{4}\n$/);
      const lines = ccaKeysText(info).split('\n');
      expect(lines.pop()).toBe('');
      expect(lines).toHaveLength(9);
      for (const line of lines) expect(line).toMatch(SHOWN);
      expect(lines.map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual([
        'AES NEW: empty',
        'AES CUR: valid',
        'AES OLD: invalid',
        'APKA NEW: empty',
        'APKA CUR: valid',
        'APKA OLD: invalid',
        'ASYM NEW: empty',
        'ASYM CUR: valid',
        'ASYM OLD: invalid',
      ]);
      const { aes, apka, asym } = card.unit.firmware.cca(4);
      for (const [line, keys] of [
        [1, aes],
        [4, apka],
        [7, asym],
      ] as const)
        expect(lines[line]).toContain(`0x${Buffer.from(keys.current!.pattern).toString('hex')}`);
      expect(lines[0]).toBe('AES NEW: empty 0x0000000000000000');
      expect(lines[8]).toBe('ASYM OLD: invalid 0x00000000000000000000000000000000');
    }));

  it('shows every state of a master key, and patterns only of whole keys', () =>
    inTask(new ControlledRuntime({ seed: 1 }), async (task) => {
      const card = new BenchCard('CEX8C');
      const { apka } = card.unit.firmware.cca(4);
      const shown = async (): Promise<string[]> =>
        ccaKeysText(await fetchCcaInfo(task, port(card), 5, 4))
          .split('\n')
          .slice(3, 6);
      const [, current] = await shown();
      apka.load('first', key(1));
      expect((await shown())[0]).toBe('APKA NEW: partial 0x0000000000000000');
      apka.load('last', key(2));
      const [full] = await shown();
      expect(full).toMatch(/^APKA NEW: full 0x[0-9a-f]{16}$/);
      expect(full).not.toContain('0x0000000000000000');
      apka.set();
      expect(await shown()).toEqual([
        'APKA NEW: empty 0x0000000000000000',
        full!.replace('NEW: full', 'CUR: valid'),
        current!.replace('CUR', 'OLD'),
      ]);
    }));

  it('has the same keys on another card in the same domain, and others in another domain', () =>
    inTask(new ControlledRuntime({ seed: 1 }), async (task) => {
      const shown = async (card: BenchCard): Promise<string> => ccaKeysText(await fetchCcaInfo(task, port(card), 5, card.domain));
      const one = await shown(new BenchCard('CEX8C'));
      expect(await shown(new BenchCard('CEX7C', { adapter: 9 }))).toBe(one);
      expect(await shown(new BenchCard('CEX8C', { domain: 5 }))).not.toBe(one);
      expect(await shown(new BenchCard('CEX8C', { seed: 2 }))).not.toBe(one);
    }));

  it('shows dashes and an empty serial number when the card does not answer, and asks no more then', () =>
    inTask(new ControlledRuntime({ seed: 1 }), async (task) => {
      const failing = port(new BenchCard('CEX8C'), { failsAt: 1 });
      const info = await fetchCcaInfo(task, failing, 5, 4);
      expect([ccaSerialText(info), ccaKeysText(info), failing.sent]).toEqual(['\n', UNKNOWN, 1]);
      const absent = port(new BenchCard('CEX8C'));
      expect([await fetchCcaInfo(task, absent, 6, 4), await fetchCcaInfo(task, absent, 5, 5), absent.sent]).toEqual([{}, {}, 0]);
    }));

  it('keeps what the first request told when the second fails', () =>
    inTask(new ControlledRuntime({ seed: 1 }), async (task) => {
      const card = new BenchCard('CEX8C');
      const info = await fetchCcaInfo(task, port(card, { failsAt: 2 }), 5, 4);
      expect(ccaSerialText(info)).toBe(`${card.unit.firmware.serial}\n`);
      const lines = ccaKeysText(info).split('\n');
      expect(lines.slice(3, 6)).toEqual(['APKA NEW: - -', 'APKA CUR: - -', 'APKA OLD: - -']);
      expect(lines[1]).toContain('valid');
    }));

  it('learns nothing from a reply with a return code or a state that it does not know', () =>
    inTask(new ControlledRuntime({ seed: 1 }), async (task) => {
      const spoilt = (change: (reply: Uint8Array) => void): CcaPort =>
        port(new BenchCard('CEX8C'), {
          spoil: (reply) => {
            change(reply);
            return reply;
          },
        });
      expect(
        await fetchCcaInfo(
          task,
          spoilt((reply) => void (reply[48 + 145] = 8)),
          5,
          4,
        ),
      ).toEqual({});
      const rules = 48 + 220 + 4;
      const info = await fetchCcaInfo(
        task,
        spoilt((reply) => void (reply[rules + 8 * 8] = 0x39)),
        5,
        4,
      );
      expect(ccaKeysText(info).split('\n')[1]).toBe('AES CUR: - -');
    }));
});

it('the attributes show these texts', () =>
  inTask(new ControlledRuntime({ seed: 1 }), async (task) => {
    const card = new BenchCard('CEX8C');
    const fetch = (): ReturnType<typeof fetchCcaInfo> => fetchCcaInfo(task, port(card), 5, 4);
    const shown = await Promise.all(
      [...ccaCardAttributes(fetch), ...ccaQueueAttributes(fetch)].map(async (it) => [it.name, it.mode, await it.show!(task, card)]),
    );
    expect(shown).toEqual([
      ['serialnr', 0o444, ccaSerialText(await fetch())],
      ['mkvps', 0o444, ccaKeysText(await fetch())],
    ]);
  }));
