/**
 * What differs in behaviour between the kernels that can be emulated (`host.kernel` of a scenario): which attributes and interrupts there
 * are, how a queue is reset, what an AQIC that cannot be done leaves behind. Which locks are taken is the design's, not the kernel's.
 * Facts: the history of drivers/s390/crypto/vfio_ap_ops.c and arch/s390/kvm/priv.c between 5.15 and early 2026.
 */

export type KernelName = 'current' | '6.0' | '5.15';

export interface KernelProfile {
  readonly name: KernelName;
  /** Text of the matrix device's `features`; null: there is no such attribute. */
  readonly features: string | null;
  /** An mdev has `ap_config`. */
  readonly apConfig: boolean;
  /** An mdev has `guest_matrix`, a queue `status`. */
  readonly guestMatrix: boolean;
  /** Interrupts of the vfio device: request, config-change. Without one GET_IRQ_INFO and SET_IRQS do not exist. */
  readonly irqs: 0 | 1 | 2;
  /** Removal tells the driver, and takes the masks of the guest away. */
  readonly request: 'none' | 'signals' | 'clears-masks';
  /** Condition code 0 is set after a successful AQIC; before, the one of the instruction before stayed. */
  readonly setsSuccessCc: boolean;
  /** AQIC with a notification byte at address 0 is refused. */
  readonly refusesNibZero: boolean;
  /** What AQIC answers when the guest ISC cannot be registered, and whether the page is unpinned then. */
  readonly iscFailure: { readonly rc: 0x06 | 0x08; readonly unpins: boolean };
  /**
   * How a queue is reset: by a work item; or by whoever asks, until it is empty and its interrupt off; or likewise, and every APQN of the
   * matrix whether its queue is bound or not.
   */
  readonly reset: 'work' | 'synchronous' | 'synchronous-matrix';
  /** A queue is lost to the host without a question when apmask or aqmask change: there is no in_use callback. */
  readonly inUse: boolean;
  /** Adapters filtered out by a probe, an assignment or a scan are reset. */
  readonly resetsFiltered: boolean;
  /** The end of a host configuration change filters once, instead of each probe within it. */
  readonly defersFiltering: boolean;
}

const CURRENT: KernelProfile = {
  name: 'current',
  features: 'guest_matrix hotplug ap_config',
  apConfig: true,
  guestMatrix: true,
  irqs: 2,
  request: 'clears-masks',
  setsSuccessCc: true,
  refusesNibZero: true,
  iscFailure: { rc: 0x06, unpins: true },
  reset: 'work',
  inUse: true,
  resetsFiltered: true,
  defersFiltering: true,
};

export const KERNELS: Readonly<Record<KernelName, KernelProfile>> = {
  current: CURRENT,
  '6.0': {
    ...CURRENT,
    name: '6.0',
    features: null,
    apConfig: false,
    irqs: 0,
    request: 'none',
    setsSuccessCc: false,
    refusesNibZero: false,
    iscFailure: { rc: 0x08, unpins: false },
    reset: 'synchronous',
    resetsFiltered: false,
    defersFiltering: false,
  },
  '5.15': {
    ...CURRENT,
    name: '5.15',
    features: null,
    apConfig: false,
    guestMatrix: false,
    irqs: 0,
    request: 'none',
    setsSuccessCc: false,
    refusesNibZero: false,
    iscFailure: { rc: 0x08, unpins: false },
    reset: 'synchronous-matrix',
    inUse: false,
    resetsFiltered: false,
    defersFiltering: false,
  },
};
