/**
 * What a CPU looks like after a reset (arch/s390/kvm/kvm-s390.c: kvm_arch_vcpu_ioctl_initial_reset, kvm_arch_vcpu_ioctl_normal_reset).
 */
import type { VirtualCpu } from './virtual-cpu.ts';

const CR0_AFTER_RESET = 0xe0;
const CR14_AFTER_RESET = 0xc200_0000;

/** Nothing is pending any more; registers stay. */
export function resetCpu(virtual: VirtualCpu): void {
  virtual.clearPending();
  virtual.cpu.intercepted = null;
  virtual.cpu.checkStop = null;
}

/** Also PSW, prefix, timers and control registers, with what they have after a reset. `now`: microseconds. */
export function initialResetCpu(virtual: VirtualCpu, now: number): void {
  resetCpu(virtual);
  const { cpu } = virtual;
  cpu.systemMask = 0;
  cpu.key = 0;
  cpu.machineCheckMask = false;
  cpu.wait = false;
  cpu.problem = false;
  cpu.asc = 0;
  cpu.cc = 0;
  cpu.programMask = 0;
  cpu.ia = 0;
  cpu.fpc = 0;
  cpu.setMode(24);
  cpu.setPrefix(0);
  for (let register = 0; register < 16; register++) cpu.setControl(register, 0, 0);
  cpu.setControl(0, 0, CR0_AFTER_RESET);
  cpu.setControl(14, 0, CR14_AFTER_RESET | 0);
  virtual.comparatorHigh = 0;
  virtual.comparatorLow = 0;
  virtual.setTimer(now, now);
}
