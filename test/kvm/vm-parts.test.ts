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

test('a page with something in it whose place was chosen is given to nobody', () => {
  const memory = new GuestMemory(20 * PAGE_SIZE);
  const first = memory.allocatePage();
  // The last byte of the next page, and one of the page behind it.
  memory.reserve(first + 2 * PAGE_SIZE - 1, 2);
  memory.reserve(20 * PAGE_SIZE, 1);
  expect(memory.allocatePage()).toBe(first + 3 * PAGE_SIZE);
  expect(() => memory.allocatePage()).toThrow('used up');
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
