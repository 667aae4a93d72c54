/**
 * What a guest sees of its KVM: implements the guest's port over vCPUs, storage and QEMU (no kernel counterpart: it is the border
 * between host and guest).
 */
import type { ChannelReportWord, EventInformation } from '../base/channel-report.ts';
import { InterpretiveAp } from '../kvm/interpretive-ap.ts';
import type { Kvm } from '../kvm/kvm.ts';
import type { PqapInterception } from '../kvm/pqap-port.ts';
import type { Vcpu } from '../kvm/vcpu.ts';
import { executeSie } from '../kvm/vsie.ts';
import type { CpuStatus, GuestCpu, GuestFacilities, GuestPlatform, GuestStorage, NestedProgram, SieExit } from '../guest/guest-port.ts';
import type { Task } from '../runtime/task.ts';
import type { Qemu } from '../vmm/qemu.ts';

class KvmCpu implements GuestCpu {
  readonly id: number;
  readonly instructions: InterpretiveAp;
  private readonly kvm: Kvm;
  private readonly vcpu: Vcpu;

  private readonly qemu: Qemu;

  constructor(qemu: Qemu, vcpu: Vcpu, interception: PqapInterception) {
    const { kvm } = qemu;
    this.qemu = qemu;
    this.id = vcpu.id;
    this.kvm = kvm;
    this.vcpu = vcpu;
    this.instructions = new InterpretiveAp(kvm, vcpu, interception);
  }

  providesAp(): boolean {
    return this.vcpu.apie;
  }

  setStatus({ problemState, ioEnabled, iscs }: CpuStatus): void {
    this.vcpu.problemState = problemState;
    this.vcpu.ioEnabled = ioEnabled;
    this.vcpu.enabledIscs = iscs;
  }

  sie(task: Task, origin: number, program: NestedProgram): Promise<SieExit> {
    return executeSie(task, { kvm: this.kvm, vcpu: this.vcpu, origin, program });
  }

  /** Both leave KVM for QEMU, which serves them under its big lock. */
  async storeChannelReportWord(task: Task): Promise<ChannelReportWord | null> {
    await this.exitToUserSpace(task);
    return await this.qemu.storeChannelReportWord(task);
  }

  async storeEventInformation(task: Task): Promise<EventInformation> {
    await this.exitToUserSpace(task);
    return await this.qemu.storeEventInformation(task);
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

  /** KVM_RUN that ends with an intercepted instruction. */
  private async exitToUserSpace(task: Task): Promise<void> {
    using _run = await this.vcpu.mutex.acquire(task);
    await this.vcpu.inSieLocked(task, () => undefined);
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
    this.cpus = kvm.vcpus.map((vcpu) => new KvmCpu(qemu, vcpu, interception));
  }

  openChannelReports(): void {
    this.qemu.openChannelReports();
  }

  takeMachineCheck(): boolean {
    return this.qemu.takeMachineCheck();
  }

  deliversInterruptions(): boolean {
    return this.qemu.kvm.gisa.enabled;
  }
}
