/**
 * Goal: a guest's AP bus hears of every change of its configuration that the machine reports, once, and finds the others by itself.
 * Method: the handler on scripted instructions; then a whole guest on plain hardware whose cards come and go.
 */
import { describe, expect, test } from 'vitest';
import type { ChannelReportWord, EventInformation } from '../../src/base/channel-report.ts';
import { Task } from '../../src/runtime/task.ts';
import { ChannelReports } from '../../src/guest/channel-reports.ts';
import type { GuestCpu } from '../../src/guest/guest-port.ts';
import { RUNTIMES } from '../helpers/in-task.ts';
import { ScriptedInstructions } from '../helpers/scripted-instructions.ts';
import { GuestRun } from './guest-run.ts';

const TASK = new Task(0, 'CPU 0/KVM', null, false);
const WORD: ChannelReportWord = { overflow: false, rsc: 0xb, erc: 0, rsid: 0 };
const EVENT: EventInformation = { code: 1, nt: 0, flags: 0, rs: 5, cc: 3 };
const NONE: EventInformation = { code: 5, nt: 0, flags: 0, rs: 0, cc: 0 };

class ScriptedCpu implements GuestCpu {
  readonly id = 0;
  readonly instructions = new ScriptedInstructions();
  readonly calls: string[] = [];
  readonly words: ChannelReportWord[];
  readonly events: EventInformation[];

  constructor(words: ChannelReportWord[], events: EventInformation[]) {
    this.words = words;
    this.events = events;
  }

  storeChannelReportWord(): ChannelReportWord | null {
    this.calls.push('stcrw');
    return this.words.shift() ?? null;
  }

  storeEventInformation(): EventInformation {
    this.calls.push('sei');
    return this.events.shift() ?? NONE;
  }

  takeInterruption(): null {
    return null;
  }

  idle(): boolean {
    return true;
  }

  kick(): void {
    return;
  }
}

async function collect(
  words: ChannelReportWord[],
  events: EventInformation[],
  during?: (reports: ChannelReports, cpu: ScriptedCpu) => void,
) {
  const cpu = new ScriptedCpu(words, events);
  const reports: ChannelReports = new ChannelReports(() => {
    cpu.calls.push('changed');
    during?.(reports, cpu);
    return Promise.resolve();
  });
  reports.request();
  await reports.collect(TASK, cpu);
  return { cpu, reports, calls: cpu.calls };
}

describe('the handler of channel reports', () => {
  test('stores words until none is left, and for one of the channel subsystem its event', async () => {
    const { calls, reports } = await collect([WORD], [EVENT]);
    expect(calls).toEqual(['stcrw', 'sei', 'changed', 'stcrw']);
    expect([reports.words, reports.changes, reports.overflows, reports.due]).toEqual([1, 1, 0, false]);
  });

  test('stores event information as long as more is pending, and tells of each change before it stores the next', async () => {
    const { calls } = await collect([WORD], [{ ...EVENT, flags: 0x80 }, { ...EVENT, flags: 0x80 }, EVENT]);
    expect(calls).toEqual(['stcrw', 'sei', 'changed', 'sei', 'changed', 'sei', 'changed', 'stcrw']);
  });

  test.each([
    ['of another reporting source', { ...EVENT, rs: 4 }],
    ['of another content', { ...EVENT, cc: 2 }],
    ['of another notification type', { ...EVENT, nt: 2 }],
  ])('passes over event information %s, and goes on with what is pending behind it', async (_what, other) => {
    const { calls } = await collect([WORD], [{ ...other, flags: 0x80 }, EVENT]);
    expect(calls).toEqual(['stcrw', 'sei', 'sei', 'changed', 'stcrw']);
  });

  test('tells nobody when no event information is stored', async () => {
    const { calls } = await collect([WORD], []);
    expect(calls).toEqual(['stcrw', 'sei', 'stcrw']);
  });

  test('leaves words of other sources alone, and stores no event after a loss', async () => {
    const { calls, reports } = await collect([{ ...WORD, rsc: 3 }, { ...WORD, overflow: true }, WORD], [EVENT]);
    expect(calls).toEqual(['stcrw', 'stcrw', 'stcrw', 'sei', 'changed', 'stcrw']);
    expect([reports.words, reports.overflows, reports.changes]).toEqual([3, 1, 1]);
  });

  test('goes round again for a machine check that comes meanwhile, on one vCPU only', async () => {
    let again = true;
    const { calls } = await collect([WORD], [EVENT], (reports, cpu) => {
      if (!again) return;
      again = false;
      reports.request();
      expect(reports.due).toBe(false);
      void reports.collect(TASK, cpu);
    });
    expect(calls).toEqual(['stcrw', 'sei', 'changed', 'stcrw', 'stcrw']);
  });
});

describe.each(RUNTIMES)('in the %s runtime', (_name, make) => {
  const run = (reports: boolean, rescanMs: number, body: (guest: GuestRun, task: Task) => Promise<void>): GuestRun => {
    const guest = new GuestRun(make(3), { guest: { workload: null, rescanMs } });
    guest.platform.reportsChanges = reports;
    guest.rt.spawn('administrator', async (task) => {
      while (guest.guest.scans === 0) await guest.rt.sleep(task, 1);
      await body(guest, task);
      guest.guest.stop();
      while (guest.kinds('06.0047').at(-1) !== 'guest.queue-removed') await guest.rt.sleep(task, 1);
    });
    return guest;
  };

  test('one reported change is one word, one event and one scan', async () => {
    const guest = run(true, 0, async ({ hardware, rt, guest: { interrupts } }, task) => {
      const before = guest.guest.scans;
      hardware.configure(6, false);
      while (guest.kinds('06.0047').at(-1) !== 'guest.queue-deconfigured' || guest.guest.scans === before) await rt.sleep(task, 1);
      expect([interrupts.reports.words, interrupts.reports.changes, guest.guest.scans - before]).toEqual([1, 1, 1]);
    });
    await guest.run();
  });

  test('what nobody reports is found by the periodic scan', async () => {
    const guest = run(false, 5, async ({ hardware, rt }, task) => {
      hardware.configure(6, false);
      while (guest.kinds('06.0047').at(-1) !== 'guest.queue-deconfigured') await rt.sleep(task, 1);
      expect(guest.guest.interrupts.reports).toMatchObject({ words: 0, changes: 0 });
    });
    await guest.run();
  });
});
