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

  it('may say which answers are expected', () => {
    expect(parseInstruction('aqic 05.0004 expect 00')).toMatchObject({ on: true, expect: [0] });
    expect(parseInstruction('aqic 05.0004 off expect 00,07,exception')).toMatchObject({ on: false, expect: [0, 7, 'exception'] });
    expect(parseInstruction('qci expect exception')).toMatchObject({ expect: ['exception'] });
  });

  it.each([
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
  ])('is not %j', (text) => {
    expect(parseInstruction(text)).toBeNull();
  });
});
