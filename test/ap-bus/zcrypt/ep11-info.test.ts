/** Goal: what sysfs shows of EP11 cards is what their firmware says, in the kernel's words. Method: real requests to a card on the bench. */
import { describe, expect, it } from 'vitest';
import { ENODEV } from '../../../src/base/errno.ts';
import {
  ep11ApiText,
  ep11CardAttributes,
  ep11FirmwareText,
  ep11KeysText,
  ep11ModesText,
  ep11QueueAttributes,
  ep11SerialText,
  fetchEp11Domain,
  fetchEp11Module,
  type Ep11Port,
} from '../../../src/ap-bus/zcrypt/ep11-info.ts';
import { aimEp11Request, decodeEp11Reply, encodeEp11Request } from '../../../src/crypto-adapters/messages/ep11-request.ts';
import { BenchCard } from '../../crypto-adapters/bench-card.ts';
import { ControlledRuntime } from '../../../src/runtime/controlled.ts';
import { inTask } from '../../helpers/in-task.ts';

const BUFFER = 12288;

function port(card: BenchCard, spoil?: (reply: Uint8Array) => void): Ep11Port & { targets: unknown[] } {
  const targets: unknown[] = [];
  return {
    targets,
    sendEp11: async (_task, order) => {
      targets.push(...order.targets);
      const ep11 = encodeEp11Request(order.request, order.responseLength, BUFFER);
      if (typeof ep11 === 'number') throw new Error(`expected a message, got errno ${ep11}`);
      aimEp11Request(ep11.message, card.domain, BUFFER);
      const reply = card.send(ep11.message);
      spoil?.(reply);
      return decodeEp11Reply(reply, order.responseLength);
    },
  };
}
const absent: Ep11Port = { sendEp11: async () => ({ errno: ENODEV }) };

describe('an EP11 card', () => {
  it('shows a serial number of 16 characters, its interface, its firmware and its modes, whatever the domain', () =>
    inTask(new ControlledRuntime({ seed: 1 }), async (task) => {
      const card = new BenchCard('CEX8P');
      const asked = port(card);
      const info = await fetchEp11Module(task, asked, 5);
      expect(asked.targets).toEqual([{ adapter: 5, domain: 0xffff }]);
      expect(ep11SerialText(info)).toMatch(new RegExp(`^${card.unit.firmware.serial}[0-9]{8}\n$`));
      expect([ep11ApiText(info), ep11FirmwareText(info), ep11ModesText(info)]).toEqual([
        '6\n',
        '5.8\n',
        'FIPS2009 BSI2009 FIPS2011 BSI2011 BSICC2017\n',
      ]);
      expect(ep11ApiText(await fetchEp11Module(task, port(new BenchCard('CEX4P')), 5))).toBe('1\n');
    }));

  it('shows empty lines when it does not answer, refuses, or tells nothing', () =>
    inTask(new ControlledRuntime({ seed: 1 }), async (task) => {
      const silent = await fetchEp11Module(task, absent, 5);
      const returnValue = 48 + 32 + 16 + 2 + 3;
      const refused = await fetchEp11Module(
        task,
        port(new BenchCard('CEX8P'), (reply) => (reply[returnValue] = 7)),
        5,
      );
      for (const info of [silent, refused]) {
        expect(info).toBeNull();
        expect([ep11SerialText(info), ep11ApiText(info), ep11FirmwareText(info), ep11ModesText(info)]).toEqual(['\n', '\n', '\n', '\n']);
      }
      const nothing = { apiOrdinal: 0, firmware: 0, serial: '\0'.repeat(16), opModes: 0n };
      expect([ep11SerialText(nothing), ep11ApiText(nothing), ep11FirmwareText(nothing), ep11ModesText(nothing)]).toEqual([
        '\n',
        '\n',
        '\n',
        '\n',
      ]);
    }));

  it('shows a short serial number right-justified, and each mode by its bit', () => {
    const info = { apiOrdinal: 4, firmware: 0x0407, serial: 'ABC\0\0\0\0\0\0\0\0\0\0\0\0\0', opModes: 0x1ffn };
    expect(ep11SerialText(info)).toBe('             ABC\n');
    expect(ep11FirmwareText(info)).toBe('4.7\n');
    expect(ep11ModesText(info)).toBe('FIPS2009 BSI2009 FIPS2011 BSI2011 SIGG-IMPORT SIGG BSICC2017 FIPS2021 FIPS2024\n');
    expect(ep11ModesText({ opModes: 0x10n })).toBe('SIGG-IMPORT\n');
  });
});

describe('an EP11 queue', () => {
  it('shows its wrapping key, and the next one in each of its states', () =>
    inTask(new ControlledRuntime({ seed: 1 }), async (task) => {
      const card = new BenchCard('CEX8P');
      const domain = card.unit.firmware.ep11(4);
      const shown = async (): Promise<string[]> => ep11KeysText(await fetchEp11Domain(task, port(card), 5, 4)).split('\n');
      const [current, next, end] = await shown();
      expect([next, end]).toEqual(['WK NEW: empty -', '']);
      expect(current).toMatch(/^WK CUR: valid 0x[0-9a-f]{64}$/);
      domain.loadNew(new Uint8Array(32).fill(7));
      const [, uncommitted] = await shown();
      expect(uncommitted).toMatch(/^WK NEW: uncommitted 0x[0-9a-f]{64}$/);
      domain.commitNew();
      expect(await shown()).toEqual([current, uncommitted!.replace('uncommitted', 'committed'), '']);
      domain.activateNew();
      expect(await shown()).toEqual([uncommitted!.replace('NEW: uncommitted', 'CUR: valid'), 'WK NEW: empty -', '']);
      domain.zeroize();
      expect(await shown()).toEqual(['WK CUR: invalid -', 'WK NEW: empty -', '']);
    }));

  it('in imprint mode has no keys, whatever it says', () =>
    inTask(new ControlledRuntime({ seed: 1 }), async (task) => {
      const flags = 48 + 32 + 26 + 4 + 64 + 3;
      const info = await fetchEp11Domain(
        task,
        port(new BenchCard('CEX8P'), (reply) => (reply[flags] = 0x0e)),
        5,
        4,
      );
      expect(ep11KeysText(info)).toBe('WK CUR: invalid -\nWK NEW: empty -\n');
    }));

  it('shows dashes and no modes when it is not asked', () => {
    expect([ep11KeysText(null), ep11ModesText(null)]).toEqual(['WK CUR: - -\nWK NEW: - -\n', '\n']);
  });
});

it('the attributes show these texts', () =>
  inTask(new ControlledRuntime({ seed: 1 }), async (task) => {
    const card = new BenchCard('CEX8P');
    const ofCard = ep11CardAttributes(() => fetchEp11Module(task, port(card), 5));
    const ofQueue = ep11QueueAttributes(() => fetchEp11Domain(task, port(card), 5, 4));
    const shown = await Promise.all([...ofCard, ...ofQueue].map(async (it) => [it.name, it.mode, await it.show!(task, card)]));
    const module = card.unit.firmware.ep11Module;
    const info = card.unit.firmware.ep11(4).info;
    expect(shown).toEqual([
      ['API_ordinalnr', 0o444, ep11ApiText(module)],
      ['FW_version', 0o444, ep11FirmwareText(module)],
      ['serialnr', 0o444, ep11SerialText(module)],
      ['op_modes', 0o444, ep11ModesText(module)],
      ['mkvps', 0o444, ep11KeysText(info)],
      ['op_modes', 0o444, ep11ModesText(info)],
    ]);
  }));
