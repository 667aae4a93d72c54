/**
 * What differs in behaviour between the kernels that can be emulated (`host.kernel` of a scenario): which attributes and interrupts there
 * are, how a queue is reset, what an AQIC that cannot be done leaves behind. Which locks are taken is the design's, not the kernel's; what
 * was a defect of one of them and has been fixed since is a quirk that it implies (src/vfio-ap/quirks.ts).
 * Facts: the history of drivers/s390/crypto/vfio_ap_ops.c and arch/s390/kvm/priv.c between 5.15 and early 2026. "6.0" is the release of
 * guests_lock before anything was repaired in it; its stable updates have taken over some of what came in 6.8.
 */
import { EPERM, EUSERS } from './errno.ts';

export type KernelName = 'current' | '6.0' | '5.15';

export interface KernelProfile {
  readonly name: KernelName;
  /** What a running guest has can change. Without it only designs without hot plug can have been in force. */
  readonly hotPlug: boolean;
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
  /** What `create` answers when every instance is taken: of the mdev core; before, of the driver. */
  readonly noInstance: typeof EUSERS | typeof EPERM;
  /** Condition code 0 is set after a successful AQIC; before, the one of the instruction before stayed. */
  readonly setsSuccessCc: boolean;
  /** HMAC keys of a guest can be wrapped with its AES wrapping key. */
  readonly wrapsHmacKeys: boolean;
  /** AQIC with a notification byte at address 0 is refused: code 06. Where it is not, nothing remembers that its page is pinned. */
  readonly refusesNibZero: boolean;
  /**
   * What AQIC answers when the guest ISC cannot be registered, whether the page is unpinned then, and who notices: the driver; or nobody, so
   * that the machine refuses an AQIC without GISA and the queue's interrupt is switched off as after every refusal.
   */
  readonly iscFailure: { readonly rc: 0x06 | 0x08; readonly unpins: boolean; readonly noticedBy: 'driver' | 'machine' };
  /** AQIC of a protected vCPU asks whether the guest shares the page of the notification byte: code 06 when it does not. */
  readonly checksNibShared: boolean;
  /**
   * How a queue is reset: a work item waits for it; or whoever asks does, who looks twice at most; or likewise, in the order of the matrix:
   * adapters ascending, domains ascending within.
   */
  readonly reset: 'work' | 'synchronous' | 'synchronous-matrix';
  /** Response codes of the last reset with which filtering lets a guest have a queue. */
  readonly passable: readonly number[];
  /** A queue is lost to the host without a question when apmask or aqmask change: there is no in_use callback. */
  readonly inUse: boolean;
  /** The end of a host configuration change filters once, instead of each probe within it. */
  readonly defersFiltering: boolean;
  /**
   * Filtering looks for the queues of what is assigned and in the host; or of all that is assigned, which the host may not have; or there is
   * none: a guest is given what is assigned, whatever becomes of queues and host, and scans are not listened to.
   */
  readonly filters: 'shadow' | 'matrix' | 'nothing';
  /** What can be assigned: what the host does not reserve, be it there or not; or only queues that are bound to vfio_ap at that time. */
  readonly assigns: 'unreserved' | 'bound';
  /** `status` of a queue says "in use" when the guest has it; or when there is a guest, whatever the guest has. */
  readonly statusBy: 'shadow' | 'guest';
  /** The mutex of apmask and aqmask, as reports name it. */
  readonly attrMutex: 'ap_attr_mutex' | 'ap_perms_mutex';
  /** A queue has `driver_override`. */
  readonly driverOverride: boolean;
  /** The AP bus asks its drivers before it takes queues from them, and tells them of changes of the configuration. */
  readonly busCallbacks: boolean;
  /** A change of apmask or aqmask is a uevent. */
  readonly maskUevents: boolean;
  /** A forced scan answers whether something has changed, so that whoever asked for it tries again; else nobody knows. */
  readonly scanResult: boolean;
  /** `depth` of a card is what TAPQ says, one less than there is room for. */
  readonly depthMinusOne: boolean;
  /** The smallest limit of messages, in units of 4 KiB, that a card has of its own; below it is 12 KiB. */
  readonly smallestMl: 1 | 4;
  /** A card or queue that is checkstopped counts as offline for zcrypt, and cannot be set online. */
  readonly onlineMindsCheckstop: boolean;
  /** zcrypt puts the domain of the chosen queue into every CPRB; before, only where the user left the choice to it. */
  readonly rewritesCprbDomain: boolean;
  /** Additional zcrypt nodes have `admask`, and ask it before they let administration through. */
  readonly admask: boolean;
  /** What takes long on a queue (resets, switching interrupts on) is polled every 40 ms; before, as often as replies. */
  readonly slowPolling: boolean;
}

const CURRENT: KernelProfile = {
  name: 'current',
  hotPlug: true,
  features: 'guest_matrix hotplug ap_config',
  apConfig: true,
  guestMatrix: true,
  irqs: 2,
  request: 'clears-masks',
  noInstance: EUSERS,
  setsSuccessCc: true,
  wrapsHmacKeys: true,
  refusesNibZero: true,
  iscFailure: { rc: 0x06, unpins: true, noticedBy: 'driver' },
  checksNibShared: true,
  reset: 'work',
  passable: [0x00, 0x03, 0x04],
  inUse: true,
  defersFiltering: true,
  filters: 'shadow',
  assigns: 'unreserved',
  statusBy: 'shadow',
  attrMutex: 'ap_attr_mutex',
  driverOverride: true,
  busCallbacks: true,
  maskUevents: true,
  scanResult: true,
  depthMinusOne: false,
  smallestMl: 4,
  onlineMindsCheckstop: true,
  rewritesCprbDomain: true,
  admask: true,
  slowPolling: true,
};

/** What the AP bus did before the rework of its scan (2024), of checkstops (late 2023) and of its attributes (late 2025). */
const OLDER_BUS = {
  attrMutex: 'ap_perms_mutex',
  driverOverride: false,
  scanResult: false,
  depthMinusOne: true,
  smallestMl: 1,
  onlineMindsCheckstop: false,
  rewritesCprbDomain: false,
  slowPolling: false,
} as const;

export const KERNELS: Readonly<Record<KernelName, KernelProfile>> = {
  current: CURRENT,
  '6.0': {
    ...CURRENT,
    ...OLDER_BUS,
    name: '6.0',
    noInstance: EPERM,
    features: null,
    apConfig: false,
    irqs: 0,
    request: 'none',
    setsSuccessCc: false,
    wrapsHmacKeys: false,
    refusesNibZero: false,
    iscFailure: { rc: 0x08, unpins: false, noticedBy: 'driver' },
    checksNibShared: false,
    reset: 'synchronous',
    passable: [0x00],
    defersFiltering: false,
    filters: 'matrix',
    statusBy: 'guest',
  },
  '5.15': {
    ...CURRENT,
    ...OLDER_BUS,
    name: '5.15',
    noInstance: EPERM,
    hotPlug: false,
    features: null,
    apConfig: false,
    guestMatrix: false,
    irqs: 0,
    request: 'none',
    setsSuccessCc: false,
    wrapsHmacKeys: false,
    refusesNibZero: false,
    iscFailure: { rc: 0x08, unpins: false, noticedBy: 'machine' },
    checksNibShared: false,
    reset: 'synchronous-matrix',
    passable: [],
    inUse: false,
    defersFiltering: false,
    filters: 'nothing',
    assigns: 'bound',
    statusBy: 'guest',
    busCallbacks: false,
    maskUevents: false,
    admask: false,
  },
};
