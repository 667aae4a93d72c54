/**
 * Goal: the assembler makes the bytes that GNU as makes of the same text, and each mistake is named with line and column.
 */
import { expect, test } from 'vitest';
import { assemble } from '../../../../src/guest/s390x/assembler/assemble.ts';
import { AssemblerError } from '../../../../src/guest/s390x/assembler/source-error.ts';

const assembled = (text: string, origin = 0x1000) => assemble([{ name: 'a.s', text }], origin);
const hex = (text: string, origin = 0x1000): string =>
  Buffer.concat(assembled(text, origin).chunks.map(({ bytes }) => bytes)).toString('hex');

function complaint(text: string, origin?: number): string {
  try {
    hex(text, origin);
  } catch (error) {
    if (error instanceof AssemblerError) return error.message;
    throw error;
  }
  throw new Error(`expected a complaint about ${JSON.stringify(text)}`);
}

test('labels are addresses, before and behind the line that uses them', () => {
  expect(hex('a: j b\nb: j a\n')).toBe('a7f40002' + 'a7f4fffe');
  expect(assembled('a: b: .skip 4\nc:').symbols).toEqual(
    new Map([
      ['a', 0x1000],
      ['b', 0x1000],
      ['c', 0x1004],
    ]),
  );
});

test('local labels are there again and again', () => {
  expect(hex('1: j 1b\n j 1f\n1: j 1b\n')).toBe('a7f40000' + 'a7f40002' + 'a7f40000');
});

test('expressions have the precedence of C, names and the address of the line', () => {
  expect(hex(".quad 2+3*4, (2+3)*4, 1<<4|3, ~0, -1, 0x10%7, 0b101, 'A', .")).toBe(
    [14, 20, 19, -1n, -1n, 2, 5, 65, 0x1000].map((value) => BigInt.asUintN(64, BigInt(value)).toString(16).padStart(16, '0')).join(''),
  );
  expect(hex('.equ two, one+one\n.equ one, 1\n.byte two, end-start\nstart: .short 0\nend:')).toBe('02020000');
});

test('data directives', () => {
  expect(hex('.byte 1, -1, 255\n.short 0x1234\n.align 4\n.long -2\n.quad 5')).toBe(
    '01ffff' + '1234' + '000000' + 'fffffffe' + '0000000000000005',
  );
  expect(hex('.ascii "a\\n\\"", "b"\n.asciz "c"\n.ebcdic "KVM/"')).toBe('610a2262' + '6300' + 'd2e5d461');
  expect(hex('.skip 3\n.skip 2, 0x55')).toBe('0000005555');
});

test('.org begins another chunk, and chunks that touch are one', () => {
  const { chunks } = assembled('.byte 1\n.org 0x3000\n.byte 3\n.org 0x2000\n.byte 2\n.org 0x2001\n.byte 4', 0);
  expect(chunks).toEqual([
    { address: 0, bytes: Uint8Array.of(1) },
    { address: 0x2000, bytes: Uint8Array.of(2, 4) },
    { address: 0x3000, bytes: Uint8Array.of(3) },
  ]);
});

test('operands as GNU as takes them', () => {
  expect(hex('l %r1,4(%r2,%r3)\nl %r1,4(%r3)\nl %r1,(%r3)\nl 1,4(2,3)')).toBe('58123004' + '58103004' + '58103000' + '58123004');
  expect(hex('mvc 8(16,%r1),0(%r2)\nmvc 8(16),0')).toBe('d20f10082000' + 'd20f00080000');
  expect(hex('lay %r1,-1(%r2)\nlctlg %c0,%c0,8(%r1)')).toBe('e3102fffff71' + 'eb001008002f');
  expect(hex('ipte %r1,%r2\nipte %r1,%r2,%r3')).toBe('b2210012' + 'b2213012');
  expect(hex('cgrje %r1,%r2,.\nlocrnz %r1,%r2\nnopr %r7\nbr %r14')).toBe('ec1200008064' + 'b9f27012' + '0707' + '07fe');
});

test('comments and empty lines are nothing', () => {
  expect(hex('# all of it\n\n  .byte 1 # the rest, "quoted" (unbalanced\n')).toBe('01');
});

test('several sources are one program, and a complaint names its source', () => {
  const sources = [
    { name: 'one.s', text: 'j there' },
    { name: 'two.s', text: 'there: br %r14\n bogus' },
  ];
  expect(() => assemble(sources)).toThrow('two.s:2:2: unknown instruction bogus');
});

test.each([
  ['  bogus %r1', 'a.s:1:3: unknown instruction bogus'],
  ['.bogus 1', 'a.s:1:1: unknown instruction .bogus'],
  ['lr %r1', 'a.s:1:1: lr: expected 2 operands, got 1'],
  ['ipte %r1', 'a.s:1:1: ipte: expected 2 to 4 operands, got 1'],
  ['lr %r1,%f2', 'a.s:1:8: expected a register %r0 to %r15, got %f2'],
  ['lr %r1,%r16', 'a.s:1:8: expected a register from 0 to 15, got %r16'],
  ['lr %r1,0(%r2)', 'a.s:1:8: expected a register %r0 to %r15, got a storage operand'],
  ['lr 16,1', 'a.s:1:4: expected a register from 0 to 15, got 16'],
  ['l %r1,4096', 'a.s:1:7: l: expected 0 to 4095, got 4096'],
  ['l %r1,%r2', 'a.s:1:7: expected a value, got %r2'],
  ['l %r1,0(%a2)', 'a.s:1:9: expected a general register, got %a2'],
  ['l %r1,0(%r1,%r2,%r3)', 'a.s:1:7: expected at most 2 parts in parentheses, got 3'],
  ['lg %r1,524288', 'a.s:1:8: lg: expected -524288 to 524287, got 524288'],
  ['lhi %r1,32768', 'a.s:1:9: lhi: expected -32768 to 32767, got 32768'],
  ['nill %r1,-1', 'a.s:1:10: nill: expected 0 to 65535, got -1'],
  ['mvc 0(0),0', 'a.s:1:7: mvc: expected 1 to 256, got 0'],
  ['mvc 0(257),0', 'a.s:1:7: mvc: expected 1 to 256, got 257'],
  ['mvc 0,0', 'a.s:1:5: expected a length in parentheses'],
  ['mvc 0(%r1),0', 'a.s:1:7: expected a length, got %r1'],
  ['j .+3', 'a.s:1:3: expected a target at an even address'],
  ['j .+0x20000', 'a.s:1:3: brc: expected -32768 to 32767, got 65536'],
  ['j nowhere', 'a.s:1:3: unknown symbol nowhere'],
  ['j 1b', 'a.s:1:3: no label 1: before this line'],
  ['a: .byte 1\na: .byte 2', 'a.s:2:1: a is there already (a.s:1)'],
  ['.equ a, b\n.equ b, a\n.byte a', 'a.s:2:9: a is defined by itself'],
  ['.byte 256', 'a.s:1:7: expected 1 bytes, got 256'],
  ['.byte 1/0', 'a.s:1:8: division by zero'],
  ['.quad 1<<100', 'a.s:1:8: expected a shift by 0 to 64 bits, got 100'],
  ['.byte 010', 'a.s:1:7: expected a number without a leading zero, got 010'],
  ['.byte 1 2', 'a.s:1:9: expected the end of the line, got 2'],
  ['.byte (1', 'a.s:1:9: expected ), got the end of the line'],
  ['.byte', 'a.s:1:6: expected a value, got the end of the line'],
  ['.ascii 1', 'a.s:1:8: expected a text in double quotes, got 1'],
  ['.ascii "a', 'a.s:1:8: unexpected "\\"a"'],
  ['.align 3', 'a.s:1:8: expected a power of two, got 3'],
  ['.skip -1', 'a.s:1:7: expected 0 to 67108864 bytes, got -1'],
  ['.org -1', 'a.s:1:6: expected an address, got -1'],
  ['.org 0x1000\n.byte 1\n.org 0x1000\n.byte 2', 'a.s:4:1: overlaps what is at 0x1000 already'],
  ['.byte 1\nbr %r14', 'a.s:2:1: br: expected an even address, got 0x1001'],
  ['"text"', 'a.s:1:1: expected an instruction or a directive, got "text"'],
  ['lr %r1,%v2', 'a.s:1:8: expected a value, got %'],
  ['vl', 'a.s:1:1: vl: vector instructions are not supported'],
])('%s: %s', (text, message) => {
  expect(complaint(text)).toBe(message);
});
