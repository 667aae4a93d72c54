/**
 * Known defects of vfio_ap and of the bus below it as switches, all off by default: off is correct behaviour, on is what the kernel did, or
 * does. Each is asked for at the one place where it makes a difference. The names Q1 to Q16 are those of the list of defects in the
 * specification; the others are defects that have been fixed upstream. One is by default what happens: the specification wants it
 * (`byDefault`).
 */
import type { KernelName } from '../base/kernel-profile.ts';

export interface Quirk {
  readonly name: string;
  /** What the code does. */
  readonly does: string;
  /** What comes of it. */
  readonly consequence: string;
  /** The scenario of the bug corpus that shows it: scenarios/corpus/NAME.yaml. */
  readonly shownBy: string;
  /** What the driver does by specification, so that it is always done: naming it has the consequence checked. */
  readonly byDefault?: true;
}

export const QUIRKS = [
  {
    name: 'Q1',
    does: 'a host configuration change takes the kvm->lock of every mdev concerned, whether it has a guest or not',
    consequence: 'NULL dereference when an mdev without a guest gains or loses an adapter or a domain',
    shownBy: '12-host-config-without-guest',
  },
  {
    name: 'Q2',
    does: 'what is left of a mask, instead of whether it changed, decides if a host configuration change is pushed to the guest',
    consequence: 'a guest keeps its last adapter or domain although the host has lost it',
    shownBy: '15-last-adapter-stays',
  },
  {
    name: 'Q3',
    does: 'control domains leave the guests that they are not assigned to, instead of those that they are',
    consequence: 'a control domain that the host has lost stays usable',
    shownBy: '16-control-domain-stays',
  },
  {
    name: 'Q4',
    does: 'once one mdev is concerned by a host configuration change, so is every mdev after it in the list',
    consequence: 'vCPUs of other guests are stopped to be given the masks that they have',
    shownBy: '17-second-guest-stopped',
  },
  {
    name: 'Q5',
    does: 'a scan that only adds control domains resets the queues that an uninitialised bitmap names',
    consequence: 'queues are reset while guests use them',
    shownBy: '18-uninitialised-bitmap',
  },
  {
    name: 'Q6',
    does: 'a queue whose adapter or domain is unassigned while the guest does not have it keeps its pointer to the mdev',
    consequence: 'use after free when the mdev is removed and then the queue is unbound',
    shownBy: '34-stale-back-pointer',
  },
  {
    name: 'Q7',
    does: 'a new mdev enters the list under mdevs_lock only, while the list is walked under guests_lock only',
    consequence: 'data race on the list',
    shownBy: '14-list-without-lock',
  },
  {
    name: 'Q8',
    does: 'ap_config is read without a lock, mask by mask',
    consequence: 'data race: the text can show a configuration that the mdev never had',
    shownBy: '37-torn-ap-config',
  },
  {
    name: 'Q9',
    does: 'the types of adapters that the host gains are looked at in domains that it gains at the same time, and without any nowhere',
    consequence: 'adapters that vfio_ap cannot serve wait to be filtered in, and guests are told of changes that are none',
    shownBy: '38-unsupported-adapter',
  },
  {
    name: 'Q10',
    does: 'an AQIC that fails with an unexpected response code keeps the page and the ISC of the attempt',
    consequence: 'a pinned page and an ISC reference leak',
    shownBy: '35-failed-aqic-keeps-resources',
  },
  {
    name: 'Q11',
    does: 'a close clears the PQAP hook whosever it is, and a refused open restores the hook of an mdev that may have gone since it looked',
    consequence: 'AQIC of a guest that has an mdev answers "not available", or reaches an mdev that the guest has closed, or freed memory',
    shownBy: '39-hook-of-another',
  },
  {
    name: 'Q12',
    does: 'what is left of an assignment is not filtered again when an adapter or a domain is unassigned',
    consequence: 'an adapter stays out of the guest on account of a queue that has nothing to do with it any more',
    byDefault: true,
    shownBy: '40-adapter-left-out',
  },
  {
    name: 'Q13',
    does: 'without a PQAP hook the status of an AQIC is stored in the high half of GR1, and the low half stays as the guest had set it',
    consequence: 'a guest takes its own operand for the answer: it believes that it has interrupts although it has no queue',
    shownBy: '41-status-out-of-sight',
  },
  {
    name: 'Q14',
    does: 'a request for the device clears the masks of the guest only, and the next push restores them',
    consequence: 'a guest gets adapters back while its device is being removed',
    shownBy: '36-masks-given-back',
  },
  {
    name: 'Q15',
    does: 'as the kernel documentation still has it: removal of an mdev in use and sharing of a queue answer -EBUSY, the former in vain',
    consequence: 'the mdev is gone for user space, but its guest keeps its queues, and they stay assigned for good',
    shownBy: '08-removed-while-in-use',
  },
  {
    name: 'Q16',
    does: 'type1 takes device_list_lock under iommu->lock when guest storage is unmapped, and asks the devices, which unpin, under the former',
    consequence: 'two unmaps of a guest, or an unmap and an AQIC, can wait for each other',
    shownBy: '33-unmap-cycle',
  },
  {
    name: 'filter-new-ids-only',
    does: 'filtering looks at newly assigned adapters, domains and queues only',
    consequence: 'a guest is given an APQN whose queue is not bound',
    shownBy: '24-new-ids-filtered-only',
  },
  {
    name: 'node-destroyed-under-mutex',
    does: 'a node of zcrypt is unregistered under the mutex that stores to its masks take',
    consequence: 'the removal waits for a store that has begun, which waits for the mutex',
    shownBy: '48-node-destroyed-under-mutex',
  },
  {
    name: 'override-device-lock',
    does: 'driver_override is guarded by the mutex of its device, taken under the one of apmask and aqmask, which a probe takes under the former',
    consequence: 'a name that is written while the queue is being bound waits for the probe, which waits for the writer',
    shownBy: '46-override-under-device-lock',
  },
  {
    name: 'probe-error-leak',
    does: 'a probe that runs out of memory leaves the status attribute of its queue behind',
    consequence: 'NULL dereference by whoever reads it',
    shownBy: '32-probe-error-path',
  },
  {
    name: 'required-lock-missing',
    does: 'pending additions to the host configuration are written under guests_lock only',
    consequence: 'data race with whoever reads them under mdevs_lock',
    shownBy: '13-pending-without-lock',
  },
  {
    name: 'reset-after-host-removal',
    does: 'a queue that has left the host configuration is reset when it is unbound',
    consequence: 'a reset that can only fail, and a kernel warning',
    shownBy: '22-reset-after-host-removal',
  },
  {
    name: 'reset-siblings-skipped',
    does: 'when a guest loses an adapter because of one queue, the other queues of the adapter are not reset',
    consequence: 'they come back to the guest with what was in them',
    shownBy: '20-siblings-not-reset',
  },
  {
    name: 'stale-hook',
    does: 'a failed attach leaves its own PQAP hook with the guest',
    consequence: 'AQIC goes to the wrong mdev, and to freed memory when that is removed',
    shownBy: '10-stale-pqap-hook',
  },
  {
    name: 'status-in-probe',
    does: 'the status attribute of a queue appears before the driver data of the queue is set',
    consequence: 'NULL dereference by whoever reads it during the probe',
    shownBy: '11-status-during-probe',
  },
  {
    name: 'vsie-no-restart',
    does: 'a change of masks takes the vCPUs out of SIE, but does not make them build the masks of nested guests anew',
    consequence: 'a nested guest goes on with a queue that its hypervisor has lost',
    shownBy: '45-nested-guest-not-restarted',
  },
  {
    name: 'weight-of-last-card',
    does: 'a request to zcrypt adds to the loads the weight of the card that was looked at last, not of the one that was chosen',
    consequence: 'cards look busier than they are, or less, and later requests go to the wrong one',
    shownBy: '47-weight-of-last-card',
  },
] as const satisfies readonly Quirk[];

export type QuirkName = (typeof QUIRKS)[number]['name'];
export type Quirks = ReadonlySet<QuirkName>;

export const QUIRK_NAMES: readonly QuirkName[] = QUIRKS.map(({ name }) => name);
/** Defects that a kernel had and its successors have not: a run as that kernel has them without being asked. */
const KERNEL_QUIRKS: Readonly<Record<KernelName, readonly QuirkName[]>> = {
  current: [],
  '6.0': ['filter-new-ids-only', 'reset-after-host-removal', 'reset-siblings-skipped', 'stale-hook'],
  // There is no filtering in it, so nothing can be wrong with that, nor with resets on account of it.
  '5.15': ['reset-after-host-removal', 'stale-hook'],
};

/** What is switched on in a run as `kernel`: its own defects and those that were asked for. */
export function quirksOf(kernel: KernelName, chosen: Quirks): Quirks {
  const own = KERNEL_QUIRKS[kernel];
  return own.length === 0 ? chosen : new Set([...own, ...chosen]);
}

/** Correct behaviour. */
export const NO_QUIRKS: Quirks = new Set();
