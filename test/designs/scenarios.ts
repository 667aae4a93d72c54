/**
 * The situations that the designs of the driver's history are told apart by: who does what at the same time.
 */
import { secureExecution } from '../../src/kvm/secure-execution.ts';
import type { Task } from '../../src/runtime/task.ts';
import { M1, M2, type Host } from '../helpers/host.ts';
import type { Scenario } from './walk.ts';

export const ON = { ir: true, isc: 3, nib: 0x20000 };
export const OFF = { ir: false, isc: 0, nib: 0 };

/** AQIC of a protected guest is an operation exception: that is the guest's business. */
export async function aqic(host: Host, task: Task, operand: typeof ON, vcpu = 0): Promise<number | null> {
  return await host
    .cpu('guest1', vcpu)
    .aqic(task, 0x0504, operand)
    .then(
      ({ rc }) => rc,
      () => null,
    );
}

async function oneMdev(host: Host, task: Task): Promise<void> {
  await host.create(task, M1, { adapters: [5], domains: [4] });
}

async function attached(host: Host, task: Task): Promise<void> {
  await oneMdev(host, task);
  await host.attach(task, 'guest1', M1);
}

async function twoMdevs(host: Host, task: Task): Promise<void> {
  await oneMdev(host, task);
  await host.create(task, M2, { adapters: [6], domains: [4] });
}

/** Another mdev is opened for the same VM, which QEMU itself would not do. */
const openSecond = (host: Host, task: Task): Promise<number> => host.mdev(M2).device.open(task, host.vm('guest1').qemu);

async function closeSecond(host: Host, task: Task): Promise<void> {
  if (host.mdev(M2).device.kvm !== null) await host.mdev(M2).device.close(task);
}

export const SCENARIOS = {
  /** vfio-N1, vfio-N7: the guest gets its device, starts Secure Execution and enables an interrupt. */
  attach: {
    setup: oneMdev,
    tasks: (host) => ({
      set: (t) => host.attach(t, 'guest1', M1),
      pv: (t) => secureExecution(t, host.vm('guest1').kvm, true),
      vcpu: async (t) => {
        await aqic(host, t, ON);
        await aqic(host, t, ON);
      },
    }),
  },
  /** vfio-N25: the same with somebody who wants to change another mdev. */
  writer: {
    setup: twoMdevs,
    tasks: (host) => ({
      set: (t) => host.attach(t, 'guest1', M1),
      pv: (t) => secureExecution(t, host.vm('guest1').kvm, true),
      vcpu: async (t) => {
        await aqic(host, t, ON);
        await aqic(host, t, ON);
      },
      admin: async (t) => {
        await host.store(t, M2, 'assign_control_domain', '4');
        await host.store(t, M2, 'unassign_control_domain', '4');
      },
    }),
  },
  /** The same when it loses its device. */
  detach: {
    setup: attached,
    tasks: (host) => ({
      set: (t) => host.detach(t, 'guest1'),
      pv: (t) => secureExecution(t, host.vm('guest1').kvm, true),
      vcpu: async (t) => {
        await aqic(host, t, ON);
        await aqic(host, t, ON);
      },
    }),
  },
  /** vfio-N3: Secure Execution in one VM, AP in another one, one after the other. */
  apart: {
    setup: async (host, task) => {
      await attached(host, task);
      await aqic(host, task, ON);
      await host.detach(task, 'guest1');
    },
    tasks: (host) => ({ pv: (t) => secureExecution(t, host.vm('guest2').kvm, true) }),
  },
  /** vfio-N5: two mdevs are opened for one VM at the same time. */
  rivals: {
    setup: twoMdevs,
    tasks: (host) => ({ first: (t) => host.attach(t, 'guest1', M1), second: (t) => openSecond(host, t) }),
    after: closeSecond,
  },
  /** vfio-G7, vfio-N15: a second mdev is opened for a VM that has one. */
  second: {
    setup: async (host, task) => {
      await twoMdevs(host, task);
      await host.attach(task, 'guest1', M1);
    },
    tasks: (host) => ({ second: (t) => openSecond(host, t) }),
    after: async (host, task) => {
      // A look at the state, as any user of sysfs takes it.
      await host.show(task, M1, 'matrix');
      await closeSecond(host, task);
    },
  },
  /** One mdev is opened for a VM while another one of the same VM is closed. */
  handover: {
    setup: async (host, task) => {
      await twoMdevs(host, task);
      await openSecond(host, task);
    },
    tasks: (host) => ({ first: (t) => host.attach(t, 'guest1', M1), second: (t) => closeSecond(host, t) }),
  },
  /** A guest detaches with its interrupt enabled. */
  interrupt: {
    setup: attached,
    tasks: (host) => ({
      vcpu: async (t) => {
        await aqic(host, t, ON);
        await host.detach(t, 'guest1');
      },
    }),
  },
  /** vfio-N11: AQIC while its queue is unbound. */
  unbind: {
    setup: attached,
    tasks: (host) => ({ vcpu: (t) => aqic(host, t, ON), admin: (t) => host.unbind(t, '05.0004') }),
  },
  /** Two vCPUs enable and disable the interrupt of one queue. */
  vcpus: {
    setup: attached,
    tasks: (host) => ({
      vcpu0: async (t) => {
        await aqic(host, t, ON);
        await aqic(host, t, OFF);
      },
      vcpu1: async (t) => {
        await aqic(host, t, ON, 1);
        await aqic(host, t, OFF, 1);
      },
    }),
  },
  /** The mdev is detached and removed while a vCPU is on its way into the handler. */
  remove: {
    setup: attached,
    tasks: (host) => ({
      admin: async (t) => {
        await host.detach(t, 'guest1');
        await host.store(t, M1, 'remove', '1');
      },
      vcpu: (t) => aqic(host, t, ON),
    }),
  },
  /** vfio-H5, and the inversion behind it: the host wants an adapter that is assigned at the same time. */
  masks: {
    setup: async (host, task) => void (await host.create(task, M1, { domains: [4] })),
    tasks: (host) => ({
      mask: (t) => host.write(t, '/sys/bus/ap/apmask', '+5'),
      admin: (t) => host.store(t, M1, 'assign_adapter', '5'),
    }),
  },
  /** Hot plug and unplug beside interrupts and Secure Execution. */
  plug: {
    setup: attached,
    tasks: (host) => ({
      admin: async (t) => {
        await host.store(t, M1, 'assign_adapter', '6');
        await host.store(t, M1, 'unassign_adapter', '6');
      },
      pv: (t) => secureExecution(t, host.vm('guest1').kvm, true),
      vcpu: (t) => aqic(host, t, ON),
    }),
  },
  /** The host loses an adapter while another one is assigned. */
  host: {
    setup: attached,
    tasks: (host) => ({
      scan: async (t) => {
        host.hardware.unplug(5);
        await host.machine.bus.scan(t);
      },
      admin: (t) => host.store(t, M1, 'assign_adapter', '6'),
    }),
  },
} satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof SCENARIOS;
