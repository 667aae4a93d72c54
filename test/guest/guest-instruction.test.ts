/**
 * Goal: the instructions of a guest program read as they are written, and nothing else is taken for one.
 */
import { describe, expect, it } from 'vitest';
import { parseInstruction } from '../../src/guest/guest-instruction.ts';

describe('an instruction', () => {
  it('names what is executed on which queue', () => {
    expect(parseInstruction('tapq 05.0004')).toMatchObject({ name: 'tapq', apqn: 0x0504, on: true, expect: null });
    expect(parseInstruction('nqap ff.00ab')).toMatchObject({ name: 'nqap', apqn: 0xffab });
    expect(parseInstruction('qci')).toMatchObject({ name: 'qci', apqn: 0, expect: null });
  });

  it('enables an interrupt, or takes it back', () => {
    expect(parseInstruction('aqic 05.0004')).toMatchObject({ name: 'aqic', apqn: 0x0504, on: true });
    expect(parseInstruction('aqic 05.0004 off')).toMatchObject({ name: 'aqic', apqn: 0x0504, on: false });
  });

  it('may be PQAP by its registers', () => {
    expect(parseInstruction('pqap 03000504 800000000003 20000 expect 00,01')).toMatchObject({
      name: 'pqap',
      registers: { gr0: 0x03000504n, gr1: 0x8000_0000_0003n, gr2: 0x20000n },
      expect: [0, 1],
    });
    expect(parseInstruction('pqap ffffffffffffffff 0 0')).toMatchObject({ registers: { gr0: 2n ** 64n - 1n, gr1: 0n, gr2: 0n } });
    expect(parseInstruction('tapq 05.0004')).not.toHaveProperty('registers');
  });

  it('may say which answers are expected', () => {
    expect(parseInstruction('aqic 05.0004 expect 00')).toMatchObject({ on: true, expect: [0] });
    expect(parseInstruction('aqic 05.0004 off expect 00,07,exception')).toMatchObject({ on: false, expect: [0, 7, 'exception'] });
    expect(parseInstruction('qci expect exception')).toMatchObject({ expect: ['exception'] });
  });

  it('runs a nested guest', () => {
    expect(parseInstruction('sie')).toMatchObject({ name: 'sie', apqn: 0, on: true, expect: null });
    expect(parseInstruction('sie expect wait,validity-003c,exception')).toMatchObject({ expect: ['wait', 'validity-003c', 'exception'] });
  });

  it.each([
    'sie 05.0004',
    'sie off',
    'sie expect',
    'sie expect 00',
    'sie expect validity-3c',
    'tapq 05.0004 expect wait',
    '',
    'tapq',
    'tapq 5.4',
    'tapq 05.0100',
    'tapq 05.0004 off',
    'TAPQ 05.0004',
    'qci 05.0004',
    'qci expect',
    'qci expect 0',
    'aqic off',
    'pqap 05.0004',
    'pqap 03000504 0',
    'pqap 03000504 0 0 0',
    'pqap 0x03000504 0 0',
    'pqap 00000000003000504 0 0',
  ])('is not %j', (text) => {
    expect(parseInstruction(text)).toBeNull();
  });
});
