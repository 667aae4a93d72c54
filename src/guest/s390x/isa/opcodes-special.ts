/**
 * Instructions of facilities of their own: message security assist, transactions, decimal numbers, floating-point registers as storage,
 * and the vector ones, of which only the names are known.
 */
import { rowsOf, type InstructionRow } from './rows.ts';

const crypto = rowsOf('crypto');
const transaction = rowsOf('transaction');
const decimal = rowsOf('decimal');
const transfer = rowsOf('fp-transfer');
const specialized = rowsOf('specialized');
const vector = rowsOf('vector');

export const SPECIAL: readonly InstructionRow[] = [
  ...crypto('RRE', 'r1,r2', 'kmac b91e, kmf b92a, kmo b92b, km b92e, kmc b92f, kdsa b93a, prno b93c, kimd b93e, klmd b93f'),
  ...crypto('RRE', '', 'pckmo b928, pcc b92c'),
  ...crypto('RRF', 'r1,r3,r2', 'kma b929, kmctr b92d'),
  ...transaction('RRF', 'r1,r2,m3', 'ppa b2e8'),
  ...transaction('RRE', 'r1', 'etnd b2ec'),
  ...transaction('S', '', 'tend b2f8'),
  ...transaction('RRE', 'u1,u2', 'niai b2fa'),
  ...transaction('S', 'd2(b2)', 'tabort b2fc'),
  ...transaction('SIL', 'd1(b1),u2', 'tbegin e560, tbeginc e561'),
  ...transaction('RXY', 'r1,d2(x2,b2)', 'ntstg e325'),
  ...decimal('SS-a', 'd1(l1,b1),d2(b2)', 'ed de, edmk df'),
  ...decimal('SS-c', 'd1(l1,b1),d2(b2),u3', 'srp f0'),
  ...decimal('SS-b', 'd1(l1,b1),d2(l2,b2)', 'zap f8, cp f9, ap fa, sp fb, mp fc, dp fd'),
  ...decimal('RSL-a', 'd1(l1,b1)', 'tp ebc0'),
  ...transfer('RR', 'f1,f2', 'ldr 28, ler 38'),
  ...transfer('RX', 'f1,d2(x2,b2)', 'std 60, ld 68, ste 70, le 78'),
  ...transfer('E', '', 'pfpo 010a'),
  ...transfer('S', 'd2(b2)', 'srnm b299, stfpc b29c, lfpc b29d, srnmb b2b8, srnmt b2b9, lfas b2bd'),
  ...transfer('RRE', 'f1,f2', 'lxr b365'),
  ...transfer('RRF', 'f1,f3,f2', 'cpsdr b372'),
  ...transfer('RRE', 'f1', 'lzer b374, lzdr b375, lzxr b376'),
  ...transfer('RRE', 'r1,r2?', 'sfpc b384, efpc b38c'),
  ...transfer('RRE', 'r1', 'sfasr b385'),
  ...transfer('RRE', 'f1,r2', 'ldgr b3c1'),
  ...transfer('RRE', 'r1,f2', 'lgdr b3cd'),
  ...transfer('RXY', 'f1,d2(x2,b2)', 'ley ed64, ldy ed65, stey ed66, stdy ed67'),
  ...specialized('RRE', 'r1,r2', 'sortl b938'),
  ...specialized('RRF', 'r1,r2,r3', 'dfltcc b939'),
  ...specialized('RRE', '', 'nnpa b93b'),
  ...specialized('RXY', 'r1,d2(x2,b2)', 'llgfsg e348, stgsc e349, lgg e34c, lgsc e34d'),
  ...vector(
    'V',
    '',
    `
      vlebrh e601, vlebrg e602, vlebrf e603, vllebrz e604, vlbrrep e605, vlbr e606, vler e607, vstebrh e609, vstebrg e60a,
      vstebrf e60b, vstbr e60e, vster e60f, vpkz e634, vlrl e635, vlrlr e637, vupkz e63c, vstrl e63d, vstrlr e63f, vlip e649,
      vcvb e650, vcvbg e652, vcvd e658, vsrp e659, vcvdg e65a, vpsop e65b, vtp e65f, vap e671, vsp e673, vcp e677, vmp e678,
      vmsp e679, vdp e67a, vrp e67b, vsdp e67e, vleb e700, vleh e701, vleg e702, vlef e703, vllez e704, vlrep e705, vl e706,
      vlbb e707, vsteb e708, vsteh e709, vsteg e70a, vstef e70b, vst e70e, vgeg e712, vgef e713, vsceg e71a, vscef e71b, vlgv e721,
      vlvg e722, lcbb e727, vesl e730, verll e733, vlm e736, vll e737, vesrl e738, vesra e73a, vstm e73e, vstl e73f, vleib e740,
      vleih e741, vleig e742, vleif e743, vgbm e744, vrepi e745, vgm e746, vftci e74a, vrep e74d, vpopct e750, vctz e752, vclz e753,
      vlr e756, vistr e75c, vseg e75f, vmrl e760, vmrh e761, vlvgp e762, vsum e764, vsumg e765, vcksm e766, vsumq e767, vn e768,
      vnc e769, vo e76a, vno e76b, vnx e76c, vx e76d, vnn e76e, voc e76f, veslv e770, verim e772, verllv e773, vsl e774, vslb e775,
      vsldb e777, vesrlv e778, vesrav e77a, vsrl e77c, vsrlb e77d, vsra e77e, vsrab e77f, vfee e780, vfene e781, vfae e782,
      vpdi e784, vbperm e785, vsld e786, vsrd e787, vstrc e78a, vstrs e78b, vperm e78c, vsel e78d, vfms e78e, vfma e78f, vpk e794,
      vpkls e795, vpks e797, vfnms e79e, vfnma e79f, vmlh e7a1, vml e7a2, vmh e7a3, vmle e7a4, vmlo e7a5, vme e7a6, vmo e7a7,
      vmalh e7a9, vmal e7aa, vmah e7ab, vmale e7ac, vmalo e7ad, vmae e7ae, vmao e7af, vgfm e7b4, vmsl e7b8, vaccc e7b9, vac e7bb,
      vgfma e7bc, vsbcbi e7bd, vsbi e7bf, vclgd e7c0, vcdlg e7c1, vcgd e7c2, vcdg e7c3, vlde e7c4, vled e7c5, vfi e7c7, wfk e7ca,
      wfc e7cb, vfpso e7cc, vfsq e7ce, vupll e7d4, vuplh e7d5, vupl e7d6, vuph e7d7, vtm e7d8, vecl e7d9, vec e7db, vlc e7de,
      vlp e7df, vfs e7e2, vfa e7e3, vfd e7e5, vfm e7e7, vfce e7e8, vfche e7ea, vfch e7eb, vfmin e7ee, vfmax e7ef, vavgl e7f0,
      vacc e7f1, vavg e7f2, va e7f3, vscbi e7f5, vs e7f7, vceq e7f8, vchl e7f9, vch e7fb, vmnl e7fc, vmxl e7fd, vmn e7fe, vmx e7ff
    `,
  ),
];
