/**
 * AP instructions of the guest's kernel: executed on the vCPU on which the calling task runs. A queue belongs to no vCPU, so the driver
 * polls it from whichever one took the interrupt.
 */
import type { Apqn } from '../base/apqn.ts';
import { OPERATION_EXCEPTION, ProgramInterruption } from '../base/program-interruption.ts';
import type { MaybePromise } from '../runtime/runtime.ts';
import type { Task } from '../runtime/task.ts';
import type { ApInstructions, AqicOperand, DqapResult, NqapRequest, QciInfo, TapqResult } from '../crypto-adapters/ap-instructions.ts';
import { bareStatus, type ApStatus } from '../crypto-adapters/ap-status.ts';
import { Rc } from '../crypto-adapters/response-code.ts';
import type { GuestCpu } from './guest-port.ts';

const NO_INTERRUPTS = bareStatus(Rc.REQ_FAC_NOT_INST);

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

  /** Where the machine takes interrupts away from the guest (Secure Execution), AQIC is an operation exception: the driver then polls. */
  async aqic(task: Task, apqn: Apqn, operand: AqicOperand): Promise<ApStatus> {
    try {
      return await this.on(task).aqic(task, apqn, operand);
    } catch (error) {
      if (error instanceof ProgramInterruption && error.code === OPERATION_EXCEPTION) return NO_INTERRUPTS;
      throw error;
    }
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
