/**
 * What sysfs shows of EP11 cards and queues that only the card knows: `serialnr`, `API_ordinalnr`, `FW_version`, `op_modes`, `mkvps`
 * (the ep11 attribute groups of drivers/s390/crypto/zcrypt_cex4.c). Each read asks the card.
 */
import type { Task } from '../../runtime/task.ts';
import {
  encodeEp11Query,
  Ep11Query,
  parseDomainInfo,
  parseModuleInfo,
  type Ep11DomainInfo,
  type Ep11ModuleInfo,
} from '../../crypto-adapters/messages/ep11-query.ts';
import type { AttributeDef } from '../../driver-core/attribute.ts';
import { ANY_TARGET, type Ep11Order, type Ep11Result } from './ep11-request.ts';
import { isFailure, type Failure } from './transfer.ts';

/** How requests get to a card; without a scan of the bus, see `CcaPort`. */
export interface Ep11Port {
  sendEp11(task: Task, order: Ep11Order): Promise<Ep11Result | Failure>;
}

/** By bit. */
const OP_MODES = ['FIPS2009', 'BSI2009', 'FIPS2011', 'BSI2011', 'SIGG-IMPORT', 'SIGG', 'BSICC2017', 'FIPS2021', 'FIPS2024'] as const;

/** Asks any queue of the card. null when it cannot be asked. */
export async function fetchEp11Module(task: Task, port: Ep11Port, adapter: number): Promise<Ep11ModuleInfo | null> {
  const result = await port.sendEp11(task, { ...encodeEp11Query(Ep11Query.MODULE), targets: [{ adapter, domain: ANY_TARGET }] });
  return isFailure(result) ? null : parseModuleInfo(result.response);
}

/** null when the queue cannot be asked. Whoever calls it does not ask a queue that is offline. */
export async function fetchEp11Domain(task: Task, port: Ep11Port, adapter: number, domain: number): Promise<Ep11DomainInfo | null> {
  const result = await port.sendEp11(task, { ...encodeEp11Query(Ep11Query.DOMAIN), targets: [{ adapter, domain }] });
  return isFailure(result) ? null : parseDomainInfo(result.response);
}

/** 16 characters, or an empty line. */
export function ep11SerialText(info: Ep11ModuleInfo | null): string {
  // A text that starts with a zero byte is empty, one that has it later ends there, and is filled up on the left.
  const serial = info?.serial.split('\0', 1)[0] ?? '';
  return serial === '' ? '\n' : `${serial.padStart(16)}\n`;
}

export function ep11ApiText(info: Ep11ModuleInfo | null): string {
  return info === null || info.apiOrdinal === 0 ? '\n' : `${info.apiOrdinal}\n`;
}

/** `major.minor`, or an empty line. */
export function ep11FirmwareText(info: Ep11ModuleInfo | null): string {
  return info === null || info.firmware === 0 ? '\n' : `${info.firmware >> 8}.${info.firmware & 0xff}\n`;
}

export function ep11ModesText(info: { readonly opModes: bigint } | null): string {
  const names = info === null ? [] : OP_MODES.filter((_, bit) => ((info.opModes >> BigInt(bit)) & 1n) === 1n);
  return `${names.join(' ')}\n`;
}

/** Two lines, of the current and of the next wrapping key. */
export function ep11KeysText(info: Ep11DomainInfo | null): string {
  if (info === null) return 'WK CUR: - -\nWK NEW: - -\n';
  const pattern = (key: Ep11DomainInfo['current'] | Ep11DomainInfo['new']): string =>
    'pattern' in key ? `0x${Buffer.from(key.pattern).toString('hex')}` : '-';
  return `WK CUR: ${info.current.state} ${pattern(info.current)}\nWK NEW: ${info.new.state} ${pattern(info.new)}\n`;
}

export function ep11CardAttributes<Owner>(fetch: (task: Task, owner: Owner) => Promise<Ep11ModuleInfo | null>): AttributeDef<Owner>[] {
  const attribute = (name: string, text: (info: Ep11ModuleInfo | null) => string): AttributeDef<Owner> => ({
    name,
    mode: 0o444,
    show: async (task, owner) => text(await fetch(task, owner)),
  });
  return [
    attribute('API_ordinalnr', ep11ApiText),
    attribute('FW_version', ep11FirmwareText),
    attribute('serialnr', ep11SerialText),
    attribute('op_modes', ep11ModesText),
  ];
}

/** `fetch` answers null for a queue that is offline. */
export function ep11QueueAttributes<Owner>(fetch: (task: Task, owner: Owner) => Promise<Ep11DomainInfo | null>): AttributeDef<Owner>[] {
  return [
    { name: 'mkvps', mode: 0o444, show: async (task, owner) => ep11KeysText(await fetch(task, owner)) },
    { name: 'op_modes', mode: 0o444, show: async (task, owner) => ep11ModesText(await fetch(task, owner)) },
  ];
}
