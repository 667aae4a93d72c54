/**
 * What a guest sees of its KVM: implements the guest's port over vCPUs, storage and QEMU (no kernel counterpart: it is the border
 * between host and guest).
 */
import { InterpretiveAp } from '../kvm/interpretive-ap.ts';
import type { Kvm } from '../kvm/kvm.ts';
import type { PqapInterception } from '../kvm/pqap-port.ts';
import type { Vcpu } from '../kvm/vcpu.ts';
import type { GuestCpu, GuestFacilities, GuestPlatform, GuestStorage } from '../guest/guest-port.ts';
import type { Task } from '../runtime/task.ts';
import type { Qemu } from '../vmm/qemu.ts';

class KvmCpu implements GuestCpu {
  readonly id: number;
  readonly instructions: InterpretiveAp;
  private readonly vcpu: Vcpu;

  constructor(kvm: Kvm, vcpu: Vcpu, interception: PqapInterception) {
    this.id = vcpu.id;
    this.vcpu = vcpu;
    this.instructions = new InterpretiveAp(kvm, vcpu, interception);
  }

  takeInterruption(): number | null {
    return this.vcpu.takeInterruption();
  }

  idle(task: Task, until: () => boolean, timeoutMs?: number): Promise<boolean> {
    return this.vcpu.idle(task, until, timeoutMs);
  }

  kick(): void {
    this.vcpu.kick(null);
  }
}

export class KvmPlatform implements GuestPlatform {
  readonly name: string;
  readonly cpus: readonly GuestCpu[];
  readonly storage: GuestStorage;
  readonly facilities: GuestFacilities;
  private readonly qemu: Qemu;

  constructor(qemu: Qemu, interception: PqapInterception) {
    const { kvm } = qemu;
    this.name = kvm.name;
    this.qemu = qemu;
    this.storage = kvm.memory;
    this.facilities = kvm.facilities;
    this.cpus = kvm.vcpus.map((vcpu) => new KvmCpu(kvm, vcpu, interception));
  }

  takeConfigurationChange(): boolean {
    return this.qemu.takeConfigurationChange();
  }
}
