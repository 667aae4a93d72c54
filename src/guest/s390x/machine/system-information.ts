/**
 * The blocks of STORE SYSTEM INFORMATION (asm/sysinfo.h: struct sysinfo_1_1_1 and its neighbours): a machine with KVM on it, which has one
 * guest, this one.
 */
import { toEbcdic } from './ebcdic.ts';

/** The level that a guest of KVM runs at. */
export const CURRENT_LEVEL = 3;
export const SYSIB_BYTES = 4096;

export interface SystemNames {
  /** Of the guest, at most 8 characters are kept. */
  readonly name: string;
  readonly cpus: number;
  /** The one that asks. */
  readonly cpu: number;
}

type Fill = (block: Uint8Array, view: DataView, names: SystemNames) => void;

const text = (block: Uint8Array, at: number, length: number, content: string): void => block.set(toEbcdic(content, length), at);

const SEQUENCE = '0000000000000001';
const PLANT = '02';

const machine: Fill = (block) => {
  text(block, 32, 16, 'IBM');
  text(block, 48, 4, '2827');
  text(block, 64, 16, 'H20');
  text(block, 80, 16, SEQUENCE);
  text(block, 96, 4, PLANT);
  text(block, 100, 16, 'H20');
};

const thisCpu: Fill = (block, view, { cpu }) => {
  text(block, 80, 16, SEQUENCE);
  text(block, 96, 4, PLANT);
  view.setUint16(100, cpu);
};

/** Total and configured; none is on standby or reserved. */
function cpuCounts(view: DataView, at: number, cpus: number): void {
  view.setUint16(at, cpus);
  view.setUint16(at + 2, cpus);
}

const machineCpus: Fill = (_block, view, { cpus }) => {
  cpuCounts(view, 36, cpus);
};

const partitionCpu: Fill = (block, view, { cpu }) => {
  text(block, 80, 16, SEQUENCE);
  text(block, 96, 4, PLANT);
  view.setUint16(100, cpu);
  view.setUint16(102, cpu);
};

const partition: Fill = (block, view, { cpus }) => {
  view.setUint16(32, 1);
  cpuCounts(view, 36, cpus);
  text(block, 44, 8, 'APEMU');
  view.setUint32(52, 1000);
  view.setUint16(74, cpus);
};

/** One entry: the virtual machine itself. Guests look for KVM in the name of its control program. */
const virtualMachines: Fill = (block, view, { name, cpus }) => {
  block[31] = 1;
  cpuCounts(view, 36, cpus);
  text(block, 44, 8, name.toUpperCase());
  view.setUint32(52, 1000);
  text(block, 56, 16, 'KVM/Linux');
};

const BLOCKS: ReadonlyMap<string, Fill> = new Map([
  ['1.1.1', machine],
  ['1.2.1', thisCpu],
  ['1.2.2', machineCpus],
  ['2.2.1', partitionCpu],
  ['2.2.2', partition],
  ['3.2.2', virtualMachines],
]);

/** By function code and both selectors; null when there is no such block. */
export function systemInformation(selection: readonly [number, number, number], names: SystemNames): Uint8Array | null {
  const fill = BLOCKS.get(selection.join('.'));
  if (fill === undefined) return null;
  const block = new Uint8Array(SYSIB_BYTES);
  fill(block, new DataView(block.buffer), names);
  return block;
}
