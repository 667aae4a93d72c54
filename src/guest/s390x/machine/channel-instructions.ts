/**
 * I/O instructions of a machine without subchannels: the channel reports and events by which a guest learns of a changed AP configuration,
 * and TEST PENDING INTERRUPTION (target/s390x/ioinst.c in QEMU; asm/crw.h, drivers/s390/cio/chsc.c: struct chsc_sei for the layouts).
 */
import { SEI_STORED } from '../../../base/channel-report.ts';
import type { Task } from '../../../runtime/task.ts';
import { address2, checkStore, mustBeAligned, registerAddress, store32 } from '../cpu/access.ts';
import type { Instruction } from '../cpu/instruction.ts';
import { specification } from '../cpu/program-exception.ts';
import { readBuffer, writeBuffer } from './buffers.ts';
import { privileged } from './control/privileged.ts';
import { adapterWord } from './interruptions.ts';
import { Lowcore } from './lowcore.ts';
import type { VirtualCpu } from './virtual-cpu.ts';

export const CHANNEL_INSTRUCTIONS = ['stcrw', 'chsc', 'tpi'] as const;

const PAGE = 4096;
const STORE_EVENT_INFORMATION = 0x000e;
const EVENT_REQUEST_BYTES = 0x10;
const EVENT_RESPONSE_BYTES = 24;
const SHORT_RESPONSE_BYTES = 8;
const UNKNOWN_COMMAND = 0x0004;
const WRONG_LENGTH = 0x0003;

/** Condition code and storage are set when it ends; throws ProgramInterruption before anything has changed. */
export async function executeChannel(task: Task, on: VirtualCpu, insn: Instruction): Promise<void> {
  privileged(on.cpu, insn);
  if (insn.mnemonic === 'stcrw') await storeReport(task, on, insn);
  else if (insn.mnemonic === 'chsc') await channelSubsystemCall(task, on, insn);
  else testPending(task, on, insn);
}

async function storeReport(task: Task, { cpu, port }: VirtualCpu, insn: Instruction): Promise<void> {
  const address = address2(cpu, insn);
  mustBeAligned(address, 4);
  checkStore(cpu, address, 4);
  const word = await port.storeChannelReportWord(task);
  const packed = word === null ? 0 : (word.overflow ? 0x2000_0000 : 0) | (word.rsc << 24) | (word.erc << 16) | word.rsid;
  store32(cpu, address, packed);
  cpu.cc = word === null ? 1 : 0;
}

/** The request is a page; the response begins where the request ends. */
async function channelSubsystemCall(task: Task, { cpu, port }: VirtualCpu, insn: Instruction): Promise<void> {
  const address = registerAddress(cpu, insn.r1);
  mustBeAligned(address, PAGE);
  const block = readBuffer(cpu, address, PAGE);
  checkStore(cpu, address, PAGE);
  const view = new DataView(block.buffer);
  const length = view.getUint16(0);
  if (length < SHORT_RESPONSE_BYTES || length % 8 !== 0 || length > PAGE - SHORT_RESPONSE_BYTES) {
    throw specification(`a CHSC request of ${length} bytes`);
  }
  const response = await responseTo(task, port, { command: view.getUint16(2), length });
  writeBuffer(cpu, address + length, response);
  cpu.cc = 0;
}

async function responseTo(
  task: Task,
  port: VirtualCpu['port'],
  { command, length }: { readonly command: number; readonly length: number },
): Promise<Uint8Array> {
  if (command !== STORE_EVENT_INFORMATION) return shortResponse(UNKNOWN_COMMAND);
  if (length !== EVENT_REQUEST_BYTES) return shortResponse(WRONG_LENGTH);
  const event = await port.storeEventInformation(task);
  if (event.code !== SEI_STORED) return shortResponse(event.code);
  const response = new Uint8Array(EVENT_RESPONSE_BYTES);
  const view = new DataView(response.buffer);
  view.setUint16(0, EVENT_RESPONSE_BYTES);
  view.setUint16(2, event.code);
  response[7] = event.nt;
  response[8] = event.flags;
  response[10] = event.rs;
  response[11] = event.cc;
  return response;
}

function shortResponse(code: number): Uint8Array {
  const response = new Uint8Array(SHORT_RESPONSE_BYTES);
  const view = new DataView(response.buffer);
  view.setUint16(0, SHORT_RESPONSE_BYTES);
  view.setUint16(2, code);
  return response;
}

/** Takes an I/O interruption that CR6 lets in, whatever the PSW says. Operand address 0: all of it goes to the lowcore. */
function testPending(task: Task, on: VirtualCpu, insn: Instruction): void {
  const { cpu, port } = on;
  const address = address2(cpu, insn);
  mustBeAligned(address, 4);
  const place = address === 0 ? Lowcore.IO_SUBSYSTEM : address;
  if (address !== 0) checkStore(cpu, address, 8);
  const iscs = cpu.crLo[6]! >>> 24;
  port.setStatus?.({ problemState: false, ioEnabled: true, iscs });
  const isc = iscs === 0 ? null : port.takeInterruption(task);
  on.showStatus();
  cpu.cc = isc === null ? 0 : 1;
  if (isc === null) return;
  const word = new DataView(new ArrayBuffer(12));
  word.setUint32(8, adapterWord(isc));
  const bytes = new Uint8Array(word.buffer);
  if (address === 0) cpu.storage.write(cpu.absolute(place), bytes);
  else writeBuffer(cpu, place, bytes.subarray(0, 8));
}
