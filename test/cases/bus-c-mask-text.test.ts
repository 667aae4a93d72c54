/**
 * Cases C of the AP bus: what apmask and aqmask accept.
 */
import { describe, expect, test } from 'vitest';
import { EINVAL } from '../../src/base/errno.ts';
import { driverOf, onMachine } from '../ap-bus/machine.ts';

const full = `0x${'f'.repeat(64)}\n`;

const cases = [
  { id: 'bus-C1', text: '0xffff\n', mask: `0xffff${'0'.repeat(60)}\n` },
  { id: 'bus-C3', text: '0XFF', mask: null },
  { id: 'bus-C3', text: ' 0xff', mask: null },
  { id: 'bus-C5', text: '\n', mask: `0x${'0'.repeat(64)}\n` },
  { id: 'bus-C5', text: '0x', mask: `0x${'0'.repeat(64)}\n` },
  { id: 'bus-C7', text: '-1-2', mask: `0x9${'f'.repeat(63)}\n` },
  { id: 'bus-C7', text: '-1,,-2', mask: `0x9${'f'.repeat(63)}\n` },
  { id: 'bus-C7', text: '-1 ,-2', mask: null },
  { id: 'bus-C9', text: '-08', mask: null },
  { id: 'bus-C9', text: '-010', mask: `0xff7${'f'.repeat(61)}\n` },
];

describe.each(['apmask', 'aqmask'])('%s', (name) => {
  test.each(cases)('$id: $text', ({ text, mask }) =>
    onMachine('live', {}, async ({ read, write }, task) => {
      const path = `/sys/bus/ap/${name}`;
      expect(await write(task, path, text)).toBe(mask === null ? EINVAL : text.length);
      // `-1-2` is the range 1 to 2, so it equals the two terms of the next row.
      expect(await read(task, path)).toBe(mask ?? full);
    }),
  );

  test('bus-C7, bus-C9: the same with a plus, from an empty mask', () =>
    onMachine('live', {}, async ({ read, write }, task) => {
      const path = `/sys/bus/ap/${name}`;
      for (const [text, mask] of [
        ['+1+2', '0x60'],
        ['+1,,+2', '0x60'],
        ['+010', '0x0080'],
      ]) {
        expect(await write(task, path, '0x0')).toBe(3);
        expect(await write(task, path, text!)).toBe(text!.length);
        expect(await read(task, path)).toBe(`${mask!.padEnd(66, '0')}\n`);
      }
      for (const text of ['+1 ,+2', '+08']) expect(await write(task, path, text)).toBe(EINVAL);
      expect(await read(task, path)).toBe(`${'0x0080'.padEnd(66, '0')}\n`);
    }));
});

test('bus-C5: with an empty mask every zcrypt queue is given up', () =>
  onMachine('live', {}, async (m, task) => {
    await m.write(task, '/sys/bus/ap/apmask', '\n');
    for (const { device } of m.bus.queues()) expect(driverOf(m, device.name)).toBe('vfio_ap');
  }));
