/**
 * The request sprayer: chooses a queue, sends, waits, says what came of it (drivers/s390/crypto/zcrypt_api.c and the send functions of
 * its message types).
 */
import { EAGAIN, EIO, ENODEV, ERESTARTSYS, OK, type Errno } from '../../base/errno.ts';
import { Access } from '../../runtime/access.ts';
import type { Task } from '../../runtime/task.ts';
import { QueueLedger } from '../../ap-driver/queue-ledger.ts';
import type { NodePermissions } from './admission.ts';
import { Chooser, type Choice, type Track } from './choice.ts';
import { ZCRYPT_REPLY } from './lock-classes.ts';
import { KERNEL_PERMISSIONS } from './permissions.ts';
import { persevere } from './retry.ts';
import { isFailure, type Failure, type Transfer, type ZcryptRequest } from './transfer.ts';
import type { ZcryptCore } from './zcrypt-core.ts';
import type { ZcryptList } from './zcrypt-list.ts';

export class ZcryptDispatcher {
  private readonly core: ZcryptCore;
  private readonly list: ZcryptList;
  private readonly rescan: (task: Task) => Promise<boolean>;
  /** Under the lock of the list; the other half of a message id is the task. */
  private step = 0n;

  /** `rescan`: a forced scan of the bus; true when something has changed. */
  constructor(core: ZcryptCore, list: ZcryptList, rescan: (task: Task) => Promise<boolean>) {
    this.core = core;
    this.list = list;
    this.rescan = rescan;
  }

  /** With all its attempts. -ERESTARTSYS when a signal came while it waited. */
  submit<Result extends object>(task: Task, request: ZcryptRequest<Result>, permissions: NodePermissions): Promise<Result | Failure> {
    return persevere(
      (track) => this.attempt(task, request, { permissions, track }),
      () => this.rescan(task),
    );
  }

  /**
   * The same for who must not scan the bus: a show of an attribute, which the removal of its device would wait for. (The kernel scans, and
   * hangs if that scan removes the device.)
   */
  submitQuietly<Result extends object>(task: Task, request: ZcryptRequest<Result>): Promise<Result | Failure> {
    return persevere(
      (track) => this.attempt(task, request, { permissions: KERNEL_PERMISSIONS, track }),
      async () => false,
    );
  }

  /** One attempt. `track` says where earlier ones went, and learns where this one goes. */
  async attempt<Result extends object>(
    task: Task,
    request: ZcryptRequest<Result>,
    { permissions, track }: { permissions: NodePermissions; track: Track },
  ): Promise<Result | Failure> {
    const admission = await permissions.admission(task);
    const transfer = request.prepare(admission, this.list.largestMessage);
    const { last } = track;
    track.last = 0;
    if (typeof transfer === 'number') return { errno: transfer };
    const choice = await this.pick(task, new Chooser(task, transfer, { admission, track: { again: track.again, last } }));
    if (choice === null) return { errno: ENODEV };
    track.last = choice.queue.it.apqn;
    try {
      const answer = await this.transmit(task, transfer, choice);
      return transfer.admin && isFailure(answer) && answer.errno === EAGAIN ? { ...answer, errno: EIO } : answer;
    } finally {
      await this.drop(task, choice);
    }
  }

  private async pick(task: Task, chooser: Chooser): Promise<(Choice & { readonly psmid: bigint }) | null> {
    using _list = await this.core.listLock.acquire(task);
    this.core.layer.rt.touch(this.list, Access.READ);
    const choice = await chooser.choose(this.list.cards);
    if (choice === null) return null;
    this.account(choice, 'begin');
    return { ...choice, psmid: (BigInt(task.pid) << 32n) + ++this.step };
  }

  private async drop(task: Task, choice: Choice): Promise<void> {
    using _list = await this.core.listLock.acquire(task);
    this.account(choice, 'end');
  }

  private account({ card, queue, weight, lastWeight }: Choice, what: 'begin' | 'end'): void {
    const counted = this.core.options.addsLastWeight === true ? lastWeight : weight;
    card.load[what](counted, weight);
    queue.load[what](counted, weight);
  }

  private async transmit<Result extends object>(
    task: Task,
    transfer: Transfer<Result>,
    { card, queue, psmid }: Choice & { readonly psmid: bigint },
  ): Promise<Result | Failure> {
    const bytes = transfer.message(card, queue);
    if (typeof bytes === 'number') return { errno: bytes };
    const ended = this.core.layer.completion(ZCRYPT_REPLY, `reply of ${queue.queue.name} to ${task.name}`);
    const messages = QueueLedger.of(this.core.layer.rt);
    using message = messages.allocate(psmid, bytes, this.list.largestMessage, () => ended.completeOne(null));
    message.special = transfer.special;
    const rc: Errno = await queue.queue.queueMessage(task, message);
    if (rc !== OK) return { errno: rc };
    if (!(await ended.wait(task, { interruptible: true }))) {
      // Whether it was still there does not matter: a reply that came meanwhile is thrown away.
      await queue.queue.cancel(task, message);
      return { errno: ERESTARTSYS };
    }
    if (message.rc !== OK) return { errno: message.rc! };
    const answer = transfer.convert(card, message.reply!);
    if (isFailure(answer) && answer.offline === true) queue.giveUp();
    return answer;
  }
}
