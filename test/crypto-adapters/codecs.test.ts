/** Goal: status word, TAPQ word, QCI block and card table are bit for bit those of the architecture. Method: golden values, round trips. */
import { describe, expect, it } from 'vitest';
import { ApMask } from '../../src/base/ap-mask.ts';
import { bareStatus, conditionCode, decodeStatus, encodeStatus } from '../../src/crypto-adapters/ap-status.ts';
import {
  CARD_TYPE_TEXTS,
  cardTypeText,
  maxMessageSize,
  modulusLimits,
  parseCardType,
  speedWeights,
} from '../../src/crypto-adapters/card-type.ts';
import { decodeQci, encodeQci, hasQciFlag, QciFlag } from '../../src/crypto-adapters/qci.ts';
import { Rc, rcName } from '../../src/crypto-adapters/response-code.ts';
import { noService, weightService } from '../../src/crypto-adapters/service-model.ts';
import { decodeTapqInfo, encodeTapqInfo } from '../../src/crypto-adapters/tapq-info.ts';
import { card } from './hardware.ts';

describe('status word', () => {
  it.each([
    ['queueEmpty', 0x80000000],
    ['repliesWaiting', 0x40000000],
    ['queueFull', 0x20000000],
    ['asyncError', 0x02000000],
    ['irqEnabled', 0x01000000],
  ])('%s is bit 0x%i', (name, bit) => {
    const status = { ...bareStatus(Rc.NORMAL), [name]: true };
    expect(encodeStatus(status)).toBe(bit);
    expect(decodeStatus(bit)).toEqual(status);
  });

  it('round trips every response code with every combination of bits', () => {
    for (let rc = 0; rc < 256; rc++) {
      for (let bits = 0; bits < 32; bits++) {
        const word = (((bits & 7) << 29) | ((bits >> 3) << 24) | (rc << 16)) >>> 0;
        expect(encodeStatus(decodeStatus(word))).toBe(word);
      }
    }
  });

  it('condition code 3 stands for every response code but 0', () => {
    expect(conditionCode(bareStatus(Rc.NORMAL))).toBe(0);
    expect(conditionCode(bareStatus(Rc.BUSY))).toBe(3);
  });

  it('names response codes', () => {
    expect(rcName(2)).toBe('RESET_IN_PROGRESS');
    expect(rcName(0x10)).toBe('Q_FULL');
    expect(rcName(0x10, 'dqap')).toBe('NO_PENDING_REPLY');
    expect(rcName(0x77)).toBe('rc 0x77');
  });
});

describe('TAPQ word', () => {
  it('is laid out as the architecture says', () => {
    const info = { functions: 0x92000000, type: 14, domains: 84, ml: 3, depth: 7 };
    expect(encodeTapqInfo(info)).toBe(0x92000000_0e540307n);
    expect(decodeTapqInfo(0x92000000_0e540307n)).toEqual(info);
  });
});

describe('QCI block', () => {
  const info = {
    flags: (QciFlag.APSC | QciFlag.APXA | QciFlag.QACT | QciFlag.APSB) >>> 0,
    na: 255,
    nd: 84,
    apm: ApMask.of(5, 6),
    aqm: ApMask.of(4, 0x47),
    adm: ApMask.of(255),
  };

  it('has flags, limits and masks at their places', () => {
    const block = encodeQci(info);
    expect(block).toHaveLength(128);
    expect([...block.subarray(0, 6)]).toEqual([0xe0, 0x80, 0, 0, 255, 84]);
    expect(block[16]).toBe(0x06);
    expect(block[48]).toBe(0x08);
    expect(block[111]).toBe(0x01);
  });

  it('round trips', () => {
    const back = decodeQci(encodeQci(info));
    expect(encodeQci(back)).toEqual(encodeQci(info));
    expect(back.apm.equals(info.apm)).toBe(true);
    expect(hasQciFlag(back, QciFlag.RC8A)).toBe(false);
    expect(hasQciFlag(back, QciFlag.APSC)).toBe(true);
    expect(() => decodeQci(new Uint8Array(127))).toThrow('128 bytes');
  });
});

describe('card types', () => {
  it('parses and prints all nineteen and nothing else', () => {
    expect(CARD_TYPE_TEXTS).toHaveLength(19);
    for (const text of CARD_TYPE_TEXTS) expect(cardTypeText(card(text))).toBe(text);
    for (const text of ['CEX3P', 'CEX1C', 'CEX9A', 'cex8c', 'CEX8', 'CEX8CC', '']) expect(parseCardType(text)).toBeUndefined();
  });

  it.each([
    ['CEX4A', 10, 0x6a000000, 512, [14, 19, 249], [42, 228, 1458]],
    ['CEX8A', 14, 0x6a000000, 512, [6, 8, 17], [15, 54, 362]],
    ['CEX7C', 13, 0x92000000, 512, [14, 16, 26], [23, 64, 376]],
    ['CEX5P', 11, 0x86000000, 512, [0, 0, 0], [0, 0, 0]],
    ['CEX2A', 6, 0x6a000000, 512, [14, 19, 249], [42, 228, 1458]],
    ['CEX2C', 7, 0x92000000, 512, [59, 69, 308], [83, 278, 2204]],
    ['CEX3A', 8, 0x6a000000, 512, [14, 19, 249], [42, 228, 1458]],
    ['CEX3C', 9, 0x92000000, 512, [59, 69, 308], [83, 278, 2204]],
  ])('%s', (text, rawType, functions, max, mex, crt) => {
    const type = card(text);
    expect(type).toMatchObject({ rawType, functions, depth: 8 });
    expect(modulusLimits(type).max).toBe(max);
    expect(speedWeights(type)).toMatchObject({ mex, crt });
  });

  it('an accelerator without the 4k bits stops at 2048 bits', () => {
    expect(modulusLimits({ mode: 'A', functions: 0x0a000000 })).toEqual({ min: 1, max: 256 });
    expect(modulusLimits(card('CEX8C')).min).toBe(16);
  });

  it('the message limit is 12 KiB up to ml 3', () => {
    expect([0, 3, 4].map(maxMessageSize)).toEqual([12288, 12288, 16384]);
  });

  it('service times follow the ratings', () => {
    expect(weightService(10)(card('CEX8C'), { kind: 'crt', bits: 2048 })).toBeCloseTo(6.4);
    expect(weightService(1)(card('CEX8A'), { kind: 'mex', bits: 4096 })).toBeCloseTo(0.17);
    expect(noService(card('CEX8A'), { kind: 'mex', bits: 4096 })).toBe(0);
    expect(() => weightService(-1)).toThrow('service scale');
  });
});
