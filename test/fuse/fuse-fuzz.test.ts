/**
 * A connection under requests that no kernel would send, and under more of them than anybody would.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hostTurn } from '../../src/runtime/host-clock.ts';
import { Opcode, ROOT_ID } from '../../src/fuse/protocol.ts';
import { served } from './served-world.ts';

const OPCODES = Object.values(Opcode);
const NO_ANSWER: readonly number[] = [Opcode.FORGET, Opcode.BATCH_FORGET, Opcode.INTERRUPT];

const opcode = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...OPCODES) }, { weight: 1, arbitrary: fc.nat(0xffff_ffff) });
const node = fc.oneof(fc.nat(12), fc.constantFrom(0, ROOT_ID, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER));
/** Small numbers are ids and handles that exist, names are those of the tree. */
const body = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.array(fc.nat(8), { maxLength: 24 }).map((words) => Uint8Array.from(Buffer.from(Uint32Array.from(words).buffer))),
  fc
    .constantFrom('devices\0', 'ap\0', 'card05\0', 'online\0', 'locked\0', 'absent\0', '\0', 'x')
    .map((name) => Uint8Array.from(Buffer.from(name))),
);
const rarely = (numbers: fc.Arbitrary<number>): fc.Arbitrary<number | null> =>
  fc.oneof({ weight: 15, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: numbers });
const request = fc.record({ opcode, node, body, cut: rarely(fc.nat(60)), length: rarely(fc.nat(0xffff_ffff)) });

it('answers each of any sequence of requests exactly once, and works as before afterwards', async () => {
  let seen = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: 5, maxLength: 60 }), async (requests) => {
      const world = await served();
      const { kernel } = world;
      for (const one of requests) {
        const { bytes, unique } = kernel.message(one.opcode, one.node, Buffer.from(one.body), { pid: 1 });
        if (one.length !== null) kernel.order.put32(bytes, 0, one.length);
        const sent = one.cut === null ? bytes : bytes.subarray(0, one.cut);
        kernel.raw(sent);
        await hostTurn();
        const answers = kernel.replies.get(unique)?.length ?? 0;
        expect(answers).toBe(sent.length < 40 || NO_ANSWER.includes(one.opcode) ? 0 : 1);
        seen += answers;
      }
      expect(kernel.faults).toEqual([]);
      expect(world.failures).toEqual([]);
      const handle = kernel.handleOf(await kernel.open(await kernel.walk('devices/ap/card05/type'), 0));
      expect((await kernel.read(0, handle)).body.toString()).toBe('CEX8C\n');
    }),
    { numRuns: 150 },
  );
  expect(seen).toBeGreaterThan(1000);
});

it('answers any bytes at all without an exception', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      const world = await served();
      world.kernel.raw(Buffer.from(bytes));
      await hostTurn();
      expect(world.failures).toEqual([]);
      expect((await world.kernel.lookup(ROOT_ID, 'devices')).error).toBe(0);
    }),
  );
});

it('holds 1,000 files open at once, each with its own text, and none when they are closed', async () => {
  const world = await served();
  const { kernel } = world;
  const id = await kernel.walk('devices/ap/card05/count');
  const replies = await Promise.all(Array.from({ length: 1000 }, () => kernel.open(id, 0)));
  const handles = replies.map((reply) => kernel.handleOf(reply));
  expect(new Set(handles).size).toBe(1000);
  const first = await Promise.all(handles.map((handle) => kernel.read(id, handle, 0, 2)));
  expect(new Set(first.map(({ body: shown }) => shown.toString())).size).toBeGreaterThan(90);
  expect(world.shows).toBe(1000);
  expect(world.connection.core.openHandles).toBe(1000);
  await Promise.all(handles.map((handle) => kernel.release(id, handle)));
  expect(world.connection.core.openHandles).toBe(0);
});
