/**
 * Storage and references of a VM.
 */
import { describe, expect, test } from 'vitest';
import { GuestMemory } from '../../src/kvm/guest-memory.ts';
import { RUNTIMES, inTask } from '../helpers/in-task.ts';
import { makeVm } from './vm.ts';

const PAGE_SIZE = 4096;

test('guest storage is zero until it is written, and ends where it ends', () => {
  const memory = new GuestMemory(18 * PAGE_SIZE);
  const page = memory.allocatePage();
  expect(page % PAGE_SIZE).toBe(0);
  expect(memory.load(page + 7)).toBe(0);
  memory.notificationByte(page + 7).set();
  expect([memory.load(page + 7), memory.load(page + 6)]).toEqual([1, 0]);
  expect(memory.allocatePage()).toBe(page + PAGE_SIZE);
  expect(() => memory.allocatePage()).toThrow('used up');
  expect([
    memory.contains(0),
    memory.contains(18 * PAGE_SIZE - 1),
    memory.contains(18 * PAGE_SIZE),
    memory.contains(-1),
    memory.contains(0.5),
  ]).toEqual([true, true, false, false, false]);
  expect(() => memory.load(18 * PAGE_SIZE)).toThrow(RangeError);
});

describe.each(RUNTIMES)('on the %s runtime', (_name, make) => {
  test('a VM that is used after its last reference is found out', async () => {
    const rt = make(1);
    await inTask(rt, async () => {
      const { kvm } = makeVm(rt);
      kvm.get();
      kvm.put();
      kvm.put();
      expect(kvm.freed).toBe(true);
      expect(() => kvm.get()).toThrow('use after free');
      expect(() => kvm.put()).toThrow('use after free');
    });
  });
});
