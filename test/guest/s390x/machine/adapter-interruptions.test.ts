/**
 * Goal: what comes from the machine below: adapter interruptions for replies, through notification byte and GISA, to the vCPU whose CR6 and PSW
 * let them in; channel reports as machine checks with STCRW and CHSC. Method: programs on KVM's vCPUs, with AQIC done by the hardware.
 */
import { describe, expect, test } from 'vitest';
import type { Kvm } from '../../../../src/kvm/kvm.ts';
import type { PqapInterception } from '../../../../src/kvm/pqap-port.ts';
import { RUNTIMES } from '../../../helpers/in-task.ts';
import { program, runText } from './run-text.ts';

/** AQIC goes to the queue, with the guest's storage and GISA behind it: what a driver does, without its locks. */
const served = (kvm: Kvm): PqapInterception => ({
  intercept: async (task, { apqn, operand: { ir, isc, nib } }) => {
    if (ir) kvm.gisa.register(isc);
    const usable = kvm.memory.contains(nib);
    const byte = usable ? kvm.memory.notificationByte(nib) : null;
    return { status: await kvm.host.hardware.aqic(task, apqn, { ir, isc, target: kvm.gisa, nib: byte }) };
  },
});

/** Enables interruptions of 05.0004 on ISC 3 and sends one message. */
const SEND = `
  llilf %r0,0x03000504
  llilf %r1,3
  oihl %r1,0x8000
  larl %r2,nib
  pqap
  jne end
  llilf %r0,0x40000504
  lghi %r4,0
  lghi %r5,1
  larl %r6,message
  lghi %r7,16
  nqap %r4,%r6
  jne end`;
const FAR = 'nib: .byte 0\n.align 8\nmessage: .quad 0, 0\nreply: .skip 4096';
const NEAR = `
waiting: .quad MASK | WAIT | IO_OPEN, 0
cr6_other: .quad 0xef000000
cr6_isc: .quad 0x10000000
seen: .byte 0
.align 8
word: .quad 0, 0
status: .quad 0
`;
const CALLED = `
called:
  mvc noted(12),0xb8
  mvc old(16),0x170
  larl %r1,nib
  mvc seen(1),0(%r1)
  llilf %r0,0x80000504
  lghi %r2,0
  larl %r6,reply
  lghi %r7,4096
  dqap %r4,%r6
  stg %r1,status
  j end`;

describe.each(RUNTIMES)('on the %s runtime', (_name, make) => {
  test('a reply sets the notification byte and interrupts a waiting CPU: I/O new PSW, adapter flag and ISC in the word', async () => {
    const body = `  lctlg %c6,%c6,cr6_isc\n${SEND}\n  lpswe waiting\n${CALLED}`;
    const run = await runText(make(1), program(body, { io: 'called' }, { near: NEAR, far: FAR }), { interception: served });
    expect([run.quad('noted'), run.machine.storage.view.getUint32(0xc0)]).toEqual([0n, 0x9800_0000]);
    expect([run.byte('seen'), run.quad('old'), (run.quad('status') >> 16n) & 0xffn]).toEqual([1, 0x0202_0001_8000_0000n, 0n]);
    expect(run.machine.taken).toEqual({ external: 0, io: 1, machineCheck: 0 });
    expect(run.kvm.gisa.delivered).toBe(1);
  });

  test('a CPU that spins takes it when it opens its mask', async () => {
    const body = `${SEND}
1: larl %r1,nib
  cli 0(%r1),0
  je 1b
  lctlg %c6,%c6,cr6_isc
  stosm mask,2
  mvi seen,9
  j end
${CALLED}`;
    const run = await runText(make(1), program(body, { io: 'called' }, { near: NEAR, far: FAR }), { interception: served });
    // Without the condition code.
    expect([run.byte('seen'), run.machine.taken.io, run.quad('old') & ~(3n << 44n)]).toEqual([1, 1, 0x0200_0001_8000_0000n]);
  });

  test('TPI takes it without an interruption, and only what CR6 lets in', async () => {
    const body = `${SEND}
1: larl %r1,nib
  cli 0(%r1),0
  je 1b
  lctlg %c6,%c6,cr6_other
  tpi word
  jne end
  lctlg %c6,%c6,cr6_isc
  tpi 0
  jo end
  je end
  mvi seen,5
  tpi word
  jne end
  mvi seen,6`;
    const run = await runText(make(1), program(body, {}, { near: NEAR, far: FAR }), { interception: served });
    expect([run.byte('seen'), run.machine.storage.view.getUint32(0xc0), run.machine.taken.io]).toEqual([6, 0x9800_0000, 0]);
  });

  test('of two CPUs the one is woken that lets the subclass in', async () => {
    const body = `
  lghi %r3,1
  sigp %r4,%r3,6
1: sigp %r4,%r3,1
  jne 1b
  lctlg %c6,%c6,cr6_other
${SEND}
  lpswe waiting
second:
  lctlg %c6,%c6,cr6_isc
  lpswe waiting
called:
  stap own
  mvc noted(2),own
  lghi %r3,0
  sigp %r4,%r3,5
  j end`;
    const run = await runText(make(1), program(body, { io: 'called', restart: 'second' }, { near: NEAR, far: FAR }), {
      interception: served,
    });
    expect([run.word('noted') >>> 16, run.machine.taken.io, run.machine.end!.reason]).toEqual([1, 1, 'stopped']);
  });

  test('an AP configuration change: machine check, channel report word, event information', async () => {
    const body = `
  lctlg %c14,%c14,cr14
  larl %r2,request
  lpswe waiting
called:
  mvc noted(8),0xe8
  mvc old(16),0x160
  stcrw crw
  jne end
  chsc %r2
  jne end
  stcrw crw+4
  jno 1f
1: ipm %r1
  st %r1,crw+8
  j end`;
    const near = 'waiting: .quad MASK | WAIT | CHECK_OPEN, 0\ncr14: .quad 0x10000000\ncrw: .quad 0, 0';
    const far = '.align 4096\nrequest: .short 16, 0x0e\n.org request+16\nresponse: .quad 0\nevent: .quad 0, 0\n.org request+4096';
    const run = await runText(make(1), program(body, { check: 'called' }, { near, far }), {
      beside: async (task, { machine, qemu }) => {
        await machine.parts.rt.sleep(task, 2);
        qemu.channels.apConfigurationChanged();
      },
    });
    expect([run.quad('noted'), run.quad('old') >> 32n]).toEqual([0x0040_0f1d_4033_0000n, 0x0006_0001n]);
    expect(run.quad('crw')).toBe(0x0b00_0000_0000_0000n);
    // Length and code, then the reporting source and what it is about.
    expect([run.quad('response'), run.quad('event') >> 32n]).toEqual([0x0018_0001_0000_0000n, 0x0000_0503n]);
    expect(run.machine.taken.machineCheck).toBe(1);
  });
});
