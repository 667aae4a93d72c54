/**
 * NQAP, DQAP and PQAP of a program in machine code: registers and buffers on this side, the instructions of the vCPU on the other
 * (arch/s390/include/asm/ap.h, from the machine's side). Exceptions in the order operation, privileged operation, specification, addressing;
 * nothing has changed then.
 */
import type { Apqn } from '../../../base/apqn.ts';
import { OPERATION_EXCEPTION, PRIVILEGED_OPERATION, ProgramInterruption } from '../../../base/program-interruption.ts';
import { SpecificationException } from '../../../crypto-adapters/ap-instructions.ts';
import { bareStatus, conditionCode, encodeStatus, type ApStatus } from '../../../crypto-adapters/ap-status.ts';
import { maxMessageSize } from '../../../crypto-adapters/card-type.ts';
import { Rc } from '../../../crypto-adapters/response-code.ts';
import type { Task } from '../../../runtime/task.ts';
import type { GuestCpu } from '../../guest-port.ts';
import { advance, checkStore, fetchable, registerAddress } from '../cpu/access.ts';
import type { Cpu } from '../cpu/cpu.ts';
import type { Operands } from '../cpu/operands.ts';
import { specification } from '../cpu/program-exception.ts';
import { MAX_MESSAGE_BYTES, dqapOperands, nqapOperands } from './ap-operands.ts';
import { readBuffer, writeBuffer } from './buffers.ts';
import type { MessageParts } from './message-parts.ts';
import { register64, setRegister64, setRegisterWord } from './registers.ts';

export interface ApCpu {
  readonly cpu: Cpu;
  readonly port: Pick<GuestCpu, 'instructions' | 'providesAp'>;
  readonly parts: MessageParts;
}

/** Bytes that every queue takes. */
const CLASSIC_LIMIT = maxMessageSize(0);
/** Function codes of PQAP. */
const RAPQ = 1;
const ZAPQ = 2;
const QCI = 4;
const NQAP_PART_TAKEN = 1;
const DQAP_PARTIAL = 1;
/** In GR0 after a part of a reply: the start bit is off, and that bit of the left half says that something was started. */
const CONTINUES = 1;

/** Ends with registers and condition code set, or throws ProgramInterruption. */
export async function executeAp(task: Task, on: ApCpu, insn: Operands): Promise<void> {
  const { cpu, port } = on;
  if (port.providesAp?.() === false) throw new ProgramInterruption(OPERATION_EXCEPTION, 'AP instructions are not provided to this guest');
  if (cpu.problem) throw new ProgramInterruption(PRIVILEGED_OPERATION, `${insn.mnemonic} in problem state`);
  try {
    if (insn.mnemonic === 'nqap') await nqap(task, on, insn);
    else if (insn.mnemonic === 'dqap') await dqap(task, on, insn);
    else await pqap(task, on);
  } catch (error) {
    if (error instanceof SpecificationException) throw specification(error.message);
    throw error;
  }
}

async function nqap(task: Task, on: ApCpu, insn: Operands): Promise<void> {
  const { cpu, parts, port } = on;
  const { apqn, last, special, psmid, buffer } = nqapOperands(cpu, insn);
  await mustNotExceed(task, on, { apqn, length: buffer.length });
  const bytes = readBuffer(cpu, buffer.address, buffer.length);
  const total = parts.lengthOf(apqn, psmid) + bytes.length;
  let status: ApStatus;
  if (total > MAX_MESSAGE_BYTES) status = bareStatus(Rc.MESSAGE_TOO_BIG);
  else if (last) {
    status = await port.instructions.nqap(task, apqn, {
      psmid,
      message: parts.complete(apqn, psmid, bytes),
      ...(special ? { special } : {}),
    });
  } else ({ status } = await port.instructions.tapq(task, apqn));
  setRegisterWord(cpu, 1, encodeStatus(status));
  cpu.cc = conditionCode(status);
  if (cpu.cc !== 0) return parts.drop(apqn);
  consume(cpu, insn.r2, bytes.length);
  if (last) return;
  parts.add(apqn, psmid, bytes);
  cpu.cc = NQAP_PART_TAKEN;
}

/** Only a queue that the guest has, and that says so, takes and gives more than the classic limit at once. */
async function mustNotExceed(
  task: Task,
  { port }: ApCpu,
  { apqn, length }: { readonly apqn: Apqn; readonly length: number },
): Promise<void> {
  if (length <= CLASSIC_LIMIT) return;
  const limit = (await port.instructions.messageLimit?.(task, apqn)) ?? CLASSIC_LIMIT;
  if (length > limit) throw specification(`a buffer of ${length} bytes for a queue whose messages have at most ${limit}`);
}

/** A reply that is longer than the buffer stays in the queue with its rest; GR1 tells nothing then. */
async function dqap(task: Task, on: ApCpu, insn: Operands): Promise<void> {
  const { cpu, port } = on;
  const { apqn, starts, buffer } = dqapOperands(cpu, insn);
  await mustNotExceed(task, on, { apqn, length: buffer.length });
  checkStore(cpu, buffer.address, buffer.length);
  if (!starts && cpu.hi[0] !== CONTINUES) {
    endWith(cpu, bareStatus(Rc.NO_FIRST_PART));
    return;
  }
  const { status, psmid, reply, residual } = await port.instructions.dqap(task, apqn, buffer.length);
  if (reply !== null) {
    writeBuffer(cpu, buffer.address, reply);
    consume(cpu, insn.r2, reply.length);
    setRegister64(cpu, 2, BigInt(residual));
  }
  if (status.rc === Rc.PARTIAL) {
    cpu.hi[0] = CONTINUES;
    cpu.lo[0] = apqn;
    cpu.cc = DQAP_PARTIAL;
    return;
  }
  endWith(cpu, status);
  if (reply === null) return;
  setRegisterWord(cpu, insn.r1, Number(psmid >> 32n));
  setRegisterWord(cpu, insn.r1 + 1, Number(psmid & 0xffffffffn));
}

function endWith(cpu: Cpu, status: ApStatus): void {
  setRegisterWord(cpu, 1, encodeStatus(status));
  cpu.cc = conditionCode(status);
}

/** So many bytes of the buffer in a pair of registers are used up. */
function consume(cpu: Cpu, register: number, bytes: number): void {
  advance(cpu, register, bytes);
  const rest = register64(cpu, register + 1) - BigInt(bytes);
  if (cpu.mode64) setRegister64(cpu, register + 1, rest);
  else cpu.lo[register + 1] = Number(BigInt.asIntN(32, rest));
}

async function pqap(task: Task, { cpu, port, parts }: ApCpu): Promise<void> {
  const { instructions } = port;
  if (instructions.pqap === undefined) throw new Error('expected a vCPU that executes PQAP by its registers, got one without');
  const gr0 = register64(cpu, 0);
  const called = Number((gr0 >> 24n) & 0xffn);
  // The block of QCI is the only operand in storage: its address is logical, below it is absolute.
  const block = called === QCI ? registerAddress(cpu, 2) : null;
  const gr2 = block === null ? register64(cpu, 2) : BigInt(block >= cpu.storage.size ? block : fetchable(cpu, block));
  const result = await instructions.pqap(task, { gr0, gr1: register64(cpu, 1), gr2 });
  setRegister64(cpu, 1, result.gr1);
  if (block === null) setRegister64(cpu, 2, result.gr2);
  cpu.cc = result.cc;
  if (called === RAPQ || called === ZAPQ) parts.drop(Number(gr0 & 0xffffn));
}
