/**
 * References on the module of a driver (kernel/module/main.c: try_module_get, module_put, try_stop_module): one for each device that is
 * open. Nobody gets one once the module is going.
 */
import { Access } from '../runtime/access.ts';
import type { Runtime } from '../runtime/runtime.ts';

export class ModuleReference {
  private readonly rt: Runtime;
  private references = 0;
  private gone = false;

  constructor(rt: Runtime) {
    this.rt = rt;
  }

  /** False when the module is going. */
  tryGet(): boolean {
    this.rt.touch(this, Access.JOINT);
    if (this.gone) return false;
    this.references++;
    return true;
  }

  put(): void {
    this.rt.touch(this, Access.JOINT);
    this.references--;
  }

  /** From now on it is going. False, and it stays, when somebody uses it or it is going already. */
  tryStop(): boolean {
    this.rt.touch(this, Access.WRITE);
    if (this.gone || this.references > 0) return false;
    this.gone = true;
    return true;
  }
}
