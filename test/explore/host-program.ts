/**
 * A whole host as a program to explore: two guests with an mdev each, booted and attached in the preparation, and tasks of the test's own.
 * Its digest is what can be seen of it from outside: masks, queues, references, interruptions.
 */
import { EventLog } from '../../src/base/event-log.ts';
import { createLogger } from '../../src/base/logger.ts';
import type { Program } from '../../src/explore/program.ts';
import { InterpretiveAp } from '../../src/kvm/interpretive-ap.ts';
import type { GuestSpec, HostSpec } from '../../src/machine/host-spec.ts';
import { Machine, mdevPath } from '../../src/machine/machine.ts';
import type { Task, TaskBody } from '../../src/runtime/task.ts';
import { designByName } from '../../src/vfio-ap/locking/designs.ts';

const MDEVS = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'] as const;
const DOMAINS = [4, 0x47] as const;
/** What each guest has: adapter 5 with its domain. */
export const APQNS = DOMAINS.map((domain) => (5 << 8) | domain);

const guest = (i: number): GuestSpec => ({
  ...{ name: `guest${i}`, mdev: `m${i}`, vcpus: 2, workload: null, apie: true, interrupts: true, attach: false },
});

const SPEC: HostSpec = {
  kernel: 'current',
  adapters: [
    { id: 5, type: 'CEX5C' },
    { id: 6, type: 'CEX5A' },
  ],
  domains: DOMAINS,
  controlDomains: DOMAINS,
  apmask: '-5,-6',
  aqmask: null,
  serviceScale: 0,
  mdevs: DOMAINS.map((domain, i) => ({ name: `m${i}`, uuid: MDEVS[i]!, adapters: [5], domains: [domain], controlDomains: [] })),
  guests: [guest(0), guest(1)],
};

const log = createLogger({ level: 'silent', now: () => 0, destination: { write: () => undefined } });

/** What the tasks of a test work with. */
export class HostUnderTest {
  readonly machine: Machine;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  cpu(i: number, vcpu = 0): InterpretiveAp {
    const { kvm } = this.machine.vms[i]!;
    return new InterpretiveAp(kvm, kvm.vcpus[vcpu]!, this.machine.vfioAp.design);
  }

  attach(task: Task, i: number): Promise<number> {
    return this.machine.vms[i]!.qemu.attach(task, this.machine.vfioAp.findMdev(MDEVS[i]!)!.device);
  }

  store(task: Task, i: number, attribute: string, text: string): Promise<number> {
    return this.machine.sysfs.write(task, mdevPath(MDEVS[i]!, attribute), text);
  }

  /** The state as text. */
  digest(): string {
    const { hardware, vms, vfioAp } = this.machine;
    const queues = [5, 6].flatMap((adapter) => DOMAINS.map((domain) => hardware.queueState((adapter << 8) | domain)));
    return JSON.stringify({
      queues: queues.map(
        (q) => q && [q.pending.length, q.replies.map(({ psmid }) => Number(psmid)), q.irq?.isc, q.sent, q.resetting !== null],
      ),
      adapters: [5, 6].map((id) => [hardware.adapter(id)?.configured, hardware.counters(id)]),
      guests: vms.map(({ kvm }) => {
        const { apm, aqm } = kvm.apcb.inspect();
        const { delivered, totalReferences } = kvm.gisa;
        return [
          [...apm.bits()],
          [...aqm.bits()],
          delivered,
          totalReferences,
          kvm.gisa.pendingFor(0xff),
          kvm.referenceCount,
          kvm.memory.load(0x1000),
        ];
      }),
      mdevs: MDEVS.map((uuid) => vfioAp.findMdev(uuid)?.name),
    });
  }
}

export interface HostTasks {
  /** Guests that are attached before. */
  readonly attached: readonly number[];
  readonly tasks: Readonly<Record<string, (task: Task, host: HostUnderTest) => Promise<unknown>>>;
}

export function hostProgram(name: string, { attached, tasks }: HostTasks): Program {
  return {
    name,
    build({ rt, layer }) {
      const events = new EventLog(() => rt.now());
      const machine = new Machine({ layer, spec: SPEC, design: designByName('guests-lock')!, seed: 1, log, events });
      const host = new HostUnderTest(machine);
      return {
        async setup(task) {
          await machine.boot(task);
          for (const i of attached) await host.attach(task, i);
          machine.bus.stop();
        },
        start() {
          const body =
            (text: (task: Task, host: HostUnderTest) => Promise<unknown>): TaskBody =>
            async (task) =>
              void (await text(task, host));
          for (const [title, text] of Object.entries(tasks)) rt.spawn(title, body(text));
        },
        digest: () => host.digest(),
      };
    },
  };
}
