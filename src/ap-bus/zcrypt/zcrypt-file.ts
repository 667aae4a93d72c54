/**
 * An open /dev/z90crypt or additional node, its ioctls as typed functions (zcrypt_fops of drivers/s390/crypto/zcrypt_api.c).
 * Each first asks the node's ioctl mask: -EPERM. Requests answer their result or a `Failure`, the rest a value or a negative errno.
 */
import { EBADF, EPERM, OK, type Errno } from '../../base/errno.ts';
import { Access } from '../../runtime/access.ts';
import type { Task } from '../../runtime/task.ts';
import type { CrtRequest, MexRequest, RsaRequest } from '../../crypto-adapters/messages/rsa-types.ts';
import type { NodePermissions } from './admission.ts';
import { cprbRequest, type CprbOrder, type CprbResult, type DomainRoles } from './cprb-request.ts';
import type { ZcryptDispatcher } from './dispatcher.ts';
import { ep11Request, type Ep11Order, type Ep11Result } from './ep11-request.ts';
import { Ioctl, ioctlNumber, type IoctlName } from './ioctl-numbers.ts';
import { rsaRequest, type RsaOrder, type RsaResult } from './rsa-request.ts';
import type { DeviceStatus, ZcryptStatus } from './status.ts';
import type { Failure } from './transfer.ts';
import type { ZcryptCore } from './zcrypt-core.ts';

/** What all files use. */
export interface ZcryptService {
  readonly core: ZcryptCore;
  readonly dispatcher: ZcryptDispatcher;
  readonly status: ZcryptStatus;
  readonly roles: DomainRoles;
  /** Files that are open, of all nodes. */
  readonly opened: OpenCount;
}

export class OpenCount {
  value = 0;
}

/** The deprecated forms know no more adapters. */
const FEW = 64;
const ALL = 256;

export class ZcryptFile {
  private readonly service: ZcryptService;
  private readonly permissions: NodePermissions;
  private released = false;

  constructor(service: ZcryptService, permissions: NodePermissions) {
    this.service = service;
    this.permissions = permissions;
    this.countOpen(1);
  }

  /** OK when the node lets this ioctl through; whether there is such an ioctl comes afterwards. */
  async check(task: Task, command: number): Promise<Errno> {
    if (this.released) return EBADF;
    return (await this.permissions.allowsIoctl(task, ioctlNumber(command))) ? OK : EPERM;
  }

  /** ICARSAMODEXPO. The modulus is as long as the input; `outputLength` defaults to that length. */
  rsaModExpo(task: Task, request: MexRequest, outputLength?: number): Promise<RsaResult | Failure> {
    return this.rsa(task, orderOf(request, outputLength));
  }

  /** ICARSACRT. */
  rsaCrt(task: Task, request: CrtRequest, outputLength?: number): Promise<RsaResult | Failure> {
    return this.rsa(task, orderOf(request, outputLength));
  }

  /** Either of them, with lengths that need not fit. */
  rsa(task: Task, order: RsaOrder): Promise<RsaResult | Failure> {
    return this.request(task, order.kind === 'mex' ? 'ICARSAMODEXPO' : 'ICARSACRT', () =>
      this.service.dispatcher.submit(task, rsaRequest(order), this.permissions),
    );
  }

  /** ZSECSENDCPRB. */
  sendCprb(task: Task, order: CprbOrder): Promise<CprbResult | Failure> {
    const { dispatcher, roles, core } = this.service;
    return this.request(task, 'ZSECSENDCPRB', () => dispatcher.submit(task, cprbRequest(order, roles, core.options), this.permissions));
  }

  /** ZSENDEP11CPRB. */
  sendEp11Cprb(task: Task, order: Ep11Order): Promise<Ep11Result | Failure> {
    const { dispatcher, core } = this.service;
    return this.request(task, 'ZSENDEP11CPRB', () => dispatcher.submit(task, ep11Request(order, core.options), this.permissions));
  }

  /** ZCRYPT_DEVICE_STATUS: all queues that zcrypt has. */
  deviceStatus(task: Task): Promise<DeviceStatus[] | Errno> {
    return this.ask(task, 'ZCRYPT_DEVICE_STATUS', ({ status }) => status.devices(task, ALL));
  }

  /** ZCRYPT_STATUS_MASK: a type for each adapter with a queue in the default domain, 0x0d when it is offline. */
  statusMask(task: Task): Promise<Uint8Array | Errno> {
    return this.ask(task, 'ZCRYPT_STATUS_MASK', ({ status }) => status.types(task, ALL));
  }

  /** ZCRYPT_QDEPTH_MASK: requests under way in the default domain. */
  queueDepths(task: Task): Promise<Uint8Array | Errno> {
    return this.ask(task, 'ZCRYPT_QDEPTH_MASK', ({ status }) => status.depths(task, ALL));
  }

  /** ZCRYPT_PERDEV_REQCNT: requests so far in the default domain. */
  requestCounts(task: Task): Promise<Uint32Array | Errno> {
    return this.ask(task, 'ZCRYPT_PERDEV_REQCNT', ({ status }) => status.totals(task, ALL));
  }

  /** Z90STAT_REQUESTQ_COUNT. */
  waitingCount(task: Task): Promise<number> {
    return this.ask(task, 'Z90STAT_REQUESTQ_COUNT', ({ status }) => status.waiting(task));
  }

  /** Z90STAT_PENDINGQ_COUNT. */
  pendingCount(task: Task): Promise<number> {
    return this.ask(task, 'Z90STAT_PENDINGQ_COUNT', ({ status }) => status.pending(task));
  }

  /** Z90STAT_TOTALOPEN_COUNT. */
  openCount(task: Task): Promise<number> {
    return this.ask(task, 'Z90STAT_TOTALOPEN_COUNT', async ({ core, opened }) => {
      core.layer.rt.touch(opened, Access.READ);
      return opened.value;
    });
  }

  /** Z90STAT_DOMAIN_INDEX: the default domain, -1 when none is chosen. */
  domainIndex(task: Task): Promise<{ readonly index: number } | Errno> {
    return this.ask(task, 'Z90STAT_DOMAIN_INDEX', async ({ status }) => ({ index: status.domainIndex }));
  }

  /** ZDEVICESTATUS, deprecated. */
  fewDeviceStatus(task: Task): Promise<DeviceStatus[] | Errno> {
    return this.ask(task, 'ZDEVICESTATUS', ({ status }) => status.devices(task, FEW));
  }

  /** Z90STAT_STATUS_MASK, deprecated. */
  fewStatusMask(task: Task): Promise<Uint8Array | Errno> {
    return this.ask(task, 'Z90STAT_STATUS_MASK', ({ status }) => status.types(task, FEW));
  }

  /** Z90STAT_QDEPTH_MASK, deprecated. */
  fewQueueDepths(task: Task): Promise<Uint8Array | Errno> {
    return this.ask(task, 'Z90STAT_QDEPTH_MASK', ({ status }) => status.depths(task, FEW));
  }

  /** Z90STAT_PERDEV_REQCNT, deprecated. */
  fewRequestCounts(task: Task): Promise<Uint32Array | Errno> {
    return this.ask(task, 'Z90STAT_PERDEV_REQCNT', ({ status }) => status.totals(task, FEW));
  }

  /** There is nothing to read or write. */
  read(): Errno {
    return EPERM;
  }

  write(): Errno {
    return EPERM;
  }

  /** close(2); a second one does nothing. */
  release(): void {
    if (this.released) return;
    this.released = true;
    this.countOpen(-1);
  }

  private async request<Result extends object>(
    task: Task,
    name: IoctlName,
    submit: () => Promise<Result | Failure>,
  ): Promise<Result | Failure> {
    const errno = await this.check(task, Ioctl[name]);
    return errno === OK ? submit() : { errno };
  }

  private async ask<Value>(task: Task, name: IoctlName, question: (service: ZcryptService) => Promise<Value>): Promise<Value | Errno> {
    const errno = await this.check(task, Ioctl[name]);
    return errno === OK ? question(this.service) : errno;
  }

  private countOpen(by: 1 | -1): void {
    const { core, opened } = this.service;
    core.layer.rt.touch(opened, Access.WRITE);
    opened.value += by;
  }
}

function orderOf(request: RsaRequest, outputLength = request.input.length): RsaOrder {
  return { kind: request.kind, inputLength: request.input.length, outputLength, fetch: () => request };
}
