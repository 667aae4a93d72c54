/**
 * Goal: the small values everything else is made of. Method: tables; the generator against its own repetition and a coarse count.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { adapterOf, apqnOf, apqnText, cardText, domainOf } from '../../src/base/apqn.ts';
import { EBUSY, EINVAL, ERESTARTSYS, errnoName, errnoValue } from '../../src/base/errno.ts';
import { EventLog, eventLine, type LogEvent } from '../../src/base/event-log.ts';
import { createLogger } from '../../src/base/logger.ts';
import { Prng } from '../../src/base/prng.ts';

describe('APQN', () => {
  test('adapter and domain come back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 255 }), (adapter, domain) => {
        const apqn = apqnOf(adapter, domain);
        expect([adapterOf(apqn), domainOf(apqn)]).toEqual([adapter, domain]);
        expect(apqn).toBeLessThanOrEqual(0xffff);
      }),
    );
  });

  test('names of the devices', () => {
    expect(apqnText(apqnOf(5, 0xab))).toBe('05.00ab');
    expect(cardText(0x1f)).toBe('card1f');
  });
});

describe('errno', () => {
  test('values and names', () => {
    expect([EBUSY, EINVAL, ERESTARTSYS].map(errnoName)).toEqual(['EBUSY', 'EINVAL', 'ERESTARTSYS']);
    expect([errnoName(0), errnoName(17), errnoName(-4000)]).toEqual(['ok', 'ok', 'errno 4000']);
    expect([errnoValue('EBUSY'), errnoValue('OK'), errnoValue('ENOSUCH')]).toEqual([-16, undefined, undefined]);
  });
});

describe('Prng', () => {
  const draw = (random: Prng, n = 50): number[] => Array.from({ length: n }, () => random.next());

  test('the same seed gives the same numbers, another seed others', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        expect(draw(new Prng(seed))).toEqual(draw(new Prng(seed)));
        expect(draw(new Prng(seed))).not.toEqual(draw(new Prng(seed + 1)));
      }),
    );
  });

  test('a fork depends on seed and label only, and leaves its parent alone', () => {
    const [fresh, used] = [new Prng(7), new Prng(7)];
    const first = draw(used);
    expect(draw(used.fork('card'))).toEqual(draw(fresh.fork('card')));
    expect(draw(fresh.fork('card'))).not.toEqual(draw(fresh.fork('guest')));
    expect(draw(new Prng(8).fork('card'))).not.toEqual(draw(fresh.fork('card')));
    expect(draw(fresh)).toEqual(first);
  });

  test('below stays below and reaches every value about equally often', () => {
    const random = new Prng(3);
    const counts = [0, 0, 0, 0, 0, 0, 0];
    for (let i = 0; i < 7000; i++) counts[random.below(7)]! += 1;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
    expect(random.below(1)).toBe(0);
  });

  test('pick, bytes and uuid', () => {
    const random = new Prng(1);
    expect(['a', 'b']).toContain(random.pick(['a', 'b']));
    expect(() => random.pick([])).toThrow('cannot pick from an empty list');
    expect(random.bytes(33)).toHaveLength(33);
    expect(random.uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(random.uuid()).not.toBe(random.uuid());
  });
});

describe('EventLog', () => {
  test('numbers events, takes the time from the clock, tells listeners until they leave', () => {
    let clock = 1;
    const log = new EventLog(() => clock);
    const heard: LogEvent[] = [];
    const leave = log.onEvent((event) => heard.push(event));
    log.emit('ap.uevent', 'scan', { action: 'add' });
    clock = 2.5;
    log.emit('mdev.assign', 'admin');
    leave();
    log.emit('mdev.assign', 'admin');
    expect(heard.map(({ seq, t, kind, by }) => [seq, t, kind, by])).toEqual([
      [0, 1, 'ap.uevent', 'scan'],
      [1, 2.5, 'mdev.assign', 'admin'],
    ]);
    expect(log.count).toBe(3);
    expect(log.events.map((event) => event.seq)).toEqual([0, 1, 2]);
  });

  test('keeps the newest events in bounded memory, listeners hear all', () => {
    const log = new EventLog(() => 0, 10);
    let heard = 0;
    log.onEvent(() => heard++);
    for (let i = 0; i < 1000; i++) log.emit('x', 'y');
    expect(heard).toBe(1000);
    expect(log.events.length).toBeGreaterThanOrEqual(10);
    expect(log.events.length).toBeLessThanOrEqual(20);
    expect(log.events.at(-1)?.seq).toBe(999);
  });

  test('keeps nothing when told so: events are counted, and worded only while somebody listens', () => {
    const log = new EventLog(() => 0, 0);
    let worded = 0;
    const word = (): { n: number } => ({ n: ++worded });
    log.emit('x', 'y', word);
    const heard: LogEvent[] = [];
    const leave = log.onEvent((event) => heard.push(event));
    log.emit('x', 'y', word);
    leave();
    log.emit('x', 'y', word);
    expect(heard.map(({ seq, data }) => [seq, data])).toEqual([[1, { n: 1 }]]);
    expect([worded, log.count, log.events]).toEqual([1, 3, []]);
  });

  test('a line is JSON with its fields in order, time to the microsecond', () => {
    const line = eventLine({ seq: 3, t: 1.23456, kind: 'ap.uevent', by: 'scan', data: { apqns: [1, 2] } });
    expect(line).toBe('{"seq":3,"t":1.235,"kind":"ap.uevent","by":"scan","apqns":[1,2]}\n');
  });
});

describe('logger', () => {
  test('time is the runtime clock, levels filter, nothing tells the host', () => {
    const lines: string[] = [];
    const logger = createLogger({ level: 'info', now: () => 42.5, destination: { write: (line) => void lines.push(line) } });
    logger.debug('left out');
    logger.info({ apqn: '05.0004' }, 'bound');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([{ level: 30, t: 42.5, apqn: '05.0004', msg: 'bound' }]);
  });
});
