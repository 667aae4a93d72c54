/**
 * Known defects of vfio_ap as switches, all off by default: off is correct behaviour, on is what the kernel did, or does. Each is asked for
 * at the one place where it makes a difference. The names Q1 to Q16 are those of the list of defects in the specification; the others are
 * defects that have been fixed upstream.
 */

export interface Quirk {
  readonly name: string;
  /** What the code does. */
  readonly does: string;
  /** What comes of it. */
  readonly consequence: string;
}

export const QUIRKS = [
  {
    name: 'Q1',
    does: 'a host configuration change takes the kvm->lock of every mdev concerned, whether it has a guest or not',
    consequence: 'NULL dereference when an mdev without a guest gains or loses an adapter or a domain',
  },
  {
    name: 'Q2',
    does: 'what is left of a mask, instead of whether it changed, decides if a host configuration change is pushed to the guest',
    consequence: 'a guest keeps its last adapter or domain although the host has lost it',
  },
  {
    name: 'Q3',
    does: 'control domains leave the guests that they are not assigned to, instead of those that they are',
    consequence: 'a control domain that the host has lost stays usable',
  },
  {
    name: 'Q4',
    does: 'once one mdev is concerned by a host configuration change, so is every mdev after it in the list',
    consequence: 'vCPUs of other guests are stopped to be given the masks that they have',
  },
  {
    name: 'Q5',
    does: 'a scan that only adds control domains resets the queues that an uninitialised bitmap names',
    consequence: 'queues are reset while guests use them',
  },
  {
    name: 'Q6',
    does: 'a queue whose adapter or domain is unassigned while the guest does not have it keeps its pointer to the mdev',
    consequence: 'use after free when the mdev is removed and then the queue is unbound',
  },
  {
    name: 'Q7',
    does: 'a new mdev enters the list under mdevs_lock only, while the list is walked under guests_lock only',
    consequence: 'data race on the list',
  },
  {
    name: 'Q10',
    does: 'an AQIC that fails with an unexpected response code keeps the page and the ISC of the attempt',
    consequence: 'a pinned page and an ISC reference leak',
  },
  {
    name: 'Q14',
    does: 'a request for the device clears the masks of the guest only, and the next push restores them',
    consequence: 'a guest gets adapters back while its device is being removed',
  },
  {
    name: 'Q16',
    does: 'type1 takes device_list_lock under iommu->lock when guest storage is unmapped, and asks the devices, which unpin, under the former',
    consequence: 'two unmaps of a guest, or an unmap and an AQIC, can wait for each other',
  },
  {
    name: 'filter-new-ids-only',
    does: 'filtering looks at newly assigned adapters, domains and queues only',
    consequence: 'a guest is given an APQN whose queue is not bound',
  },
  {
    name: 'probe-error-leak',
    does: 'a probe that runs out of memory leaves the status attribute of its queue behind',
    consequence: 'NULL dereference by whoever reads it',
  },
  {
    name: 'required-lock-missing',
    does: 'pending additions to the host configuration are written under guests_lock only',
    consequence: 'data race with whoever reads them under mdevs_lock',
  },
  {
    name: 'reset-after-host-removal',
    does: 'a queue that has left the host configuration is reset when it is unbound',
    consequence: 'a reset that can only fail, and a kernel warning',
  },
  {
    name: 'reset-siblings-skipped',
    does: 'when a guest loses an adapter because of one queue, the other queues of the adapter are not reset',
    consequence: 'they come back to the guest with what was in them',
  },
  {
    name: 'stale-hook',
    does: 'a failed attach leaves its own PQAP hook with the guest',
    consequence: 'AQIC goes to the wrong mdev, and to freed memory when that is removed',
  },
  {
    name: 'status-in-probe',
    does: 'the status attribute of a queue appears before the driver data of the queue is set',
    consequence: 'NULL dereference by whoever reads it during the probe',
  },
] as const satisfies readonly Quirk[];

export type QuirkName = (typeof QUIRKS)[number]['name'];
export type Quirks = ReadonlySet<QuirkName>;

export const QUIRK_NAMES: readonly QuirkName[] = QUIRKS.map(({ name }) => name);
/** Correct behaviour. */
export const NO_QUIRKS: Quirks = new Set();
