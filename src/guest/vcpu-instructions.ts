/**
 * AP instructions of the guest's kernel: executed on the vCPU on which the calling task runs. A queue belongs to no vCPU, so the driver
 * polls it from whichever one took the interrupt.
 */
import type { Apqn } from '../base/apqn.ts';
import type { MaybePromise } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { ApInstructions, AqicOperand, DqapResult, NqapRequest, QciInfo, TapqResult } from '../crypto-adapters/ap-instructions.ts';
import type { ApStatus } from '../crypto-adapters/ap-status.ts';
import type { GuestCpu } from './guest-port.ts';

export class VcpuInstructions implements ApInstructions {
  private readonly cpus = new Map<Task, GuestCpu>();

  /** From now on this task is that vCPU. */
  enter(task: Task, cpu: GuestCpu): void {
    this.cpus.set(task, cpu);
  }

  leave(task: Task): void {
    this.cpus.delete(task);
  }

  tapq(task: Task, apqn: Apqn): MaybePromise<TapqResult> {
    return this.on(task).tapq(task, apqn);
  }

  rapq(task: Task, apqn: Apqn): MaybePromise<ApStatus> {
    return this.on(task).rapq(task, apqn);
  }

  zapq(task: Task, apqn: Apqn): MaybePromise<ApStatus> {
    return this.on(task).zapq(task, apqn);
  }

  aqic(task: Task, apqn: Apqn, operand: AqicOperand): MaybePromise<ApStatus> {
    return this.on(task).aqic(task, apqn, operand);
  }

  qci(task: Task): MaybePromise<QciInfo | null> {
    return this.on(task).qci(task);
  }

  nqap(task: Task, apqn: Apqn, request: NqapRequest): MaybePromise<ApStatus> {
    return this.on(task).nqap(task, apqn, request);
  }

  dqap(task: Task, apqn: Apqn, capacity: number): MaybePromise<DqapResult> {
    return this.on(task).dqap(task, apqn, capacity);
  }

  private on(task: Task): ApInstructions {
    const cpu = this.cpus.get(task);
    if (cpu === undefined) throw new Error(`expected the task of a vCPU to issue an AP instruction, got ${task.name}`);
    return cpu.instructions;
  }
}
