/**
 * Goal: each order of SIGP, its condition code and its status. Method: two CPUs without programs.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Cpu } from '../../../../src/guest/s390x/cpu/cpu.ts';
import { SigpOrder, SigpStatus, executeSigp } from '../../../../src/guest/s390x/machine/sigp.ts';
import { VirtualCpu } from '../../../../src/guest/s390x/machine/virtual-cpu.ts';
import type { GuestCpu } from '../../../../src/guest/guest-port.ts';
import { Cpu as RealCpu } from '../../../../src/guest/s390x/cpu/cpu.ts';
import { codeOf, instruction, makeCpu } from './by-hand.ts';

let cpus: VirtualCpu[];
let kicks: number[];

beforeEach(() => {
  kicks = [0, 0];
  const first = makeCpu();
  const make = (cpu: Cpu): VirtualCpu => {
    const port = { id: cpu.id, kick: () => kicks[cpu.id]!++ } as unknown as GuestCpu;
    return new VirtualCpu(cpu, port, { name: 'guest', rt: { touch: () => undefined } });
  };
  cpus = [make(first), make(new RealCpu(1, first.storage))];
  cpus[0]!.start(0);
});

/** By CPU 0, with the parameter in GR3 and the CPU address in GR4: condition code and what is in GR2, into which a status is stored. */
function sigp(order: number, to: number, parameter = 0): readonly [number, number] {
  const { cpu } = cpus[0]!;
  cpu.lo[2] = 0x1234;
  cpu.lo[3] = parameter;
  cpu.lo[4] = to;
  executeSigp({ sender: cpus[0]!, cpus, now: () => 0 }, instruction('sigp', { r1: 2, r3: 4, d2: order }));
  return [cpu.cc, cpu.lo[2]];
}

const NO_STATUS = 0x1234;

test('a CPU that is not there is not operational', () => {
  expect(sigp(SigpOrder.SENSE, 2)).toEqual([3, NO_STATUS]);
});

test('SENSE tells a stopped CPU and a pending external call, and nothing otherwise', () => {
  expect(sigp(SigpOrder.SENSE, 1)).toEqual([1, SigpStatus.STOPPED]);
  cpus[1]!.start(0);
  expect(sigp(SigpOrder.SENSE, 1)).toEqual([0, NO_STATUS]);
  cpus[1]!.externalCall(0);
  expect(sigp(SigpOrder.SENSE, 1)).toEqual([1, SigpStatus.EXTERNAL_CALL_PENDING]);
});

test('an external call is pending once, an emergency signal once a sender', () => {
  expect(sigp(SigpOrder.EXTERNAL_CALL, 1)).toEqual([0, NO_STATUS]);
  expect(sigp(SigpOrder.EXTERNAL_CALL, 1)).toEqual([1, SigpStatus.EXTERNAL_CALL_PENDING]);
  expect(sigp(SigpOrder.EMERGENCY_SIGNAL, 1)).toEqual([0, NO_STATUS]);
  expect(sigp(SigpOrder.EMERGENCY_SIGNAL, 1)).toEqual([0, NO_STATUS]);
  expect([cpus[1]!.takeExternalCall(), cpus[1]!.takeEmergency(), cpus[1]!.emergencyPending]).toEqual([0, 0, false]);
  expect(kicks[1]).toBe(3);
});

describe('orders that the CPU itself carries out', () => {
  test.each([
    [SigpOrder.START, 'start'],
    [SigpOrder.STOP, 'stop'],
    [SigpOrder.RESTART, 'restart'],
    [SigpOrder.STOP_AND_STORE_STATUS, 'stop-and-store'],
    [SigpOrder.INITIAL_CPU_RESET, 'initial-reset'],
    [SigpOrder.CPU_RESET, 'reset'],
  ])('order %i is handed to it as %s', (order, name) => {
    expect(sigp(order, 1)).toEqual([0, NO_STATUS]);
    expect([cpus[1]!.takeOrder(), cpus[1]!.takeOrder(), kicks[1]]).toEqual([name, null, 1]);
  });

  test('until it has done so it is busy, except for a reset', () => {
    sigp(SigpOrder.START, 1);
    expect(sigp(SigpOrder.SENSE, 1)).toEqual([2, NO_STATUS]);
    expect(sigp(SigpOrder.STOP, 1)).toEqual([2, NO_STATUS]);
    expect(sigp(SigpOrder.CPU_RESET, 1)).toEqual([0, NO_STATUS]);
  });
});

test('SET PREFIX wants a stopped CPU and 8 KiB of storage', () => {
  expect(sigp(SigpOrder.SET_PREFIX, 1, 0x4fff)).toEqual([0, NO_STATUS]);
  expect(cpus[1]!.cpu.prefix).toBe(0x4000);
  expect(sigp(SigpOrder.SET_PREFIX, 1, 0x100000)).toEqual([1, SigpStatus.INVALID_PARAMETER]);
  cpus[1]!.start(0);
  expect(sigp(SigpOrder.SET_PREFIX, 1, 0x6000)).toEqual([1, SigpStatus.INCORRECT_STATE]);
  expect(cpus[1]!.cpu.prefix).toBe(0x4000);
});

test('STORE STATUS leaves the registers of a stopped CPU at the address', () => {
  const { cpu } = cpus[1]!;
  cpu.hi[7] = 0x11223344;
  cpu.lo[7] = -2;
  cpu.fprLo[1] = 0x55;
  cpu.setPrefix(0x8000);
  expect(sigp(SigpOrder.STORE_STATUS_AT_ADDRESS, 1, 0x30000)).toEqual([0, NO_STATUS]);
  const { view } = cpu.storage;
  expect([view.getUint32(0x3000c), view.getUint32(0x300b8), view.getInt32(0x300bc), view.getUint32(0x30118)]).toEqual([
    0x55, 0x11223344, -2, 0x8000,
  ]);
  expect(sigp(SigpOrder.STORE_STATUS_AT_ADDRESS, 1, 0xfff00)).toEqual([0, NO_STATUS]);
  expect(sigp(SigpOrder.STORE_STATUS_AT_ADDRESS, 1, 0x100000)).toEqual([1, SigpStatus.INVALID_PARAMETER]);
  expect(sigp(SigpOrder.STORE_STATUS_AT_ADDRESS, 0, 0x30000)).toEqual([1, SigpStatus.INCORRECT_STATE]);
});

test('SET ARCHITECTURE finds z/Architecture set, whatever it asks for', () => {
  expect(sigp(SigpOrder.SET_ARCHITECTURE, 0, 1)).toEqual([1, SigpStatus.INVALID_PARAMETER]);
  cpus[1]!.start(0);
  expect(sigp(SigpOrder.SET_ARCHITECTURE, 0, 1)).toEqual([1, SigpStatus.INCORRECT_STATE]);
});

test('SENSE RUNNING STATUS tells who does not run', () => {
  expect(sigp(SigpOrder.SENSE_RUNNING_STATUS, 1)).toEqual([1, SigpStatus.NOT_RUNNING]);
  expect(sigp(SigpOrder.SENSE_RUNNING_STATUS, 0)).toEqual([0, NO_STATUS]);
});

test('an order that does not exist is an invalid order; in problem state each is a privileged operation', () => {
  expect(sigp(0x77, 1)).toEqual([1, SigpStatus.INVALID_ORDER]);
  cpus[0]!.cpu.problem = true;
  expect(codeOf(() => sigp(SigpOrder.SENSE, 1))).toBe(2);
});
