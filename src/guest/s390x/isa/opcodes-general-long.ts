/**
 * General instructions of six bytes (z/Architecture Principles of Operation, chapter 7).
 */
import { rowsOf, type InstructionRow } from './rows.ts';

const general = rowsOf('general');

export const GENERAL_LONG: readonly InstructionRow[] = [
  ...general('MII', 'm1,j2,j3', 'bprp c5'),
  ...general('SMI', 'm1,j2,d3(b3)', 'bpp c7'),
  ...general(
    'SS-a',
    'd1(l1,b1),d2(b2)',
    `
      trtr d0, mvn d1, mvc d2, mvz d3, nc d4, clc d5, oc d6, xc d7, tr dc, trt dd, unpku e2, mvcin e8, unpka ea
    `,
  ),
  ...general('SS-f', 'd1(b1),d2(l2,b2)', 'pku e1, pka e9'),
  ...general('SS-e', 'r1,d2(b2),r3,d4(b4)', 'plo ee'),
  ...general('SS-e', 'r1,r3,d2(b2),d4(b4)', 'lmd ef'),
  ...general('SS-b', 'd1(l1,b1),d2(l2,b2)', 'mvo f1, pack f2, unpk f3'),
  ...general('SSE', 'd1(b1),d2(b2)', 'mvcrl e50a'),
  ...general('SIL', 'd1(b1),i2', 'mvhhi e544, mvghi e548, mvhi e54c, chhsi e554, cghsi e558, chsi e55c'),
  ...general('SIL', 'd1(b1),u2', 'clhhsi e555, clghsi e559, clfhsi e55d'),
  ...general(
    'RIL',
    'r1,j2',
    `
      larl c00, brasl c05, llhrl c42, lghrl c44, lhrl c45, llghrl c46, sthrl c47, lgrl c48, stgrl c4b, lgfrl c4c, lrl c4d,
      llgfrl c4e, strl c4f, exrl c60, cghrl c64, chrl c65, clghrl c66, clhrl c67, cgrl c68, clgrl c6a, cgfrl c6c, crl c6d,
      clgfrl c6e, clrl c6f, brcth cc6
    `,
  ),
  ...general(
    'RIL',
    'r1,i2',
    `
      lgfi c01, msgfi c20, msfi c21, agfi c28, afi c29, cgfi c2c, cfi c2d, aih cc8, alsih cca, alsihn ccb, cih ccd
    `,
  ),
  ...general(
    'RIL',
    'r1,u2',
    `
      xihf c06, xilf c07, iihf c08, iilf c09, nihf c0a, nilf c0b, oihf c0c, oilf c0d, llihf c0e, llilf c0f, slgfi c24, slfi c25,
      algfi c2a, alfi c2b, clgfi c2e, clfi c2f, clih ccf
    `,
  ),
  ...general('RIL', 'm1,j2', 'brcl c04, pfdrl c62'),
  ...general('SSF', 'd1(b1),d2(b2),r3', 'ectg c81, csst c82'),
  ...general('SSF', 'r3,d1(b1),d2(b2)', 'lpd c84, lpdg c85'),
  ...general(
    'RXY',
    'r1,d2(x2,b2)',
    `
      ltg e302, lg e304, cvby e306, ag e308, sg e309, alg e30a, slg e30b, msg e30c, dsg e30d, cvbg e30e, lrvg e30f, lt e312,
      lgf e314, lgh e315, llgf e316, llgt e317, agf e318, sgf e319, algf e31a, slgf e31b, msgf e31c, dsgf e31d, lrv e31e, lrvh e31f,
      cg e320, clg e321, stg e324, cvdy e326, lzrg e32a, cvdg e32e, strvg e32f, cgf e330, clgf e331, ltgf e332, cgh e334, agh e338,
      sgh e339, llzrgf e33a, lzrf e33b, mgh e33c, strv e33e, strvh e33f, bctg e346, sty e350, msy e351, msc e353, ny e354, cly e355,
      oy e356, xy e357, ly e358, cy e359, ay e35a, sy e35b, mfy e35c, aly e35e, sly e35f, sthy e370, lay e371, stcy e372, icy e373,
      laey e375, lb e376, lgb e377, lhy e378, chy e379, ahy e37a, shy e37b, mhy e37c, ng e380, og e381, xg e382, msgc e383, mg e384,
      lgat e385, mlg e386, dlg e387, alcg e388, slbg e389, stpq e38e, lpq e38f, llgc e390, llgh e391, llc e394, llh e395, ml e396,
      dl e397, alc e398, slb e399, llgtat e39c, llgfat e39d, lat e39f, lbh e3c0, llch e3c2, stch e3c3, lhh e3c4, llhh e3c6,
      sthh e3c7, lfhat e3c8, lfh e3ca, stfh e3cb, chf e3cd, clhf e3cf
    `,
  ),
  ...general('RXY', 'm1,d2(x2,b2)', 'pfd e336, bic e347'),
  ...general(
    'RSY',
    'r1,r3,d2(b2)',
    `
      lmg eb04, srag eb0a, slag eb0b, srlg eb0c, sllg eb0d, csy eb14, rllg eb1c, rll eb1d, stmg eb24, stmh eb26, csg eb30,
      cdsy eb31, cdsg eb3e, bxhg eb44, bxleg eb45, ecag eb4c, mvclu eb8e, clclu eb8f, stmy eb90, lmh eb96, lmy eb98, srak ebdc,
      slak ebdd, srlk ebde, sllk ebdf, lang ebe4, laog ebe6, laxg ebe7, laag ebe8, laalg ebea, lan ebf4, lao ebf6, lax ebf7,
      laa ebf8, laal ebfa
    `,
  ),
  ...general('RSY', 'r1,m3,d2(b2)', 'clmh eb20, clmy eb21, clt eb23, clgt eb2b, stcmh eb2c, stcmy eb2d, icmh eb80, icmy eb81'),
  ...general('SIY', 'd1(b1),u2', 'tmy eb51, mviy eb52, niy eb54, cliy eb55, oiy eb56, xiy eb57'),
  ...general('SIY', 'd1(b1),i2', 'asi eb6a, alsi eb6e, agsi eb7a, algsi eb7e'),
  ...general('RSY', 'a1,a3,d2(b2)', 'lamy eb9a, stamy eb9b'),
  ...general('RIE-d', 'r1,r3,j2', 'brxhg ec44, brxlg ec45'),
  ...general('RIE-f', 'r1,r2,u3,u4,u5?', 'risblg ec51, rnsbg ec54, risbg ec55, rosbg ec56, rxsbg ec57, risbgn ec59, risbhg ec5d'),
  ...general('RIE-b', 'r1,r2,m3,j4', 'cgrj ec64, clgrj ec65, crj ec76, clrj ec77'),
  ...general('RIE-a', 'r1,i2,m3', 'cgit ec70, cit ec72'),
  ...general('RIE-a', 'r1,u2,m3', 'clgit ec71, clfit ec73'),
  ...general('RIE-c', 'r1,i2,m3,j4', 'cgij ec7c, cij ec7e'),
  ...general('RIE-c', 'r1,u2,m3,j4', 'clgij ec7d, clij ec7f'),
  ...general('RIE-d', 'r1,r3,i2', 'ahik ecd8, aghik ecd9, alhsik ecda, alghsik ecdb'),
  ...general('RRS', 'r1,r2,m3,d4(b4)', 'cgrb ece4, clgrb ece5, crb ecf6, clrb ecf7'),
  ...general('RIS', 'r1,i2,m3,d4(b4)', 'cgib ecfc, cib ecfe'),
  ...general('RIS', 'r1,u2,m3,d4(b4)', 'clgib ecfd, clib ecff'),
  ...general('RSY', 'r1,d2(b2),m3', 'locfh ebe0, stocfh ebe1, locg ebe2, stocg ebe3, loc ebf2, stoc ebf3'),
  ...general('RIE-d', 'r1,i2,m3', 'lochi ec42, locghi ec46, lochhi ec4e'),
];
