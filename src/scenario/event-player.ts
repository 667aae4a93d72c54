/**
 * Plays the events of a scenario: the events of one task in sequence, tasks in parallel. No kernel counterpart.
 */
import type { Findings } from '../locks/finding.ts';
import type { Machine } from '../machine/machine.ts';
import type { Task } from '../runtime/task.ts';
import type { EventReport } from './run-report.ts';
import type { RunProgress } from './run-progress.ts';
import type { EventSpec, Verb, When } from './scenario.ts';
import { perform, resultText, verbText } from './verb-actions.ts';

export interface PlayerParts {
  readonly machine: Machine;
  readonly progress: RunProgress;
  readonly findings: Findings;
}

export class EventPlayer {
  readonly reports: EventReport[] = [];
  private readonly parts: PlayerParts;
  private stopped = false;

  constructor(parts: PlayerParts) {
    this.parts = parts;
  }

  /** Spawns one task for each task named in the events; answers them. */
  start(events: readonly EventSpec[]): Task[] {
    const byTask = new Map<string, EventSpec[]>();
    for (const event of events) {
      const list = byTask.get(event.task);
      if (list === undefined) byTask.set(event.task, [event]);
      else list.push(event);
    }
    const { rt } = this.parts.machine.layer;
    return [...byTask].map(([name, list]) => rt.spawn(name, (task) => this.play(task, list)));
  }

  /** Plays one event now, as part of no list; answers its line of the report. `seen` is told what a read has read. */
  async once(task: Task, event: EventSpec, seen?: (text: string) => void): Promise<EventReport> {
    return await this.one(task, event, seen);
  }

  /** No event begins any more. */
  stop(): void {
    this.stopped = true;
  }

  private async play(task: Task, events: readonly EventSpec[]): Promise<void> {
    for (const event of events) {
      if (event.at !== null && !this.stopped) await this.waitFor(task, event.at);
      if (this.stopped) this.list(task, event, { result: 'not begun', ok: true });
      else await this.one(task, event);
    }
  }

  private async one(task: Task, event: EventSpec, seen?: (text: string) => void): Promise<EventReport> {
    const { machine, progress } = this.parts;
    const { verb } = event;
    if (verb.kind === 'repeat') return await this.repeat(task, event, verb);
    if (verb.kind === 'pause')
      return this.list(task, event, { result: (await progress.pause(task, verb.ms)) ? 'ok' : 'cut short', ok: true });
    return this.note(task, event, resultText(await perform(task, machine, verb, seen)));
  }

  private async repeat(task: Task, event: EventSpec, { times, events }: Extract<Verb, { kind: 'repeat' }>): Promise<EventReport> {
    let failures = 0;
    let turn = 0;
    for (; turn < times && !this.stopped; turn++) for (const inner of events) if (!(await this.inner(task, inner))) failures++;
    const stopped = turn < times ? `stopped after ${turn} turns` : 'ok';
    return this.list(task, event, { result: failures === 0 ? stopped : `${failures} not as expected`, ok: failures === 0 });
  }

  /** Of a thousand equal turns only what went wrong is worth a line. */
  private async inner(task: Task, event: EventSpec): Promise<boolean> {
    const { verb } = event;
    if (verb.kind === 'repeat') await this.repeat(task, event, verb);
    else if (verb.kind === 'pause') await this.parts.progress.pause(task, verb.ms);
    else {
      const result = resultText(await perform(task, this.parts.machine, verb));
      if (event.expect === null || result === event.expect) return true;
      this.note(task, event, result);
      return false;
    }
    return true;
  }

  private async waitFor(task: Task, at: When): Promise<void> {
    const { progress, machine } = this.parts;
    switch (at.kind) {
      case 'now':
        return;
      case 'share':
        await progress.waitFor(task, Math.ceil(at.share * progress.expected));
        return;
      case 'operations':
        await progress.waitFor(task, at.count);
        return;
      case 'time': {
        const left = at.ms - machine.layer.rt.now();
        if (left > 0) await progress.pause(task, left);
      }
    }
  }

  private note(task: Task, event: EventSpec, result: string): EventReport {
    const { machine, findings } = this.parts;
    const ok = event.expect === null || event.expect === result;
    const report = this.list(task, event, { result, ok });
    if (ok) return report;
    const { file, line, column } = event.place;
    findings.report({
      kind: 'assertion',
      // All that is told to a host from outside stands at the same place.
      key: `event:${line}:${column}:${report.what}:${result}`,
      title: `${file}:${line}:${column}: ${report.what}: expected ${event.expect}, got ${result}`,
      tasks: [task.name],
      time: machine.layer.rt.now(),
    });
    return report;
  }

  /** One line of the report. */
  private list(task: Task, event: EventSpec, { result, ok }: { result: string; ok: boolean }): EventReport {
    const { machine } = this.parts;
    const what = verbText(event.verb, (path) => this.named(path));
    const report = { t: machine.layer.rt.now(), task: task.name, what, result, expected: event.expect, ok };
    this.reports.push(report);
    machine.events.emit('scenario.event', task.name, { what, result });
    return report;
  }

  /** The path with the scenario's names instead of UUIDs. */
  private named(path: string): string {
    for (const { uuid, name } of this.parts.machine.spec.mdevs) if (path.includes(uuid)) return path.replace(uuid, name);
    return path;
  }
}
