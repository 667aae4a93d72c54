/**
 * Symbols of a program: labels, values named by `.equ`, and local labels (`1:`, used as `1b` and `1f`), which may be there again and again.
 * No kernel counterpart.
 */
import type { Expression, Scope } from './expression.ts';
import { AssemblerError, type SourcePlace } from './source-error.ts';

type Definition = { readonly place: SourcePlace } & ({ readonly address: bigint } | { readonly value: Expression; readonly here: bigint });

const LOCAL = /^(\d+)([bf])$/;

export class Symbols {
  private readonly definitions = new Map<string, Definition>();
  /** By number, where it stands: the ordinal of the line and the address. */
  private readonly locals = new Map<string, { readonly line: number; readonly address: bigint }[]>();
  /** Of `.equ` under evaluation: a name that needs itself. */
  private readonly open = new Set<string>();

  defineLabel(name: string, address: bigint, { place, line }: { readonly place: SourcePlace; readonly line: number }): void {
    if (/^\d/.test(name)) {
      this.locals.set(name, [...(this.locals.get(name) ?? []), { line, address }]);
    } else {
      this.define(name, { place, address });
    }
  }

  defineValue(name: string, value: Expression, { place, here }: { readonly place: SourcePlace; readonly here: bigint }): void {
    this.define(name, { place, value, here });
  }

  /** What names mean in this line: `here` is its address. */
  scope(here: bigint, line: number): Scope {
    return { here, lookup: (name, place) => this.lookup(name, place, line) };
  }

  /** Labels by address, without the local ones. */
  get labels(): readonly { readonly name: string; readonly address: bigint }[] {
    return [...this.definitions].flatMap(([name, definition]) => ('address' in definition ? [{ name, address: definition.address }] : []));
  }

  private define(name: string, definition: Definition): void {
    const before = this.definitions.get(name);
    if (before !== undefined) {
      throw new AssemblerError(definition.place, `${name} is there already (${before.place.file}:${before.place.line})`);
    }
    this.definitions.set(name, definition);
  }

  private lookup(name: string, place: SourcePlace, line: number): bigint {
    const local = LOCAL.exec(name);
    if (local !== null) return this.local(local[1]!, { backwards: local[2] === 'b', line, place });
    const definition = this.definitions.get(name);
    if (definition === undefined) throw new AssemblerError(place, `unknown symbol ${name}`);
    if ('address' in definition) return definition.address;
    if (this.open.has(name)) throw new AssemblerError(place, `${name} is defined by itself`);
    this.open.add(name);
    try {
      return definition.value.evaluate(this.scope(definition.here, line));
    } finally {
      this.open.delete(name);
    }
  }

  private local(number: string, { backwards, line, place }: { backwards: boolean; line: number; place: SourcePlace }): bigint {
    const labels = this.locals.get(number) ?? [];
    const found = backwards ? labels.findLast((label) => label.line <= line) : labels.find((label) => label.line > line);
    if (found === undefined) throw new AssemblerError(place, `no label ${number}: ${backwards ? 'before' : 'behind'} this line`);
    return found.address;
  }
}
