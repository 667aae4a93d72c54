/**
 * What sysfs shows of CCA cards and queues that only the card knows: `serialnr`, `mkvps` (the cca attribute groups of
 * drivers/s390/crypto/zcrypt_cex4.c). Each read asks the card with two requests.
 */
import type { Task } from '../../runtime/task.ts';
import {
  encodeFacilityQuery,
  parseFacilityReply,
  type CcaInfo,
  type FacilityKeyword,
  type MasterKeyName,
  type MasterKeyStatus,
} from '../../crypto-adapters/messages/cca-facility.ts';
import type { AttributeDef } from '../../driver-core/attribute.ts';
import type { CprbOrder, CprbResult } from './cprb-request.ts';
import { isFailure, type Failure } from './transfer.ts';

/**
 * How requests get to a card. Whoever implements it must not force a scan of the bus for them: a scan that removes the device would wait for
 * the read that waits for it (the kernel does just that).
 */
export interface CcaPort {
  /** Does zcrypt have such a queue? Nothing is sent otherwise. */
  has(adapter: number, domain: number): boolean;
  sendCprb(task: Task, order: CprbOrder): Promise<CprbResult | Failure>;
}

/** Two characters, `CA`. */
const AGENT = 0x4341;
const NEW_STATES: ReadonlyMap<string, string> = new Map([
  ['1', 'empty'],
  ['2', 'partial'],
  ['3', 'full'],
]);
const STATES: ReadonlyMap<string, string> = new Map([
  ['1', 'invalid'],
  ['2', 'valid'],
]);
const MASTER_KEYS: readonly MasterKeyName[] = ['aes', 'apka', 'asym'];

/** What could be learnt; nothing when the card refuses, is away or has no such domain. */
export async function fetchCcaInfo(task: Task, port: CcaPort, adapter: number, domain: number): Promise<Partial<CcaInfo>> {
  if (!port.has(adapter, domain)) return {};
  const ask = async (keyword: FacilityKeyword): Promise<Partial<CcaInfo> | null> => {
    const { control, replyControlLength } = encodeFacilityQuery(domain, keyword);
    const order = { adapter, agent: AGENT, control, data: new Uint8Array(0), replyControlLength, replyDataLength: 0 };
    const result = await port.sendCprb(task, order);
    return isFailure(result) ? null : parseFacilityReply(keyword, result.control);
  };
  const first = await ask('STATICSA');
  return first === null ? {} : { ...first, ...(await ask('STATICSB')) };
}

/** 8 characters, or an empty line. */
export function ccaSerialText({ serial = '' }: Partial<CcaInfo>): string {
  return `${serial}\n`;
}

/** Nine lines such as `AES CUR: valid 0x1122334455667788`. */
export function ccaKeysText(info: Partial<CcaInfo>): string {
  return MASTER_KEYS.map((name) => {
    const keys = info[name];
    const line = (age: string, status: MasterKeyStatus | undefined, names: ReadonlyMap<string, string>): string =>
      `${name.toUpperCase()} ${age}: ${statusText(status, names)}\n`;
    return line('NEW', keys?.new, NEW_STATES) + line('CUR', keys?.current, STATES) + line('OLD', keys?.old, STATES);
  }).join('');
}

function statusText(status: MasterKeyStatus | undefined, names: ReadonlyMap<string, string>): string {
  const state = status === undefined ? undefined : names.get(status.state);
  return status === undefined || state === undefined ? '- -' : `${state} 0x${Buffer.from(status.pattern).toString('hex')}`;
}

/** `fetch` asks the card of the owner in the default domain; without one it learns nothing. */
export function ccaCardAttributes<Owner>(fetch: (task: Task, owner: Owner) => Promise<Partial<CcaInfo>>): AttributeDef<Owner>[] {
  return [{ name: 'serialnr', mode: 0o444, show: async (task, owner) => ccaSerialText(await fetch(task, owner)) }];
}

export function ccaQueueAttributes<Owner>(fetch: (task: Task, owner: Owner) => Promise<Partial<CcaInfo>>): AttributeDef<Owner>[] {
  return [{ name: 'mkvps', mode: 0o444, show: async (task, owner) => ccaKeysText(await fetch(task, owner)) }];
}
