/**
 * Goal: what a scenario puts into the CRYCB of a nested guest is what SIE finds there, wherever the scenario wants it to lie. Method: each
 * vCPU runs its nested guest, which asks what it has, after the program that runs it has taken a page of its own.
 */
import { expect, test } from 'vitest';
import type { QciInfo } from '../../src/crypto-adapters/ap-instructions.ts';
import { executeSie, type NestedProgram } from '../../src/kvm/vsie.ts';
import { loadNested } from '../../src/machine/nested-image.ts';
import { RUNTIMES, inTask } from '../helpers/in-task.ts';
import { setMasks } from '../kvm/nested-vm.ts';
import { makeVm, masks } from '../kvm/vm.ts';

const SPEC = { format: 2, adapters: [6], domains: [4], controlDomains: [], apie: true, instructions: [] } as const;
/** The first page that is given out. */
const FIRST = 0x10000;

/** Executes QCI, and waits. */
function asking(start: number): NestedProgram & { seen: QciInfo | null } {
  return {
    seen: null,
    async execute(task, address, instructions) {
      if (address !== start) return false;
      this.seen = await instructions.qci(task);
      return true;
    },
  };
}

test.each([null, 0x1000, FIRST, FIRST + 0x800, FIRST + 0x1000, FIRST + 0x2000, FIRST + 0x3000])(
  'a CRYCB at %s shares its page with nothing else',
  async (crycb) => {
    const rt = RUNTIMES[1]![1](1);
    await inTask(rt, async (task) => {
      const { kvm } = makeVm(rt, { sief2: true });
      await setMasks(task, kvm, masks([5, 6], [4]));
      const parts = loadNested(kvm, { ...SPEC, crycb });
      // A notification byte that the card has set.
      kvm.memory.notificationByte(kvm.memory.allocatePage()).set();
      expect(parts).toHaveLength(2);
      for (const [i, { origin, start }] of parts.entries()) {
        const program = asking(start);
        await executeSie(task, { kvm, vcpu: kvm.vcpus[i]!, origin, program });
        expect([[...program.seen!.apm.bits()], [...program.seen!.aqm.bits()]]).toEqual([[6], [4]]);
      }
    });
  },
);
