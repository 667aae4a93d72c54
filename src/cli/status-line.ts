/**
 * Progress of a run on stderr: one line that is redrawn on a terminal, a plain line now and then elsewhere. No kernel counterpart.
 */
import { hostEvery, hostNow, type HostTimer } from '../runtime/host-clock.ts';
import type { Progress } from '../scenario/run-scenario.ts';
import { count, seconds } from '../report/layout.ts';
import type { Output } from './terminal.ts';

const REDRAW_MS = 200;
const PLAIN_MS = 2000;
const ERASE = '\r\u001b[K';

/** `3.2 s, 41 %: 123 of 300 operations, 2 retries, no findings (workloads)`. */
export function progressText(progress: Progress, elapsedMs: number): string {
  const { operations, expected, retries, findings, phase } = progress;
  const share = expected > 0 ? `, ${Math.min(100, Math.floor((operations * 100) / expected))} %` : '';
  const done = expected > 0 ? `${operations} of ${count(expected, 'operation')}` : count(operations, 'operation');
  const found = findings === 0 ? 'no findings' : count(findings, 'finding');
  return `${seconds(elapsedMs)}${share}: ${done}, ${count(retries, 'retry', 'retries')}, ${found} (${phase})`;
}

export class StatusLine {
  private readonly output: Output;
  private readonly text: (elapsedMs: number) => string;
  private readonly started = hostNow();
  private readonly live: boolean;
  private readonly timer: HostTimer | null;
  private drawn = false;

  /** `text` is asked for what to show; `shown` false: text passes, progress is not shown. */
  constructor(output: Output, text: (elapsedMs: number) => string, shown: boolean) {
    this.output = output;
    this.text = text;
    this.live = output.isTTY === true;
    this.timer = shown ? hostEvery(this.live ? REDRAW_MS : PLAIN_MS, () => this.draw()) : null;
  }

  draw(): void {
    const text = this.text(hostNow() - this.started);
    if (!this.live) {
      this.output.write(`apemu: ${text}\n`);
      return;
    }
    this.output.write(`${ERASE}${text.slice(0, Math.max(1, (this.output.columns ?? 80) - 1))}`);
    this.drawn = true;
  }

  /** Writes other text, so that it does not end up in the middle of the line. */
  above(text: string): void {
    this.erase();
    this.output.write(text);
  }

  stop(): void {
    this.timer?.stop();
    this.erase();
  }

  private erase(): void {
    if (!this.drawn) return;
    this.output.write(ERASE);
    this.drawn = false;
  }
}
