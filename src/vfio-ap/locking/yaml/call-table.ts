/**
 * What a step of a design file can call, as far as the check of a file needs to know it: the steps of the driver, and the questions that
 * procedures ask. What they do is in calls.ts. No kernel counterpart.
 */
export type Variable = 'mdev' | 'kvm' | 'queue' | 'other';

export interface CallSpec {
  readonly needs: readonly Variable[];
  readonly sets?: Variable;
  /** The answer may be no, and the step says what happens then. */
  readonly asks: boolean;
  /** It is about the instruction that was intercepted. */
  readonly interceptOnly?: boolean;
}

const CALLS = {
  /** No when another mdev serves the guest; that one is `other` from then on. */
  'check-other-user': { needs: ['mdev', 'kvm'], asks: true },
  /** No when the vCPU has no adapter interruption virtualization: user space decides then. */
  'check-aiv': { needs: [], asks: true, interceptOnly: true },
  /** No when the guest's masks leave the queue out; they are read without a lock. */
  'check-masks': { needs: ['kvm'], asks: true, interceptOnly: true },
  /** Asks the AP bus for the queue, whoever it is assigned to. */
  'find-queue': { needs: [], sets: 'queue', asks: true, interceptOnly: true },
  /** The queue that the instruction designates through the mdev; no without a guest or a linked queue. */
  lookup: { needs: ['mdev'], sets: 'queue', asks: true, interceptOnly: true },
  /** The instruction itself; its status is what the interception answers. */
  aqic: { needs: ['queue'], asks: false, interceptOnly: true },
  bind: { needs: ['mdev', 'kvm'], asks: false },
  unbind: { needs: ['mdev', 'kvm'], asks: false },
  'set-masks': { needs: ['mdev', 'kvm'], asks: false },
  'clear-masks': { needs: ['kvm'], asks: false },
  'reset-queues': { needs: ['mdev'], asks: false },
} as const satisfies Readonly<Record<string, CallSpec>>;

export type CallName = keyof typeof CALLS;
export const CALL_NAMES = Object.keys(CALLS) as CallName[];
export const callSpec = (name: CallName): CallSpec => CALLS[name];
