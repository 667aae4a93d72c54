/**
 * The locking design that a design file describes. Its procedures release what they have taken by their own steps, as kernel code does;
 * what is taken round a change, a look or a question is given back here, the last lock first.
 */
import type { ApMask } from '../../../base/ap-mask.ts';
import { OK, type Errno } from '../../../base/errno.ts';
import type { ApStatus } from '../../../crypto-adapters/ap-status.ts';
import type { Kvm } from '../../../kvm/kvm.ts';
import { NO_HOOK, type InterceptedAqic, type PqapAnswer } from '../../../kvm/pqap-port.ts';
import type { Lock } from '../../../locks/lock.ts';
import type { MaybePromise } from '../../../runtime/runtime.ts';
import type { Task } from '../../../runtime/task.ts';
import type { ApMatrixMdev } from '../../ap-matrix-mdev.ts';
import type { MatrixDev } from '../../matrix-dev.ts';
import type { VfioApQueue } from '../../vfio-ap-queue.ts';
import { NO_QUEUE, NOT_AVAILABLE } from '../global-mutex.ts';
import type { Body, DesignContext, DesignFactory, EachBodies, LockingDesign, OnQueue, Section, Target } from '../port.ts';
import { PqapHooks } from '../pqap-hooks.ts';
import { targetMdev } from '../target-mdev.ts';
import { DesignLocks } from './design-locks.ts';
import { Frame, type FrameParts } from './frame.ts';
import { PlannedGuards } from './guards.ts';
import { Interpreter, type Ending } from './interpreter.ts';
import { changeName, type DesignPlan, type EntryName, type ProcedureName, type Step } from './plan.ts';

/** The factory that a host is given. */
export const plannedDesign =
  (plan: DesignPlan): DesignFactory =>
  (context) =>
    new PlannedDesign(plan, context);

class PlannedDesign implements LockingDesign {
  readonly name: string;
  readonly order: readonly (readonly string[])[];
  readonly hotPlug: boolean;
  readonly stateLock: Lock | null;
  private readonly plan: DesignPlan;
  private readonly context: DesignContext;
  private readonly locks: DesignLocks;
  private readonly guards: PlannedGuards;
  private readonly hooks: PqapHooks;
  private readonly interpreter: Interpreter;
  private readonly onQueue: OnQueue;

  constructor(plan: DesignPlan, context: DesignContext) {
    const { layer, matrixDev } = context;
    this.plan = plan;
    this.context = context;
    this.name = plan.name;
    this.order = plan.order;
    this.hotPlug = plan.hotPlug;
    this.locks = new DesignLocks(layer, plan.locks);
    this.locks.adoptHost(matrixDev);
    this.stateLock = plan.stateLock === null ? null : (this.locks.of(plan.stateLock, matrixDev) as Lock);
    this.guards = new PlannedGuards(plan, this.locks, matrixDev);
    this.hooks = new PqapHooks(layer);
    this.interpreter = new Interpreter(this.locks, this.hooks, plan.guards.get('kvm.hook') === 'unguarded');
    this.onQueue = async (task, queue, body) => void (await this.around(this.frame({ task, queue }), 'onQueue', body));
  }

  adoptHost(matrixDev: MatrixDev): void {
    this.guards.guardHost(matrixDev);
  }

  adoptKvm(kvm: Kvm): void {
    this.locks.adoptKvm(kvm);
    this.guards.guardKvm(kvm, this.hooks.adopt(kvm));
  }

  adoptMdev(mdev: ApMatrixMdev): void {
    this.locks.adopt(mdev, 'mdev');
    this.guards.guardMdev(mdev);
  }

  adoptQueue(queue: VfioApQueue): void {
    this.locks.adopt(queue, 'queue');
    this.guards.guardQueue(queue);
  }

  async attach(task: Task, mdev: ApMatrixMdev, kvm: Kvm): Promise<Errno> {
    return errnoOf(await this.procedure(this.frame({ task, mdev, kvm }), 'attach'));
  }

  async detach(task: Task, mdev: ApMatrixMdev): Promise<void> {
    await this.procedure(this.frame({ task, mdev }), 'detach');
  }

  async intercept(task: Task, request: InterceptedAqic): Promise<PqapAnswer> {
    const frame = this.frame({ task, request, kvm: request.kvm, mdev: null });
    const ending = await this.procedure(frame, 'intercept');
    if (ending === null) return { status: frame.status ?? NO_QUEUE };
    if ('rest' in ending) return { outside: () => this.outside(frame, ending.rest) };
    if (ending.answer === 'not-available') return frame.noHook ? NO_HOOK : NOT_AVAILABLE;
    return { errno: ending.answer };
  }

  async change(task: Task, target: Target, body: Body): Promise<Errno> {
    const frame = this.frame({ task, findMdev: () => targetMdev(task, this.context.steps, target) });
    return await this.around(frame, changeName(target.kind), () => body(this.section(frame)));
  }

  async changeEach(task: Task, bodies: EachBodies): Promise<void> {
    const { matrixDev } = this.context;
    await this.around(this.frame({ task }), 'hostChange.around', async () => {
      await bodies.before?.();
      for (const mdev of matrixDev.mdevs.get(task)) {
        const frame = this.frame({ task, mdev });
        await this.around(frame, 'hostChange.each', () => bodies.each(this.section(frame)));
      }
      bodies.after?.();
    });
  }

  async inUse(task: Task, body: () => boolean): Promise<boolean | Errno> {
    return await this.around(this.frame({ task }), 'inUse', body);
  }

  async inspect<T>(task: Task, body: () => T): Promise<T> {
    // Of the steps round a look none can end it: the check of the file sees to that.
    return (await this.around(this.frame({ task }), 'inspect', body)) as T;
  }

  async editList(task: Task, body: () => void): Promise<void> {
    await this.around(this.frame({ task }), 'editList', body);
  }

  private frame(parts: Omit<FrameParts, 'driver' | 'host' | 'onQueue'>): Frame {
    const { steps, matrixDev } = this.context;
    return new Frame({ ...parts, driver: steps, host: matrixDev, onQueue: this.onQueue });
  }

  private stepsOf(name: EntryName): readonly Step[] {
    return this.plan.lists.get(name)!;
  }

  private async procedure(frame: Frame, name: ProcedureName): Promise<Ending> {
    return await this.finish(frame, this.stepsOf(name));
  }

  /** An error of the driver unwinds: who has thrown holds nothing any more. */
  private async finish(frame: Frame, steps: readonly Step[]): Promise<Ending> {
    try {
      return await this.interpreter.run(frame, steps);
    } catch (error) {
      frame.releaseAll();
      throw error;
    }
  }

  /** The rest of an interception, when vcpu->mutex is no longer held. */
  private async outside(frame: Frame, rest: readonly Step[]): Promise<ApStatus> {
    const ending = await this.finish(frame, rest);
    return (ending === null ? frame.status : null) ?? NO_QUEUE;
  }

  private async around<T>(frame: Frame, name: EntryName, body: () => MaybePromise<T>): Promise<T | Errno> {
    try {
      const ending = await this.interpreter.run(frame, this.stepsOf(name));
      return ending === null ? await body() : errnoOf(ending);
    } finally {
      frame.releaseAll();
    }
  }

  private section(frame: Frame): Section {
    const masks = async (task: Task, name: 'push' | 'withdraw'): Promise<void> => {
      if (this.stepsOf(name).length === 0) return;
      const { mdev, kvm } = frame;
      if (mdev !== null && kvm !== null) await this.around(this.frame({ task, mdev, kvm }), name, () => undefined);
    };
    return {
      mdev: frame.mdev,
      onQueue: this.onQueue,
      push: (task) => masks(task, 'push'),
      withdraw: (task) => masks(task, 'withdraw'),
      reserved: (task, apm, aqm) => this.reserved(task, apm, aqm),
    };
  }

  private async reserved(task: Task, apm: ApMask, aqm: ApMask): Promise<boolean> {
    const { bus } = this.context.matrixDev.host;
    return (await this.around(this.frame({ task }), 'reserved', () => bus.ownsAny(task, apm, aqm))) as boolean;
  }
}

function errnoOf(ending: Ending): Errno {
  return ending !== null && 'answer' in ending && ending.answer !== 'not-available' ? ending.answer : OK;
}
