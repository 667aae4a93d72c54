/**
 * How heavy requests to coprocessors are, by function (speed_idx_cca and speed_idx_ep11 of drivers/s390/crypto/zcrypt_msgtype6.c): the
 * rating of a card for secure keys is multiplied by this.
 */
const LOW = 10;
const MEDIUM = 100;
const HIGH = 500;

export type RequestClass = typeof LOW | typeof MEDIUM | typeof HIGH;

const pairs = (text: string): ReadonlySet<string> => new Set(text.split(' '));

const CCA_LOW = pairs('AB AI AM CA CD CT CX DK EX FC FQ LG LK LQ OH PO PS PX SC SD SE SP');
const CCA_HIGH = pairs(
  'AK CE CI CM HG HI HM HP HQ IT IX KC KD KE KG KH KI KN KP KR KT KX MP MS MV MX PD PE PF PG PI PK PM RT SG SI SK SM SV SX TC TK VG',
);

/** `functionCode`: two characters. */
export function ccaClass(functionCode: string): RequestClass {
  if (CCA_LOW.has(functionCode)) return LOW;
  return CCA_HIGH.has(functionCode) ? HIGH : MEDIUM;
}

const EP11_LOW: ReadonlySet<number> = new Set([1, 2, 36, 37, 38, 39, 40]);
const EP11_HIGH: ReadonlySet<number> = new Set([17, 18, 19, 20, 21, 22, 26, 30, 31, 32, 33, 34, 35]);

export function ep11Class(functionId: number): RequestClass {
  if (EP11_LOW.has(functionId)) return LOW;
  return EP11_HIGH.has(functionId) ? HIGH : MEDIUM;
}
