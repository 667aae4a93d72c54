/**
 * The AP instructions as a guest with Secure Execution issues them where the machine can bind queues (APSB): the bind state of each queue in
 * the description that TAPQ gives, BAPQ, AAPQ, and the F bit of RAPQ that ends a binding. Accelerators have no secure keys, so a bound one
 * is usable at once; that, and what a refusal answers, is documented nowhere public.
 */
import type { Apqn } from '../base/apqn.ts';
import { Access, type AccessKind } from '../runtime/access.ts';
import type { MaybePromise, Runtime } from '../runtime/runtime.ts';
import type { Op, Task } from '../runtime/task.ts';
import type { ApInstructions, AqicOperand, DqapResult, NqapRequest, QciInfo, TapqResult } from './ap-instructions.ts';
import { bareStatus, type ApStatus } from './ap-status.ts';
import { CardFunction } from './card-type.ts';
import { Rc } from './response-code.ts';

const BindState = { USABLE: 0, NO_SECURE_KEYS: 1, AVAILABLE: 2 } as const;
type State = (typeof BindState)[keyof typeof BindState];
const SHIFT = 14;

const BIND = 0;
const ASSOCIATE = 1;

/** The binding of one queue, which is the operation of its own instructions. */
class Binding implements Op {
  readonly opName = 'AP instruction';
  readonly name: string;
  state: State = BindState.AVAILABLE;
  private readonly owner: SecureInstructions;
  private associating = false;

  constructor(owner: SecureInstructions, apqn: Apqn) {
    this.owner = owner;
    this.name = `binding of queue ${apqn.toString(16).padStart(4, '0')}`;
  }

  enabled(): boolean {
    return true;
  }

  access(): AccessKind {
    return Access.WRITE;
  }

  perform(task: Task): ApStatus {
    return bareStatus(task.mode === BIND ? this.bind(task.arg as number) : this.associate(task.arg as number));
  }

  /** The F bit. */
  end(): void {
    this.owner.rt.touch(this, Access.WRITE);
    this.state = BindState.AVAILABLE;
    this.associating = false;
  }

  private bind(functions: number): number {
    if (this.state !== BindState.AVAILABLE) return Rc.Q_BIND_ERROR;
    this.state = (functions & CardFunction.ACCEL) === 0 ? BindState.NO_SECURE_KEYS : BindState.USABLE;
    return Rc.NORMAL;
  }

  private associate(secret: number): number {
    if (this.state === BindState.AVAILABLE) return Rc.Q_NOT_BOUND;
    if (this.state === BindState.USABLE) return Rc.Q_NOT_AVAIL_FOR_ASSOC;
    if (this.associating) return Rc.STATE_CHANGE_IN_PROGRESS;
    if (!this.owner.secrets.has(secret)) return Rc.INVALID_ASSOC_SECRET;
    this.associating = true;
    this.owner.rt.timer(`association of ${this.name}`, this.owner.associationMs, () => {
      this.owner.rt.touch(this, Access.WRITE);
      if (this.associating) this.state = BindState.USABLE;
      this.associating = false;
    });
    return Rc.NORMAL;
  }
}

export class SecureInstructions implements ApInstructions {
  readonly rt: Runtime;
  /** Indices of the secrets that the guest has stored with the ultravisor. */
  readonly secrets: ReadonlySet<number>;
  readonly associationMs: number;
  private readonly inner: ApInstructions;
  private readonly bindings = new Map<Apqn, Binding>();

  /** `associationMs`: how long AAPQ takes to have its effect, default 1. */
  constructor(rt: Runtime, inner: ApInstructions, options: { readonly secrets: Iterable<number>; readonly associationMs?: number }) {
    this.rt = rt;
    this.inner = inner;
    this.secrets = new Set(options.secrets);
    this.associationMs = options.associationMs ?? 1;
  }

  async tapq(task: Task, apqn: Apqn): Promise<TapqResult> {
    const { status, info } = await this.inner.tapq(task, apqn);
    if (info === null) return { status, info };
    const binding = this.binding(apqn);
    this.rt.touch(binding, Access.READ);
    return { status, info: { ...info, functions: (info.functions | (binding.state << SHIFT)) >>> 0 } };
  }

  async rapq(task: Task, apqn: Apqn, unbinds = false): Promise<ApStatus> {
    const status = await this.inner.rapq(task, apqn);
    if (unbinds && status.rc === Rc.NORMAL) this.binding(apqn).end();
    return status;
  }

  zapq(task: Task, apqn: Apqn): MaybePromise<ApStatus> {
    return this.inner.zapq(task, apqn);
  }

  aqic(task: Task, apqn: Apqn, operand: AqicOperand): MaybePromise<ApStatus> {
    return this.inner.aqic(task, apqn, operand);
  }

  qci(task: Task): MaybePromise<QciInfo | null> {
    return this.inner.qci(task);
  }

  nqap(task: Task, apqn: Apqn, request: NqapRequest): MaybePromise<ApStatus> {
    return this.inner.nqap(task, apqn, request);
  }

  dqap(task: Task, apqn: Apqn, capacity: number): MaybePromise<DqapResult> {
    return this.inner.dqap(task, apqn, capacity);
  }

  async bapq(task: Task, apqn: Apqn): Promise<ApStatus> {
    const { status, info } = await this.inner.tapq(task, apqn);
    if (status.rc !== Rc.NORMAL || info === null) return status;
    return (await this.rt.point(task, this.binding(apqn), BIND, info.functions)) as ApStatus;
  }

  async aapq(task: Task, apqn: Apqn, secret: number): Promise<ApStatus> {
    const { status } = await this.inner.tapq(task, apqn);
    return status.rc === Rc.NORMAL ? ((await this.rt.point(task, this.binding(apqn), ASSOCIATE, secret)) as ApStatus) : status;
  }

  private binding(apqn: Apqn): Binding {
    let binding = this.bindings.get(apqn);
    if (binding === undefined) this.bindings.set(apqn, (binding = new Binding(this, apqn)));
    return binding;
  }
}
