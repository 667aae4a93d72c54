/**
 * The table of `lszcrypt -V`, byte for byte, from what the attributes of a host say. Source: lszcrypt(8), and ap-bus.md 8.2 and real-tools.md
 * 4.1 for the rules of its versions: 2.16 counts a message more than `depth` says and knows no checkstop, 2.43 hides what has no meaning.
 */
import type { Sysfs } from '../../driver-core/sysfs.ts';
import type { Task } from '../../runtime/task.ts';

export type LszcryptVersion = '2.16' | '2.43';

interface Column {
  readonly title: string;
  readonly width: number;
  readonly right?: boolean;
}

const columnsOf = (version: LszcryptVersion, sestat: boolean): Column[] => [
  version === '2.16' ? { title: 'CARD.DOMAIN', width: 11 } : { title: 'CARD.DOM', width: 8 },
  { title: 'TYPE', width: 5 },
  { title: 'MODE', width: 11 },
  { title: 'STATUS', width: version === '2.16' ? 8 : 10 },
  { title: 'REQUESTS', width: 8, right: true },
  { title: 'PENDING', width: 8, right: true },
  { title: 'HWTYPE', width: 6, right: true },
  { title: 'QDEPTH', width: 6, right: true },
  { title: 'FUNCTIONS', width: 10 },
  { title: 'DRIVER', width: 11 },
  ...(sestat ? [{ title: 'SESTAT', width: 11 }] : []),
];

const DEVICES = '/sys/devices/ap';

/** Read through sysfs by `task`, as the tool reads. */
export async function lszcryptTable(task: Task, sysfs: Sysfs, version: LszcryptVersion): Promise<string> {
  const table = new Table(task, sysfs, version);
  return await table.text();
}

class Table {
  private readonly task: Task;
  private readonly sysfs: Sysfs;
  private readonly version: LszcryptVersion;

  constructor(task: Task, sysfs: Sysfs, version: LszcryptVersion) {
    this.task = task;
    this.sysfs = sysfs;
    this.version = version;
  }

  async text(): Promise<string> {
    const sestat = this.version !== '2.16' && ((await this.line('/sys/bus/ap/features')) ?? '').includes('APSB');
    const columns = columnsOf(this.version, sestat);
    const titles = columns.map(({ title }) => title);
    const lines = [row(columns, titles), '-'.repeat(columns.reduce((sum, { width }) => sum + width + 1, -1))];
    for (const card of this.names(DEVICES, /^card[0-9a-fA-F]+$/)) {
      const cells = await this.card(`${DEVICES}/${card}`);
      lines.push(row(columns, [card.slice(4), ...cells, ...(sestat ? ['-'] : [])]));
      for (const queue of this.names(`${DEVICES}/${card}`, /^..\.....$/)) {
        const path = `${DEVICES}/${card}/${queue}`;
        const state = sestat ? [secureState(await this.line(`${path}/ap_functions`))] : [];
        lines.push(row(columns, [queue, ...(await this.queue(`${DEVICES}/${card}`, path)), ...state]));
      }
    }
    return `${[...lines, ...(await this.warning())].join('\n')}\n`;
  }

  private names(folder: string, wanted: RegExp): string[] {
    return (this.sysfs.list(folder) as string[]).filter((name) => wanted.test(name));
  }

  /** The first line; null when it is not there or cannot be read. */
  private async line(path: string): Promise<string | null> {
    const text = await this.sysfs.read(this.task, path);
    return typeof text === 'number' ? null : text.split('\n')[0]!;
  }

  private async card(path: string): Promise<string[]> {
    const own = await this.state(path, path);
    const hidden = this.version !== '2.16' && own.config === '0';
    return [
      own.type,
      own.mode,
      own.status,
      own.requests,
      hidden ? '-' : own.pending,
      ...(await this.hardware(path)),
      this.driver(path).shown,
    ];
  }

  private async queue(card: string, path: string): Promise<string[]> {
    const own = await this.state(card, path);
    const driver = this.driver(path);
    const hidden = this.version !== '2.16' && ((await this.line(`${card}/config`)) === '0' || !driver.zcrypt);
    return [own.type, own.mode, own.status, own.requests, hidden ? '-' : own.pending, ...(await this.hardware(card)), driver.shown];
  }

  private async state(card: string, path: string): Promise<Record<'type' | 'mode' | 'status' | 'requests' | 'pending' | 'config', string>> {
    const config = (await this.line(`${path}/config`)) ?? '';
    const requests = (await this.line(`${path}/request_count`)) ?? '-';
    const pending = Number(await this.line(`${path}/pendingq_count`)) + Number(await this.line(`${path}/requestq_count`));
    return {
      type: (await this.line(`${card}/type`)) ?? '-',
      mode: modeOf(Number(await this.line(`${card}/ap_functions`))),
      status: await this.status(path, config),
      requests: this.version !== '2.16' && config === '0' ? '-' : requests,
      pending: `${pending}`,
      config,
    };
  }

  /** 2.16 asks for the configuration only of what is offline, and for nothing without `online`. */
  private async status(path: string, config: string): Promise<string> {
    const online = await this.line(`${path}/online`);
    if (this.version === '2.16') return online === null ? '-' : online !== '0' ? 'online' : config === '0' ? 'deconfig' : 'offline';
    if (config === '0') return 'deconfig';
    if ((await this.line(`${path}/chkstop`)) === '1') return 'chkstop';
    if (online !== null) return online === '0' ? 'offline' : 'online';
    return (await this.line(`${path}/status`)) ?? '-';
  }

  /** HWTYPE, QDEPTH and FUNCTIONS: those of the card, for its queues too. */
  private async hardware(card: string): Promise<string[]> {
    const depth = Number(await this.line(`${card}/depth`)) + (this.version === '2.16' ? 1 : 0);
    const functions = Number(await this.line(`${card}/ap_functions`));
    const letters = this.version === '2.16' ? LETTERS_216 : LETTERS;
    const shown = letters.map(([letter, mask]) => ((functions & mask) === 0 ? '-' : letter)).join('');
    return [(await this.line(`${card}/hwtype`)) ?? '', String(depth).padStart(2, '0'), shown];
  }

  private driver(path: string): { shown: string; zcrypt: boolean } {
    const link = this.sysfs.readlink(`${path}/driver`);
    const name = typeof link === 'number' ? '' : link.slice(link.lastIndexOf('/') + 1);
    const zcrypt = /^cex[0-9](?:card|queue)$/.test(name);
    const known = this.version === '2.16' ? name !== '' : zcrypt || /^vfio.ap$/.test(name);
    return { shown: known ? name : '-no-driver-', zcrypt };
  }

  private async warning(): Promise<string[]> {
    const domain = Number(await this.line('/sys/bus/ap/ap_domain'));
    const digits = (await this.line('/sys/bus/ap/ap_usage_domain_mask'))?.slice(2) ?? '';
    const digit = Number.parseInt(digits[domain >> 2] ?? '0', 16);
    if (domain >= 0 && (digit & (8 >> (domain & 3))) !== 0) return [];
    return [`Warning: Default domain 0x${domain < 0 ? 'f'.repeat(16) : domain.toString(16).padStart(2, '0')} is not available.`];
  }
}

const LETTERS: readonly (readonly [string, number])[] = [
  ['S', 0x80000000],
  ['M', 0x40000000],
  ['C', 0x20000000],
  ['D', 0x10000000],
  ['A', 0x08000000],
  ['X', 0x04000000],
  ['N', 0x02000000],
  ['H', 0x01000000],
  ['F', 0x00800000],
  ['R', 0x00400000],
];
const LETTERS_216 = LETTERS.filter(([letter]) => letter !== 'H');

function modeOf(functions: number): string {
  if ((functions & 0x10000000) !== 0) return 'CCA-Coproc';
  if ((functions & 0x08000000) !== 0) return 'Accelerator';
  return (functions & 0x04000000) !== 0 ? 'EP11-Coproc' : 'Unknown';
}

/** By the BS bits of the functions of a queue. */
function secureState(functions: string | null): string {
  if (functions === null) return 'error';
  const value = Number(functions);
  return value === 0 ? 'invalid' : ['usable', 'bound', 'unbound', 'illicit'][(value >> 14) & 3]!;
}

/** The last column is padded, too. */
function row(columns: readonly Column[], cells: readonly string[]): string {
  return columns.map(({ width, right }, i) => (right === true ? cells[i]!.padStart(width) : cells[i]!.padEnd(width))).join(' ');
}
