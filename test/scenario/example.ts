/**
 * A small valid scenario that the tests of the loader bend: every line is found by its text, so that a case names what it changes.
 */

export const EXAMPLE = `host:
  adapters: [{ id: 5, type: CEX8C }, { id: 6, type: CEX8A }]
  domains: [4, 0x47, 0xab]
  apmask: "-5,-6"
mdevs:
  - { name: m1, uuid: 783e6dbb-ea0e-411f-94e2-717eaad438bf, adapters: [5, 6], domains: [4, 0xab] }
  - { name: m2, adapters: [5], domains: [0x47] }
guests:
  - { name: g1, mdev: m1, vcpus: 2, workload: { rsa: { operations: 120, bits: [1024, 4096] } } }
  - { name: g2, mdev: m2 }
events:
  - { at: 25%, task: admin, write: [/sys/devices/vfio_ap/matrix/m1/unassign_adapter, "6"], expect: ok }
  - { task: admin, do: attach, guest: g1 }
`;

/** The example with `from`, which must occur, replaced by `to`. */
export function example(from: string, to: string): string {
  if (!EXAMPLE.includes(from)) throw new Error(`expected a piece of the example, got ${JSON.stringify(from)}`);
  return EXAMPLE.replace(from, () => to);
}

/** The example with one more event. */
export const withEvent = (event: string): string => `${EXAMPLE}  - ${event}\n`;
