/**
 * Hexadecimal, binary and decimal floating-point arithmetic (z/Architecture Principles of Operation, chapters 9, 18, 19 and 20).
 */
import { rowsOf, type InstructionRow } from './rows.ts';

const floating = rowsOf('floating-point');

export const FLOATING_POINT: readonly InstructionRow[] = [
  ...floating(
    'RR',
    'f1,f2',
    `
      lpdr 20, lndr 21, ltdr 22, lcdr 23, hdr 24, ldxr 25, mxr 26, mxdr 27, cdr 29, adr 2a, sdr 2b, mdr 2c, ddr 2d, awr 2e, swr 2f,
      lper 30, lner 31, lter 32, lcer 33, her 34, ledr 35, axr 36, sxr 37, cer 39, aer 3a, ser 3b, mder 3c, der 3d, aur 3e, sur 3f
    `,
  ),
  ...floating(
    'RX',
    'f1,d2(x2,b2)',
    `
      mxd 67, cd 69, ad 6a, sd 6b, md 6c, dd 6d, aw 6e, sw 6f, ce 79, ae 7a, se 7b, mde 7c, de 7d, au 7e, su 7f
    `,
  ),
  ...floating(
    'RRE',
    'f1,f2',
    `
      dxr b22d, sqdr b244, sqer b245, lpebr b300, lnebr b301, ltebr b302, lcebr b303, ldebr b304, lxdbr b305, lxebr b306,
      mxdbr b307, kebr b308, cebr b309, aebr b30a, sebr b30b, mdebr b30c, debr b30d, lpdbr b310, lndbr b311, ltdbr b312, lcdbr b313,
      sqebr b314, sqdbr b315, sqxbr b316, meebr b317, kdbr b318, cdbr b319, adbr b31a, sdbr b31b, mdbr b31c, ddbr b31d, lder b324,
      lxdr b325, lxer b326, sqxr b336, meer b337, lpxbr b340, lnxbr b341, ltxbr b342, lcxbr b343, kxbr b348, cxbr b349, axbr b34a,
      sxbr b34b, mxbr b34c, dxbr b34d, thder b358, thdr b359, lpxr b360, lnxr b361, ltxr b362, lcxr b363, lexr b366, fixr b367,
      cxr b369, lpdfr b370, lndfr b371, lcdfr b373, fier b377, fidr b37f, ltdtr b3d6, ltxtr b3de, kdtr b3e0, cdtr b3e4, kxtr b3e8,
      cxtr b3ec, cedtr b3f4, cextr b3fc
    `,
  ),
  ...floating(
    'RRD',
    'f1,f3,f2',
    `
      maebr b30e, msebr b30f, madbr b31e, msdbr b31f, maer b32e, mser b32f, maylr b338, mylr b339, mayr b33a, myr b33b, mayhr b33c,
      myhr b33d, madr b33e, msdr b33f
    `,
  ),
  ...floating(
    'RRF',
    'f1,m3,f2,m4',
    `
      ledbra b344, ldxbra b345, lexbra b346, fixbra b347, fiebra b357, fidbra b35f, ledtr b3d5, fidtr b3d7, ldxtr b3dd, fixtr b3df
    `,
  ),
  ...floating('RRF', 'f1,m3,f2', 'tbedr b350, tbdr b351'),
  ...floating('RRF', 'f1,f3,f2,m4', 'diebr b353, didbr b35b, qadtr b3f5, qaxtr b3fd'),
  ...floating(
    'RRF',
    'f1,m3,r2,m4',
    `
      celfbr b390, cdlfbr b391, cxlfbr b392, cefbra b394, cdfbra b395, cxfbra b396, celgbr b3a0, cdlgbr b3a1, cxlgbr b3a2,
      cegbra b3a4, cdgbra b3a5, cxgbra b3a6, cdgtra b3f1, cxgtra b3f9, cdftr b951, cdlgtr b952, cdlftr b953, cxftr b959,
      cxlgtr b95a, cxlftr b95b
    `,
  ),
  ...floating(
    'RRF',
    'r1,m3,f2,m4',
    `
      cfebra b398, cfdbra b399, cfxbra b39a, clfebr b39c, clfdbr b39d, clfxbr b39e, cgebra b3a8, cgdbra b3a9, cgxbra b3aa,
      clgebr b3ac, clgdbr b3ad, clgxbr b3ae, cgdtra b3e1, cgxtra b3e9, cfdtr b941, clgdtr b942, clfdtr b943, cfxtr b949,
      clgxtr b94a, clfxtr b94b
    `,
  ),
  ...floating(
    'RRE',
    'f1,r2',
    `
      cefr b3b4, cdfr b3b5, cxfr b3b6, cegr b3c4, cdgr b3c5, cxgr b3c6, cdutr b3f2, cdstr b3f3, cxutr b3fa, cxstr b3fb
    `,
  ),
  ...floating('RRF', 'r1,m3,f2', 'cfer b3b8, cfdr b3b9, cfxr b3ba, cger b3c8, cgdr b3c9, cgxr b3ca'),
  ...floating('RRF', 'f1,f2,f3,m4', 'mdtra b3d0, ddtra b3d1, adtra b3d2, sdtra b3d3, mxtra b3d8, dxtra b3d9, axtra b3da, sxtra b3db'),
  ...floating('RRF', 'f1,f2,m4', 'ldetr b3d4, lxdtr b3dc'),
  ...floating('RRE', 'r1,f2', 'cudtr b3e2, eedtr b3e5, esdtr b3e7, cuxtr b3ea, eextr b3ed, esxtr b3ef'),
  ...floating('RRF', 'r1,f2,m4', 'csdtr b3e3, csxtr b3eb'),
  ...floating('RRF', 'f1,f3,r2', 'iedtr b3f6, iextr b3fe'),
  ...floating('RRF', 'f1,f3,r2,m4', 'rrdtr b3f7, rrxtr b3ff'),
  ...floating(
    'RXE',
    'f1,d2(x2,b2)',
    `
      ldeb ed04, lxdb ed05, lxeb ed06, mxdb ed07, keb ed08, ceb ed09, aeb ed0a, seb ed0b, mdeb ed0c, deb ed0d, tceb ed10, tcdb ed11,
      tcxb ed12, sqeb ed14, sqdb ed15, meeb ed17, kdb ed18, cdb ed19, adb ed1a, sdb ed1b, mdb ed1c, ddb ed1d, lde ed24, lxd ed25,
      lxe ed26, sqe ed34, sqd ed35, mee ed37, tdcet ed50, tdget ed51, tdcdt ed54, tdgdt ed55, tdcxt ed58, tdgxt ed59
    `,
  ),
  ...floating(
    'RXF',
    'f1,f3,d2(x2,b2)',
    `
      maeb ed0e, mseb ed0f, madb ed1e, msdb ed1f, mae ed2e, mse ed2f, mayl ed38, myl ed39, may ed3a, my ed3b, mayh ed3c, myh ed3d,
      mad ed3e, msd ed3f, sldt ed40, srdt ed41, slxt ed48, srxt ed49
    `,
  ),
  ...floating('RSL-b', 'f1,d2(l2,b2),m3', 'czdt eda8, czxt eda9, cdzt edaa, cxzt edab, cpdt edac, cpxt edad, cdpt edae, cxpt edaf'),
];
