/**
 * Plays the events of a scenario: the events of one task in sequence, tasks in parallel. No kernel counterpart.
 */
import type { Findings } from '../locks/finding.ts';
import type { Machine } from '../machine/machine.ts';
import type { Task } from '../runtime/task.ts';
import type { EventReport } from './run-report.ts';
import type { RunProgress } from './run-progress.ts';
import type { EventSpec, When } from './scenario.ts';
import { perform, resultText, verbText } from './verb-actions.ts';

export interface PlayerParts {
  readonly machine: Machine;
  readonly progress: RunProgress;
  readonly findings: Findings;
  /** File name of the scenario, for messages. */
  readonly source: string;
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

  /** No event begins any more. */
  stop(): void {
    this.stopped = true;
  }

  private async play(task: Task, events: readonly EventSpec[]): Promise<void> {
    for (const event of events) {
      if (event.at !== null) await this.waitFor(task, event.at);
      if (this.stopped) return;
      await this.one(task, event);
    }
  }

  private async one(task: Task, event: EventSpec): Promise<void> {
    const { machine } = this.parts;
    if (event.verb.kind !== 'repeat') {
      this.note(task, event, resultText(await perform(task, machine, event.verb)));
      return;
    }
    let failures = 0;
    for (let turn = 0; turn < event.verb.times && !this.stopped; turn++) {
      for (const inner of event.verb.events) {
        if (inner.verb.kind === 'repeat') {
          await this.one(task, inner);
          continue;
        }
        const result = resultText(await perform(task, machine, inner.verb));
        // Of a thousand equal turns only what went wrong is worth a line.
        if (inner.expect !== null && result !== inner.expect) {
          failures++;
          this.note(task, inner, result);
        }
      }
    }
    this.note(task, event, failures === 0 ? 'ok' : `${failures} not as expected`);
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
        const { rt } = machine.layer;
        if (at.ms > rt.now()) await rt.sleep(task, at.ms - rt.now());
      }
    }
  }

  private note(task: Task, event: EventSpec, result: string): void {
    const { machine, findings, source } = this.parts;
    const what = verbText(event.verb, (path) => this.named(path));
    const ok = event.expect === null || event.expect === result;
    const t = machine.layer.rt.now();
    this.reports.push({ t, task: task.name, what, result, expected: event.expect, ok });
    machine.events.emit('scenario.event', task.name, { what, result });
    if (ok) return;
    const { line, column } = event.place;
    findings.report({
      kind: 'assertion',
      key: `event:${line}:${column}:${result}`,
      title: `${source}:${line}:${column}: ${what}: expected ${event.expect}, got ${result}`,
      tasks: [task.name],
      time: t,
    });
  }

  /** The path with the scenario's names instead of UUIDs. */
  private named(path: string): string {
    for (const { uuid, name } of this.parts.machine.spec.mdevs) if (path.includes(uuid)) return path.replace(uuid, name);
    return path;
  }
}
