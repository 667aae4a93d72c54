/**
 * What a program in machine code does with its queues, for reports: each AP instruction with its answer, and each reply that it takes as an
 * operation, with the time since its request. Whether the reply was right is for the program to say. No kernel counterpart.
 */
import { apqnText, type Apqn } from '../../base/apqn.ts';
import type { EventLog } from '../../base/event-log.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { GuestStatistics } from '../guest-statistics.ts';
import type { ApObserver } from './counted-instructions.ts';

export interface ProgramActivityParts {
  /** Name of the guest. */
  readonly name: string;
  readonly rt: Runtime;
  readonly events: EventLog;
  /** Called after each operation. */
  readonly onOperation: () => void;
}

/** More requests than all queues of a guest hold at once: what a reset has lost is forgotten. */
const REMEMBERED = 4096;

export class ProgramActivity {
  readonly statistics = new GuestStatistics();
  /** `nqap 00` and how often. */
  readonly answers = new Map<string, number>();
  private readonly parts: ProgramActivityParts;
  /** Requests without a reply, oldest first, and when they were accepted. */
  private readonly requests = new Map<string, number>();

  constructor(parts: ProgramActivityParts) {
    this.parts = parts;
  }

  /** Of one vCPU; `nested ` stands in front of what a guest of the program executes. */
  observer(cpu: number, level: '' | 'nested ' = ''): ApObserver {
    const { name, events, rt } = this.parts;
    return {
      ended: (instruction, answer) => {
        const key = `${level}${instruction} ${answer}`;
        this.answers.set(key, (this.answers.get(key) ?? 0) + 1);
        events.emit('guest.instruction', name, () => ({ guest: name, cpu, instruction: `${level}${instruction}`, answer }));
      },
      accepted: (apqn, psmid) => {
        this.requests.set(keyOf(apqn, psmid), rt.now());
        const [oldest] = this.requests.keys();
        if (this.requests.size > REMEMBERED && oldest !== undefined) this.requests.delete(oldest);
      },
      replied: (apqn, psmid) => this.replied(keyOf(apqn, psmid)),
    };
  }

  private replied(key: string): void {
    const { rt, onOperation } = this.parts;
    const now = rt.now();
    this.statistics.succeeded(now - (this.requests.get(key) ?? now));
    this.requests.delete(key);
    onOperation();
  }
}

const keyOf = (apqn: Apqn, psmid: bigint): string => `${apqnText(apqn)} ${psmid}`;
