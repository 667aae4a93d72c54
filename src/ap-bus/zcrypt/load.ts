/**
 * How busy a card or a queue is (the `load` of struct zcrypt_card and zcrypt_queue): the sum of the weights of the requests under way.
 */
import { Access } from '../../runtime/access.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { AttributeDef } from '../../driver-core/attribute.ts';

export class Load {
  private readonly rt: Runtime;
  /** What the kernel's counter says. */
  private counter = 0;
  /** What it has to say: the weights, on the device that does the work, of the requests under way. */
  private owed = 0;

  constructor(rt: Runtime) {
    this.rt = rt;
  }

  get value(): number {
    this.rt.touch(this, Access.READ);
    return this.counter;
  }

  /** For checkers: null, or what is wrong with it. */
  get problem(): string | null {
    this.rt.touch(this, Access.READ);
    const { counter, owed } = this;
    return counter === owed && counter >= 0 ? null : `is ${counter}, the requests under way weigh ${owed}`;
  }

  /** `counted` is what the counter is told, `weight` what it should be told. */
  begin(counted: number, weight: number): void {
    this.change(counted, weight);
  }

  end(counted: number, weight: number): void {
    this.change(-counted, -weight);
  }

  private change(counted: number, weight: number): void {
    this.rt.touch(this, Access.WRITE);
    this.counter += counted;
    this.owed += weight;
  }
}

/** A definition of its own for each kind of device. */
export function loadAttribute<Owner extends { readonly load: Load }>(): AttributeDef<Owner> {
  return { name: 'load', mode: 0o444, show: (_task, { load }) => `${load.value}\n` };
}
