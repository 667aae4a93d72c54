/**
 * Goal: the double answers what was scripted, in order and per instruction, and otherwise like an idle queue. Method: call it.
 */
import { expect, test } from 'vitest';
import { Task } from '../../src/runtime/task.ts';
import { Rc } from '../../src/crypto-adapters/response-code.ts';
import { ScriptedInstructions } from './scripted-instructions.ts';

const task = new Task(0, 'caller', null, false);

test('scripted answers come first, one for each execution of that instruction', () => {
  const ap = new ScriptedInstructions();
  ap.script('rapq', { rc: Rc.BUSY });
  ap.script('rapq', { rc: Rc.CHECKSTOPPED, asyncError: true });
  expect(ap.zapq(task, 1).rc).toBe(Rc.NORMAL);
  expect(ap.left).toBe(2);
  expect([ap.rapq(task, 1), ap.rapq(task, 1), ap.rapq(task, 1)].map(({ rc, asyncError }) => [rc, asyncError])).toEqual([
    [Rc.BUSY, false],
    [Rc.CHECKSTOPPED, true],
    [Rc.NORMAL, false],
  ]);
  expect(ap.left).toBe(0);
  expect(ap.calls).toEqual(['zapq', 'rapq', 'rapq', 'rapq']);
});

test('DQAP answers with the scripted reply, by default that there is none yet', () => {
  const ap = new ScriptedInstructions();
  ap.script('dqap', { psmid: 9n, reply: new Uint8Array(3) });
  expect(ap.dqap(task, 1, 50)).toMatchObject({ psmid: 9n, residual: 0, status: { rc: Rc.NORMAL, queueEmpty: true } });
  expect(ap.dqap(task, 1, 50)).toMatchObject({ reply: null, status: { rc: Rc.NO_PENDING_REPLY, queueEmpty: false } });
  expect(ap.calls).toEqual(['dqap 50', 'dqap 50']);
});

test('the irq bit is on when the test says so, unless the script says otherwise', () => {
  const ap = new ScriptedInstructions();
  ap.irqEnabled = true;
  ap.script('aqic', { irqEnabled: false });
  const operand = { ir: false, isc: 6, nib: 0 };
  expect([ap.aqic(task, 1, operand).irqEnabled, ap.aqic(task, 1, operand).irqEnabled]).toEqual([false, true]);
  expect(ap.nqap(task, 1, { psmid: 4n, message: new Uint8Array(1) }).irqEnabled).toBe(true);
  expect(ap.calls).toEqual(['aqic off', 'aqic off', 'nqap 4']);
  expect(ap.tapq(task, 1).info?.type).toBe(14);
  expect(ap.qci()).toBeNull();
});
