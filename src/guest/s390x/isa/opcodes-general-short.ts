/**
 * General instructions of two and four bytes (z/Architecture Principles of Operation, chapter 7), branches and conditional loads among them.
 */
import { rowsOf, type InstructionRow } from './rows.ts';

const general = rowsOf('general');

export const GENERAL_SHORT: readonly InstructionRow[] = [
  ...general('RR', 'r1', 'spm 04'),
  ...general(
    'RR',
    'r1,r2',
    `
      balr 05, bctr 06, bsm 0b, bassm 0c, basr 0d, mvcl 0e, clcl 0f, lpr 10, lnr 11, ltr 12, lcr 13, nr 14, clr 15, or 16, xr 17,
      lr 18, cr 19, ar 1a, sr 1b, mr 1c, dr 1d, alr 1e, slr 1f
    `,
  ),
  ...general('I', 'u1', 'svc 0a'),
  ...general(
    'RX',
    'r1,d2(x2,b2)',
    `
      sth 40, la 41, stc 42, ic 43, ex 44, bal 45, bct 46, lh 48, ch 49, ah 4a, sh 4b, mh 4c, bas 4d, cvd 4e, cvb 4f, st 50, lae 51,
      n 54, cl 55, o 56, x 57, l 58, c 59, a 5a, s 5b, m 5c, d 5d, al 5e, sl 5f, ms 71
    `,
  ),
  ...general('RSI', 'r1,r3,j2', 'brxh 84, brxle 85'),
  ...general('RS', 'r1,r3,d2(b2)', 'bxh 86, bxle 87, stm 90, lm 98, mvcle a8, clcle a9, cs ba, cds bb'),
  ...general('RS', 'r1,d2(b2)', 'srl 88, sll 89, sra 8a, sla 8b, srdl 8c, sldl 8d, srda 8e, slda 8f'),
  ...general('SI', 'd1(b1),u2', 'tm 91, mvi 92, ni 94, cli 95, oi 96, xi 97, mc af'),
  ...general('S-byte', 'd2(b2)', 'ts 93'),
  ...general('S', 'd2(b2)', 'stck b205, stcke b278, stckf b27c'),
  ...general('RS', 'a1,a3,d2(b2)', 'lam 9a, stam 9b'),
  ...general('RS', 'r1,m3,d2(b2)', 'clm bd, stcm be, icm bf'),
  ...general('E', '', 'ptff 0104, tam 010b, sam24 010c, sam31 010d, sam64 010e'),
  ...general('RRE', 'r1', 'ipm b222'),
  ...general(
    'RRE',
    'r1,r2',
    `
      cksm b241, msr b252, mvst b255, cuse b257, clst b25d, srst b25e, cmpsc b263, tre b2a5, lpgr b900, lngr b901, ltgr b902,
      lcgr b903, lgr b904, lgbr b906, lghr b907, agr b908, sgr b909, algr b90a, slgr b90b, msgr b90c, dsgr b90d, lrvgr b90f,
      lpgfr b910, lngfr b911, ltgfr b912, lcgfr b913, lgfr b914, llgfr b916, llgtr b917, agfr b918, sgfr b919, algfr b91a,
      slgfr b91b, msgfr b91c, dsgfr b91d, lrvr b91f, cgr b920, clgr b921, lbr b926, lhr b927, cgfr b930, clgfr b931, bctgr b946,
      ngr b980, ogr b981, xgr b982, flogr b983, llgcr b984, llghr b985, mlgr b986, dlgr b987, alcgr b988, slbgr b989, llcr b994,
      llhr b995, mlr b996, dlr b997, alcr b998, slbr b999, cu41 b9b2, cu42 b9b3, srstu b9be, chhr b9cd, clhhr b9cf, chlr b9dd,
      clhlr b9df
    `,
  ),
  ...general('RRE', 'a1,a2', 'cpya b24d'),
  ...general('RRE', 'a1,r2', 'sar b24e'),
  ...general('RRE', 'r1,a2', 'ear b24f'),
  ...general(
    'RRF',
    'r1,r2,m3?',
    `
      cu21 b2a6, cu12 b2a7, trtt b990, trto b991, trot b992, troo b993, cu14 b9b0, cu24 b9b1, trtre b9bd, trte b9bf, popcnt b9e1
    `,
  ),
  ...general('RRF', 'r1,r2,m3', 'cgrt b960, clgrt b961, crt b972, clrt b973'),
  ...general(
    'RRF',
    'r1,r2,r3',
    `
      nngrk b964, ocgrk b965, nogrk b966, nxgrk b967, nnrk b974, ocrk b975, nork b976, nxrk b977, ahhhr b9c8, shhhr b9c9,
      alhhhr b9ca, slhhhr b9cb, ahhlr b9d8, shhlr b9d9, alhhlr b9da, slhhlr b9db, ngrk b9e4, ncgrk b9e5, ogrk b9e6, xgrk b9e7,
      agrk b9e8, sgrk b9e9, algrk b9ea, slgrk b9eb, mgrk b9ec, msgrkc b9ed, nrk b9f4, ncrk b9f5, ork b9f6, xrk b9f7, ark b9f8,
      srk b9f9, alrk b9fa, slrk b9fb, msrkc b9fd
    `,
  ),
  ...general(
    'RI',
    'r1,u2',
    `
      iihh a50, iihl a51, iilh a52, iill a53, nihh a54, nihl a55, nilh a56, nill a57, oihh a58, oihl a59, oilh a5a, oill a5b,
      llihh a5c, llihl a5d, llilh a5e, llill a5f, tmlh a70, tmll a71, tmhh a72, tmhl a73
    `,
  ),
  ...general('RI', 'r1,j2', 'bras a75, brct a76, brctg a77'),
  ...general('RI', 'r1,i2', 'lhi a78, lghi a79, ahi a7a, aghi a7b, mhi a7c, mghi a7d, chi a7e, cghi a7f'),
  ...general('RR', 'm1,r2', 'bcr 07'),
  ...general('RX', 'm1,d2(x2,b2)', 'bc 47'),
  ...general('RI', 'm1,j2', 'brc a74'),
  ...general('RRF', 'r1,r2,r3,m4', 'selfhr b9c0, selgr b9e3, selr b9f0'),
  ...general('RRF', 'r1,r2,m3', 'locfhr b9e0, locgr b9e2, locr b9f2'),
];
