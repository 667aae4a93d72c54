/**
 * What a program asks the machine about itself: facilities, system information, the service processor (arch/s390/kvm/priv.c: handle_stfl,
 * handle_stsi; target/s390x/kvm/kvm.c of QEMU: kvm_sclp_service_call).
 */
import { address2, fetchable, mustBeAligned } from '../../cpu/access.ts';
import type { Execute } from '../../cpu/instruction.ts';
import type { Handlers } from '../../cpu/instructions/handlers.ts';
import { specification } from '../../cpu/program-exception.ts';
import { writeBuffer } from '../buffers.ts';
import { Lowcore } from '../lowcore.ts';
import type { Sclp } from '../sclp.ts';
import { CURRENT_LEVEL, SYSIB_BYTES, systemInformation } from '../system-information.ts';
import { privileged } from './privileged.ts';

export interface SystemParts {
  readonly name: string;
  readonly cpus: number;
  readonly facilities: Uint8Array;
  readonly sclp: Sclp;
  /** A service call with the SCCB at this address is done: its interruption becomes pending. */
  readonly serviceDone: (sccb: number) => void;
}

/** Bits of GR0 and GR1 that STSI wants zero; without function code nothing else is looked at. */
const STSI_GR0_ZERO = 0x0fff_ff00;
const STSI_GR1_ZERO = 0xffff_0000;
const NOT_THERE = 3;

export function systemInstructions(parts: SystemParts): Handlers {
  const { facilities } = parts;
  return {
    stfl: (c, i) => {
      privileged(c, i);
      const at = c.absolute(Lowcore.FACILITIES);
      c.storage.write(at, facilities.subarray(0, 4));
    },
    stfle: (c, i) => {
      const address = address2(c, i);
      mustBeAligned(address, 8);
      const wanted = (c.lo[0]! & 0xff) + 1;
      const there = facilities.length / 8;
      writeBuffer(c, address, facilities.subarray(0, 8 * Math.min(wanted, there)));
      c.lo[0] = (c.lo[0]! & ~0xff) | (there - 1);
      c.cc = wanted < there ? NOT_THERE : 0;
    },
    stsi: stsi(parts),
    servc: (c, i) => {
      privileged(c, i);
      const real = c.lo[i.r2]! >>> 0;
      const prefixed = real < 0x2000 || (real >= c.prefix && real < c.prefix + 0x2000);
      const high = c.mode64 ? c.hi[i.r2]! : 0;
      if (high !== 0 || real % 8 !== 0 || real >= 0x8000_0000 || prefixed) throw specification(`an SCCB at 0x${real.toString(16)}`);
      parts.sclp.call(c.lo[i.r1]! >>> 0, fetchable(c, real));
      parts.serviceDone(real);
      c.cc = 0;
      c.attention = true;
    },
  };
}

const stsi =
  ({ name, cpus }: SystemParts): Execute =>
  (c, i) => {
    privileged(c, i);
    const gr0 = c.lo[0]!;
    const gr1 = c.lo[1]!;
    const level = gr0 >>> 28;
    c.cc = 0;
    if (level > CURRENT_LEVEL) {
      c.cc = NOT_THERE;
      return;
    }
    if ((gr0 & STSI_GR0_ZERO) !== 0 || (gr1 & STSI_GR1_ZERO) !== 0) throw specification('STSI with a reserved bit that is not zero');
    if (level === 0) {
      c.lo[0] = CURRENT_LEVEL << 28;
      return;
    }
    const address = address2(c, i);
    mustBeAligned(address, SYSIB_BYTES);
    const block = systemInformation([level, gr0 & 0xff, gr1 & 0xffff], { name, cpus, cpu: c.id });
    if (block === null) c.cc = NOT_THERE;
    else writeBuffer(c, address, block);
  };
