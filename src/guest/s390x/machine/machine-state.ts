/**
 * What the CPUs of a machine for programs in machine code share: storage, clock, service processor, what is pending for any of them, how the
 * program ended. Counterpart: what QEMU sets up for a guest without devices (hw/s390x/s390-virtio-ccw.c).
 */
import { Access } from '../../../runtime/access.ts';
import type { FlatGuestStorage } from '../../guest-port.ts';
import { Cpu } from '../cpu/cpu.ts';
import { InstructionSet } from '../cpu/instruction-set.ts';
import { Interpreter } from '../cpu/interpreter.ts';
import { Storage } from '../cpu/storage.ts';
import type { EndReason, ProgramEnd } from '../program-end.ts';
import { CHANNEL_INSTRUCTIONS } from './channel-instructions.ts';
import { clockInstructions } from './control/clock-instructions.ts';
import { PSW_INSTRUCTIONS } from './control/psw-instructions.ts';
import { REGISTER_INSTRUCTIONS } from './control/register-instructions.ts';
import { storageInstructions } from './control/storage-instructions.ts';
import { SUBCHANNEL_INSTRUCTIONS } from './control/subchannel-instructions.ts';
import { systemInstructions } from './control/system-instructions.ts';
import { initialResetCpu } from './cpu-reset.ts';
import { apFacilities, facilityList } from './facility-list.ts';
import type { MachineParts, TakenInterruptions } from './machine-parts.ts';
import { MessageParts } from './message-parts.ts';
import { Sclp } from './sclp.ts';
import { StorageKeys } from './storage-keys.ts';
import { TodClock } from './tod-clock.ts';
import { VirtualCpu } from './virtual-cpu.ts';

/** Served outside of the interpreter's loop: they wait, or let others go on. */
const INTERCEPTED = ['nqap', 'dqap', 'pqap', 'sigp', 'diag', 'sie', ...CHANNEL_INSTRUCTIONS];
/** Those of a nested guest that its hypervisor has to do, besides the former. */
const NESTED_INTERCEPTED = ['stfl', 'stsi', 'servc', 'sck', 'sckc', 'spt', 'stckc', 'stpt', 'stidp', 'stap', 'spx'];

/** One of the CPUs with its interpreter. */
export interface MachineCpu {
  readonly virtual: VirtualCpu;
  readonly core: Interpreter;
}

export class MachineState {
  readonly name: string;
  readonly parts: MachineParts;
  readonly storage: Storage;
  readonly clock: TodClock;
  readonly messageParts: MessageParts;
  readonly cpus: readonly MachineCpu[];
  readonly virtuals: readonly VirtualCpu[];
  readonly taken: TakenInterruptions = { external: 0, io: 0, machineCheck: 0 };
  private readonly flat: FlatGuestStorage;
  private sccb: number | null = null;
  private over: ProgramEnd | null = null;
  private reportsOpened = false;

  /** RangeError for a platform without storage that is one array. */
  constructor(parts: MachineParts) {
    const { platform, rt } = parts;
    this.parts = parts;
    this.name = platform.name;
    const flat = platform.storage.flat?.();
    if (flat === undefined) throw new RangeError(`expected guest ${platform.name} to have its storage in one array, got a guest without`);
    this.flat = flat;
    this.storage = new Storage(flat.bytes);
    flat.onStore = (address, length) => this.storage.written(address, length);
    this.clock = new TodClock(platform.name, rt);
    this.messageParts = new MessageParts(platform.name, rt);
    const instructions = this.instructions();
    this.cpus = platform.cpus.map((port) => {
      const cpu = new Cpu(port.id, this.storage);
      const virtual = new VirtualCpu(cpu, port, { name: platform.name, rt });
      initialResetCpu(virtual, this.clock.now());
      return { virtual, core: new Interpreter(cpu, instructions) };
    });
    this.virtuals = this.cpus.map(({ virtual }) => virtual);
  }

  /** CPU 0 begins at this address in 64-bit mode with everything masked; the others wait for SIGP. The program is in the storage. */
  start(entry: number): void {
    const { virtual } = this.cpus[0]!;
    virtual.start(this.clock.now());
    virtual.cpu.setMode(64);
    virtual.cpu.ia = entry;
  }

  /** How the program has ended; null while it has not. */
  get end(): ProgramEnd | null {
    this.parts.rt.touch(this, Access.READ);
    return this.over;
  }

  /** Callable without a task: no CPU executes anything any more. */
  stop(reason: EndReason = 'ended', detail = ''): void {
    this.parts.rt.touch(this, Access.WRITE);
    if (this.over !== null) return;
    this.over = { reason, detail };
    this.kickAll();
  }

  /** Instructions executed by all CPUs. */
  get executed(): number {
    return this.cpus.reduce((sum, { virtual }) => sum + virtual.cpu.executed, 0);
  }

  /** How many may still be executed. */
  get instructionsLeft(): number {
    return (this.parts.maxInstructions ?? Number.POSITIVE_INFINITY) - this.executed;
  }

  /** Those that are not provided and were executed all the same, by name. */
  get unimplemented(): ReadonlyMap<string, number> {
    const all = new Map<string, number>();
    for (const { virtual } of this.cpus) {
      for (const [name, times] of virtual.cpu.unimplemented) all.set(name, (all.get(name) ?? 0) + times);
    }
    return all;
  }

  /** A CPU is about to work on storage, or has done so, in a step that others may depend on. */
  touchStorage(): void {
    this.flat.touch(Access.WRITE);
  }

  /** The program ends with the last CPU that could go on; `virtual` has just ceased to. */
  ceased(virtual: VirtualCpu): void {
    if (this.virtuals.some((other) => other.hasOrders || (!other.stopped && other.idleFor === null))) return;
    const { idleFor } = virtual;
    this.stop(idleFor?.reason ?? 'stopped', idleFor?.detail ?? '');
  }

  get servicePending(): boolean {
    this.parts.rt.touch(this, Access.READ);
    return this.sccb !== null;
  }

  takeService(): number {
    this.parts.rt.touch(this, Access.WRITE);
    const sccb = this.sccb!;
    this.sccb = null;
    return sccb;
  }

  now(): number {
    return this.clock.now();
  }

  /** The program can handle channel reports now: the machine below begins to tell of them. */
  openChannelReports(): void {
    if (this.reportsOpened) return;
    this.reportsOpened = true;
    this.parts.platform.openChannelReports();
  }

  private serviceDone(sccb: number): void {
    this.parts.rt.touch(this, Access.WRITE);
    this.sccb = sccb;
    if (this.cpus.length > 1) this.kickAll();
  }

  private kickAll(): void {
    for (const { virtual } of this.cpus) {
      virtual.cpu.attention = true;
      virtual.port.kick();
    }
  }

  /** What a nested guest executes by itself: as this guest, but what concerns the machine is its hypervisor's to do. */
  nestedInstructions(): InstructionSet {
    const set = this.instructions();
    for (const mnemonic of NESTED_INTERCEPTED) set.intercept(mnemonic);
    return set;
  }

  private instructions(): InstructionSet {
    const { platform, print } = this.parts;
    const cpus = platform.cpus.length;
    const set = new InstructionSet();
    const virtualOf = (cpu: Cpu): VirtualCpu => this.virtuals[cpu.id]!;
    const sclp = new Sclp({ storage: this.storage, cpus, print });
    const groups = [
      PSW_INSTRUCTIONS,
      REGISTER_INSTRUCTIONS,
      SUBCHANNEL_INSTRUCTIONS,
      clockInstructions(this.clock, virtualOf),
      storageInstructions(new StorageKeys(this.storage.size)),
      systemInstructions({
        name: platform.name,
        cpus,
        facilities: facilityList(apFacilities(platform)),
        sclp,
        serviceDone: (sccb) => this.serviceDone(sccb),
      }),
    ];
    for (const group of groups) for (const [mnemonic, execute] of Object.entries(group)) set.define(mnemonic, execute);
    for (const mnemonic of INTERCEPTED) set.intercept(mnemonic);
    return set;
  }
}
