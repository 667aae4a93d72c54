/**
 * Control and I/O instructions (z/Architecture Principles of Operation, chapters 10 and 14), and the AP instructions
 * (arch/s390/include/asm/ap.h, arch/s390/include/asm/pci_insn.h for those of PCI functions).
 */
import { rowsOf, type InstructionRow } from './rows.ts';

const control = rowsOf('control');
const io = rowsOf('io');
const ap = rowsOf('ap');

export const CONTROL: readonly InstructionRow[] = [
  ...control('S-byte', 'd2(b2)', 'ssm 80, lpsw 82'),
  ...control(
    'S',
    'd2(b2)',
    `
      lbear b200, stbear b201, stidp b202, sck b204, sckc b206, stckc b207, spt b208, stpt b209, spka b20a, spx b210, stpx b211,
      stap b212, sie b214, pc b218, sac b219, cfc b21a, rp b277, sacf b279, stsi b27d, lpp b280, lcctl b284, lpctl b285, qsi b286,
      lsctl b287, qctri b28e, qpaci b28f, stfle b2b0, stfl b2b1, lpswe b2b2, trap4 b2ff
    `,
  ),
  ...control('RS', 'r1,r3,d2(b2)', 'diag 83, trace 99, sigp ae'),
  ...control('SI', 'd1(b1),u2', 'stnsm ac, stosm ad'),
  ...control('RX', 'r1,d2(x2,b2)', 'lra b1'),
  ...control('RS', 'c1,c3,d2(b2)', 'stctl b6, lctl b7'),
  ...control('SS-d', 'd1(r1,b1),d2(b2),r3', 'mvck d9, mvcp da, mvcs db'),
  ...control('E', '', 'pr 0101, upt 0102, sckpf 0107, trap2 01ff'),
  ...control('S', '', 'ipk b20b, ptlb b20d, palb b248'),
  ...control('RRF', 'r1,r2,r3?,m4?', 'ipte b221'),
  ...control(
    'RRE',
    'r1,r2',
    `
      servc b220, ivsk b223, pt b228, iske b229, rrbe b22a, tb b22c, pgin b22e, pgout b22f, bakr b240, stura b246, ereg b249,
      esta b24a, lura b24b, csp b250, mvpg b254, bsg b258, bsa b25a, scctr b2e0, spctr b2e1, ecctr b2e4, epctr b2e5, ecpga b2ed,
      lurag b905, eregg b90e, sturg b925, cspg b98a, epsw b98d, pti b99e, tpei b9a1, irbm b9ac, rrbm b9ae, pfmf b9af, pcistg b9d0,
      pcilg b9d2, rpcit b9d3
    `,
  ),
  ...control(
    'RRE',
    'r1',
    `
      iac b224, ssar b225, epar b226, esar b227, msta b247, epair b99a, esair b99b, esea b99d, ssair b99f, ptf b9a2
    `,
  ),
  ...control('RRF', 'r1,r2,m3?', 'sske b22b'),
  ...control('RRE', 'a1,r2', 'tar b24c'),
  ...control('RRF', 'r1,r3,r2,m4?', 'rdp b98b, idte b98e, crdte b98f'),
  ...control('RRF', 'r1,r3,r2,m4', 'lptea b9aa'),
  ...control('SSE', 'd1(b1),d2(b2)', 'lasp e500, tprot e501, strag e502, mvcsk e50e, mvcdk e50f'),
  ...control('SSF', 'd1(b1),d2(b2),r3', 'mvcos c80'),
  ...control('RXY', 'r1,d2(x2,b2)', 'lrag e303, lray e313, mpcifc e3d0, stpcifc e3d4'),
  ...control('RSY', 'r1,r3,d2(b2)', 'tracg eb0f, pcistb ebd0, sic ebd1'),
  ...control('RSY', 'c1,c3,d2(b2)', 'stctg eb25, lctlg eb2f'),
  ...control('SIY', 'd1(b1)', 'lpswey eb71'),
  ...control('RRF', 'r1', 'clp b9a0'),
  ...io('S', '', 'csch b230, hsch b231, sal b237, rsch b238, rchp b23b, schm b23c, xsch b276'),
  ...io('S', 'd2(b2)', 'msch b232, ssch b233, stsch b234, tsch b235, tpi b236, stcrw b239, stcps b23a, siga b274'),
  ...io('RRE', 'r1', 'chsc b25f'),
  ...ap('RRE', 'r1,r2', 'nqap b2ad, dqap b2ae'),
  ...ap('RRE', '', 'pqap b2af'),
];
