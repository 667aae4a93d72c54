/**
 * Goal: every card has serial numbers, keys and random numbers of its own that a seed replays, and requests reach them through queues.
 * Method: firmware compared over seeds, adapters and cards; NQAP and DQAP on a whole machine.
 */
import { describe, expect, it } from 'vitest';
import { apqnOf, type Apqn } from '../../src/base/apqn.ts';
import { CardFirmware } from '../../src/crypto-adapters/card-firmware.ts';
import type { CryptoAdapters } from '../../src/crypto-adapters/crypto-adapters.ts';
import { ccaKeysText } from '../../src/ap-bus/zcrypt/cca-info.ts';
import { encodeEp11Payload, word } from '../../src/crypto-adapters/messages/ep11-payload.ts';
import { encodeEp11Block } from '../../src/crypto-adapters/messages/ep11-query.ts';
import { aimEp11Request, decodeEp11Reply, encodeEp11Request } from '../../src/crypto-adapters/messages/ep11-request.ts';
import { decodeRngReply, encodeRngRequest } from '../../src/crypto-adapters/messages/rng.ts';
import { QciFlag } from '../../src/crypto-adapters/qci.ts';
import { Rc } from '../../src/crypto-adapters/response-code.ts';
import { ControlledRuntime } from '../../src/runtime/controlled.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Task } from '../../src/runtime/task.ts';
import { card, machine } from './hardware.ts';
import { inAnyOrder, onBothRuntimes } from './on-both-runtimes.ts';

const CCA = apqnOf(5, 4);
const EP11 = apqnOf(7, 4);
const MAX = 12288;

describe('serial numbers', () => {
  it('are never the same on two cards of a machine, nor on a card that takes the place of another', () => {
    const type = card('CEX8C');
    const serials = new Set<string>();
    for (let adapter = 0; adapter < 256; adapter++)
      for (let plugged = 0; plugged < 10; plugged++) serials.add(new CardFirmware(1, adapter, plugged, type).serial);
    expect(serials.size).toBe(2560);
    for (const serial of serials) expect(serial).toMatch(/^93AA[A-HJ-NP-Z0-9]{4}$/);
    expect(new CardFirmware(1, 7, 0, type).serial).toBe(new CardFirmware(1, 7, 0, type).serial);
    expect(new CardFirmware(1, 7, 0, type).serial).not.toBe(new CardFirmware(2, 7, 0, type).serial);
    const module = new CardFirmware(1, 7, 0, card('CEX8P')).ep11Module.serial;
    expect(module).toMatch(/^93AA[A-Z0-9]{4}[0-9]{8}$/);
  });

  it('go with the card', () => {
    const seen: string[] = [];
    const hw = machine(new ControlledRuntime({ seed: 1 }));
    seen.push(hw.firmware(CCA)!.serial);
    hw.unplug(5);
    expect(hw.firmware(CCA)).toBeUndefined();
    hw.plug({ id: 5, type: card('CEX8C') });
    seen.push(hw.firmware(CCA)!.serial);
    expect(seen[0]).not.toBe(seen[1]);
    expect(hw.firmware(apqnOf(99, 4))).toBeUndefined();
  });
});

it('the keys of 65,536 queues are those of 256 domains', () => {
  const type = card('CEX8C');
  const shown = (seed: number, adapter: number, domain: number): string => {
    const { aes, apka, asym } = new CardFirmware(seed, adapter, 0, type).cca(domain);
    return ccaKeysText({ aes: aes.statuses, apka: apka.statuses, asym: asym.statuses });
  };
  const domains = Array.from({ length: 256 }, (_, domain) => shown(1, 0, domain));
  expect(new Set(domains).size).toBe(256);
  expect(shown(1, 200, 77)).toBe(domains[77]);
});

async function exchange(
  { rt, hw, task }: { rt: Runtime; hw: CryptoAdapters; task: Task },
  apqn: Apqn,
  message: Uint8Array,
): Promise<Uint8Array> {
  expect((await hw.nqap(task, apqn, { psmid: 1n, message })).rc).toBe(Rc.NORMAL);
  for (;;) {
    const { status, reply } = await hw.dqap(task, apqn, MAX);
    if (status.rc === Rc.NORMAL) return reply!;
    expect(status).toMatchObject({ rc: Rc.NO_PENDING_REPLY, queueEmpty: false });
    await rt.sleep(task, 0.05);
  }
}

function ep11Random(domain: number): Uint8Array {
  const payload = encodeEp11Payload({ functionId: 4, api: 1, domain: 0, fields: [word(8)] });
  const ep11 = encodeEp11Request(encodeEp11Block(payload), 500, MAX);
  if (typeof ep11 === 'number') throw new Error(`expected a message, got errno ${ep11}`);
  aimEp11Request(ep11.message, domain, MAX);
  return ep11.message;
}

inAnyOrder(
  'a machine of the same seed gives the same random numbers through its queues, one of another seed others',
  async ({ rt, task }) => {
    const draw = async (seed: number): Promise<string[]> => {
      const bench = { rt, hw: machine(rt, { seed }), task };
      const cca = decodeRngReply(await exchange(bench, CCA, encodeRngRequest(4, 16)), 16);
      const ep11 = decodeEp11Reply(await exchange(bench, EP11, ep11Random(4)), 500);
      if (!('data' in cca) || !('response' in ep11)) throw new Error('expected random numbers');
      return [cca.data, ep11.response.subarray(-8)].map((bytes) => Buffer.from(bytes).toString('hex'));
    };
    const first = await draw(1);
    expect(await draw(1)).toEqual(first);
    const other = await draw(2);
    expect([other[0] === first[0], other[1] === first[1]]).toEqual([false, false]);
  },
);

onBothRuntimes('an EP11 request for another domain is refused by NQAP, with RC8A by its reply', async ({ rt, task }) => {
  const refusing = machine(rt);
  expect((await refusing.nqap(task, EP11, { psmid: 1n, message: ep11Random(5) })).rc).toBe(Rc.INVALID_DOMAIN);
  const hw = machine(rt, { flags: QciFlag.APSC | QciFlag.RC8A });
  expect([...(await exchange({ rt, hw, task }, EP11, ep11Random(5)))]).toEqual([0, 0x87, 0, 0, 0x8a, 0, 0, 0]);
});
