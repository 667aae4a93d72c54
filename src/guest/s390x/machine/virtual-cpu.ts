/**
 * One CPU of a guest in machine code as the machine sees it: the interpreter's CPU, the vCPU below it, whether it is stopped, what is
 * pending for it, its clock comparator and CPU timer (struct kvm_s390_local_interrupt and the timers of kvm_s390_sie_block).
 */
import { Access } from '../../../runtime/access.ts';
import type { Runtime } from '../../../runtime/runtime.ts';
import type { GuestCpu } from '../../guest-port.ts';
import { MASK_IO, type Cpu } from '../cpu/cpu.ts';
import type { ProgramEnd } from '../program-end.ts';

/** Orders that the CPU itself carries out, when it comes to it. */
export type CpuOrder = 'start' | 'stop' | 'stop-and-store' | 'restart' | 'reset' | 'initial-reset';

export class VirtualCpu {
  readonly name: string;
  readonly cpu: Cpu;
  readonly port: GuestCpu;
  /** Why it does nothing although it is not stopped: only an order of another CPU could change that. Null: it goes on. */
  idleFor: ProgramEnd | null = null;
  /** Microseconds: the comparator's time as the program has set it (both words), and when the CPU timer becomes negative. */
  comparatorHigh = 0;
  comparatorLow = 0;
  timerDue = 0;
  /** Since when it is stopped, microseconds; null while it is not. It does nothing before somebody starts it. */
  private stoppedAt: number | null = 0;
  private readonly rt: Pick<Runtime, 'touch'>;
  private readonly orders: CpuOrder[] = [];
  /** CPUs whose emergency signals are pending; the one whose external call is. */
  private readonly emergencies = new Set<number>();
  private caller: number | null = null;

  constructor(cpu: Cpu, port: GuestCpu, { name, rt }: { readonly name: string; readonly rt: Pick<Runtime, 'touch'> }) {
    this.cpu = cpu;
    this.port = port;
    this.rt = rt;
    this.name = `${name} CPU ${cpu.id}`;
  }

  get stopped(): boolean {
    return this.stoppedAt !== null;
  }

  /** The CPU timer of a stopped CPU stands still. */
  stop(now: number): void {
    this.stoppedAt ??= now;
  }

  start(now: number): void {
    if (this.stoppedAt !== null) this.timerDue += now - this.stoppedAt;
    this.stoppedAt = null;
  }

  /** The time that it is for the CPU timer. */
  timerNow(now: number): number {
    return this.stoppedAt ?? now;
  }

  /** SET CPU TIMER, or a reset. */
  setTimer(due: number, now: number): void {
    this.timerDue = due;
    if (this.stoppedAt !== null) this.stoppedAt = now;
  }

  /** The vCPU below must know what the program has masked, before it waits, executes AP instructions or is interrupted. */
  showStatus(): void {
    const { cpu } = this;
    // CR6 bits 32 to 39, as they are: bit 32 is ISC 0.
    const iscs = this.stopped ? 0 : cpu.crLo[6]! >>> 24;
    this.port.setStatus?.({ problemState: cpu.problem, ioEnabled: !this.stopped && (cpu.systemMask & MASK_IO) !== 0, iscs });
  }

  /** Carried out by the CPU's own task. Wakes it. */
  order(order: CpuOrder): void {
    this.changed();
    this.orders.push(order);
    this.port.kick();
  }

  get hasOrders(): boolean {
    this.rt.touch(this, Access.READ);
    return this.orders.length > 0;
  }

  takeOrder(): CpuOrder | null {
    if (this.orders.length === 0) return null;
    this.changed();
    return this.orders.shift()!;
  }

  emergency(from: number): void {
    this.changed();
    this.emergencies.add(from);
    this.port.kick();
  }

  /** False when one is pending already. */
  externalCall(from: number): boolean {
    this.changed();
    if (this.caller !== null) return false;
    this.caller = from;
    this.port.kick();
    return true;
  }

  get externalCallPending(): boolean {
    this.rt.touch(this, Access.READ);
    return this.caller !== null;
  }

  get emergencyPending(): boolean {
    this.rt.touch(this, Access.READ);
    return this.emergencies.size > 0;
  }

  /** The CPU address of the lowest sender. */
  takeEmergency(): number {
    this.changed();
    const from = Math.min(...this.emergencies);
    this.emergencies.delete(from);
    return from;
  }

  takeExternalCall(): number {
    this.changed();
    const from = this.caller!;
    this.caller = null;
    return from;
  }

  /** A reset: nothing is pending for it any more. */
  clearPending(): void {
    this.changed();
    this.emergencies.clear();
    this.caller = null;
  }

  private changed(): void {
    this.rt.touch(this, Access.WRITE);
  }
}
