/**
 * Goal: a report names the line of the caller, not the inside of the lock layer or of the runtime.
 */
import { describe, expect, test } from 'vitest';
import { capturePlace, readStack } from '../../src/locks/place.ts';

const STACK = (root: string): string => `Error: place
    at capturePlace (${root}/src/locks/place.ts:15:17)
    at Lockdep.check (${root}/src/locks/lockdep.ts:33:1)
    at Mutex.acquire (${root}/src/locks/mutex.ts:33:23)
    at ControlledRuntime.point (${root}/src/runtime/controlled.ts:9:9)
    at new Promise (<anonymous>)
    at async assignAdapter (${root}/src/vfio-ap/assign.ts:54:20)
    at async Promise.all (index 0)
    at async Matrix.change (${root}/src/vfio-ap/matrix.ts:7:1)
    at Object.<anonymous> (${root}/src/machine/build.ts:3:1)
    at processTicksAndRejections (node:internal/process/task_queues:105:5)
    at async ${root}/test/locks/x.test.ts:11:7`;

describe('readStack', () => {
  const expected = [
    'src/vfio-ap/assign.ts:54 assignAdapter',
    'src/vfio-ap/matrix.ts:7 Matrix.change',
    'src/machine/build.ts:3 Object.<anonymous>',
    'test/locks/x.test.ts:11',
  ];

  test.each(['/home/dev/apemu', 'file:///home/dev/apemu', 'C:\\dev\\apemu', '/opt/src/my project'])('frames below %s', (root) => {
    expect(readStack(STACK(root), 6)).toEqual(expected);
  });

  test('built files are named as such', () => {
    expect(readStack(STACK('/x').replaceAll('/src/', '/dist/').replaceAll('.ts', '.js'), 1)).toEqual([
      'dist/vfio-ap/assign.js:54 assignAdapter',
    ]);
  });

  test('the depth limits it', () => {
    expect(readStack(STACK('/x'), 2)).toEqual(expected.slice(0, 2));
  });

  test('frames below the start of the task belong to another task', () => {
    const text = `Error: place
    at Mutex.acquire (/x/src/locks/mutex.ts:33:23)
    at guest (/x/src/guest/loop.ts:5:1)
    at ControlledRuntime.start (/x/src/runtime/controlled.ts:9:9)
    at ControlledRuntime.next (/x/src/runtime/controlled.ts:8:9)
    at otherTask (/x/src/vmm/qemu.ts:1:1)`;
    expect(readStack(text, 6)).toEqual(['src/guest/loop.ts:5 guest']);
  });

  test('a file outside the project keeps its folder', () => {
    expect(readStack('Error\n    at lock (/home/dev/designs/mine.ts:4:2)', 6)).toEqual(['designs/mine.ts:4 lock']);
  });
});

test('capturePlace names this line, and leaves the limit of stacks as it was', () => {
  const before = Error.stackTraceLimit;
  const line = Number(/place\.test\.ts:(\d+)/.exec(new Error('here').stack ?? '')?.[1]);
  const place = capturePlace();
  expect(place[0]).toMatch(new RegExp(`^test/locks/place\\.test\\.ts:${line + 1}\\b`));
  expect(Error.stackTraceLimit).toBe(before);
});
