/**
 * Which state descriptions of nested guests are being executed: one may be in use by one vCPU at a time
 * (arch/s390/kvm/vsie.c: get_vsie_page, put_vsie_page).
 */
import { Access, type AccessKind } from '../runtime/access.ts';

type Touch = (page: object, access: AccessKind) => void;

interface VsiePage {
  readonly name: string;
  inUse: boolean;
}

export class VsiePages {
  private readonly owner: string;
  private readonly touch: Touch;
  private readonly pages = new Map<number, VsiePage>();

  constructor(owner: string, touch: Touch) {
    this.owner = owner;
    this.touch = touch;
  }

  /** False when another vCPU executes SIE with the state description at this address. */
  take(origin: number): boolean {
    const page = this.pageOf(origin);
    this.touch(page, Access.WRITE);
    if (page.inUse) return false;
    page.inUse = true;
    return true;
  }

  put(origin: number): void {
    const page = this.pageOf(origin);
    this.touch(page, Access.WRITE);
    page.inUse = false;
  }

  private pageOf(origin: number): VsiePage {
    let page = this.pages.get(origin);
    if (page === undefined) this.pages.set(origin, (page = { name: `${this.owner} vsie page 0x${origin.toString(16)}`, inUse: false }));
    return page;
  }
}
