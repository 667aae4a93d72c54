/**
 * Who may look into the pages of a protected guest (the ultravisor; arch/s390/kernel/uv.c: uv_pin_shared, uv_convert_from_secure,
 * uv_set_shared, uv_remove_shared, make_folio_secure; arch/s390/kvm/intercept.c: handle_pv_uvc). A page is secure until the guest shares it.
 * The host gets at a shared page by pinning it shared; a secure one is exported to it, encrypted, and is imported again when the guest
 * touches it.
 */
import { EAGAIN, EINVAL, OK, type Errno } from '../base/errno.ts';
import { Access, type AccessKind } from '../runtime/access.ts';

type Touch = (object: object, access: AccessKind) => void;

class Page {
  readonly name: string;
  /** The guest shares it: as soon as, and as long as, it is protected. */
  shared = false;
  /** Not the guest's any more, until it is imported. */
  exported = false;
  /** Pins of the host: a page that somebody else refers to can be made secure by nobody. */
  pins = 0;

  constructor(name: string) {
    this.name = name;
  }
}

export class PageProtection {
  readonly name: string;
  private readonly touch: Touch;
  private readonly pages = new Map<number, Page>();
  private protectedGuest = false;

  constructor(name: string, touch: Touch) {
    this.name = `${name} ultravisor`;
    this.touch = touch;
  }

  /** The VM is or ceases to be protected: every page is secure that is not shared, or none is. */
  switch(on: boolean): void {
    this.touch(this, Access.WRITE);
    this.protectedGuest = on;
    for (const page of this.pages.values()) {
      this.touch(page, Access.WRITE);
      page.exported = on && page.pins > 0 && !page.shared;
    }
  }

  /** The guest shares the page with the host (UVC_CMD_SET_SHARED_ACCESS); what is imported by that is no longer exported. */
  share(frame: number): Errno {
    const page = this.page(frame);
    this.touch(page, Access.WRITE);
    page.shared = true;
    page.exported = false;
    return OK;
  }

  /**
   * The guest takes it back (UVC_CMD_REMOVE_SHARED_ACCESS). -EAGAIN while the host has it pinned: that is intercepted, KVM tries to unpin
   * it in the ultravisor, fails as long as somebody else holds the page, and the guest executes the instruction again.
   */
  unshare(frame: number): Errno {
    const page = this.page(frame);
    this.touch(page, Access.WRITE);
    if (this.isProtected && page.pins > 0) return EAGAIN;
    page.shared = false;
    return OK;
  }

  /** The host pins the page for itself: pinned shared if it is shared, exported otherwise. Succeeds in either case. */
  pin(frame: number): void {
    const page = this.page(frame);
    this.touch(page, Access.WRITE);
    page.pins++;
    if (this.isProtected && !page.shared) page.exported = true;
  }

  unpin(frame: number): void {
    const page = this.page(frame);
    this.touch(page, Access.WRITE);
    page.pins--;
  }

  /** Is the page, which the host has pinned, pinned shared? -EINVAL when it belongs to nobody protected, or was exported. */
  pinShared(frame: number): Errno {
    const page = this.page(frame);
    this.touch(page, Access.READ);
    return this.isProtected && page.shared ? OK : EINVAL;
  }

  /** The guest touches a page: an exported one is imported. -EAGAIN while somebody else holds it. */
  makeSecure(frame: number): Errno {
    const page = this.page(frame);
    this.touch(page, Access.WRITE);
    if (!page.exported) return OK;
    if (page.pins > 0) return EAGAIN;
    page.exported = false;
    return OK;
  }

  /** Never without protection: then nobody has to know what becomes of the page. */
  isExported(frame: number): boolean {
    if (!this.isProtected) return false;
    const page = this.page(frame);
    this.touch(page, Access.READ);
    return page.exported;
  }

  private get isProtected(): boolean {
    this.touch(this, Access.READ);
    return this.protectedGuest;
  }

  private page(frame: number): Page {
    let page = this.pages.get(frame);
    if (page === undefined) this.pages.set(frame, (page = new Page(`${this.name}, page ${frame.toString(16)}`)));
    return page;
  }
}
