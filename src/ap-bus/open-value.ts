/**
 * A variable of the bus that tasks read and write without a lock (an int, a bool, an atomic or a pointer in drivers/s390/crypto/ap_bus.c):
 * each access is one step with what surrounds it, and an explorer is told of it.
 */
import { Access } from '../runtime/access.ts';
import type { Runtime } from '../runtime/runtime.ts';

export class OpenValue<T> {
  private readonly rt: Runtime;
  private value: T;

  constructor(rt: Runtime, value: T) {
    this.rt = rt;
    this.value = value;
  }

  get(): T {
    this.rt.touch(this, Access.READ);
    return this.value;
  }

  set(value: T): void {
    this.rt.touch(this, Access.WRITE);
    this.value = value;
  }
}
