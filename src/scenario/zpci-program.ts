/**
 * A PCI function in its slot as something to explore: booted without choices; then the tasks that switch the slot, and the guest's vCPUs;
 * and in the end nothing of the guest may be left. No kernel counterpart.
 */
import { ApMask } from '../base/ap-mask.ts';
import { EIO, ENODEV, errnoName, OK } from '../base/errno.ts';
import { EventLog } from '../base/event-log.ts';
import { createLogger } from '../base/logger.ts';
import { CryptoAdapters } from '../crypto-adapters/crypto-adapters.ts';
import { createRsaEngine } from '../crypto-adapters/rsa-engine.ts';
import { noService } from '../crypto-adapters/service-model.ts';
import type { Program, ProgramRun, World } from '../explore/program.ts';
import { Kvm } from '../kvm/kvm.ts';
import type { LockLayer } from '../locks/lock-layer.ts';
import type { Task } from '../runtime/task.ts';
import { IommuContainer } from '../vfio/iommu-container.ts';
import type { VfioUser } from '../vfio/vfio-device.ts';
import { zpciDesignByName } from '../zpci/locking/designs.ts';
import { ZpciHost, type ZpciSpec } from '../zpci/zpci-host.ts';
import type { SlotEvent, ZpciScenario } from './scenario.ts';

export interface ZpciProgramOptions {
  /** Default: zpci. */
  readonly name?: string;
  /** Default: the host of the thread, whose administrator switches the slot off while a guest of two vCPUs works. */
  readonly scenario?: ZpciScenario;
}

const PLACE = { file: 'zpci', line: 1, column: 1 };
const OF_THE_THREAD: ZpciScenario = {
  spec: { fid: 1, guest: 'guest1', vcpus: 2, stores: 1, shutdownStores: 1 },
  events: [{ task: 'admin', on: false, expect: 'ok', place: PLACE }],
};

/** Throws a RangeError for a design that does not exist. */
export function zpciProgram(design: string, options: ZpciProgramOptions = {}): Program {
  const factory = zpciDesignByName(design);
  if (factory === undefined) throw new RangeError(`expected the name of a locking design of a PCI function, got ${design}`);
  const { name = 'zpci', scenario = OF_THE_THREAD } = options;
  const shared = { design: factory, spec: scenario.spec, log: createLogger({ level: 'silent', now: () => 0 }) };
  return {
    name,
    build({ layer, rt }: World): ProgramRun {
      const events = new EventLog(() => rt.now(), 0);
      const user = makeUser(layer, scenario.spec, events);
      // It would be asked for again and again for ever, in schedules that are all alike.
      const host = new ZpciHost({ ...shared, layer, user, events, requestIntervalMs: Number.POSITIVE_INFINITY });
      return {
        setup: (task) => host.boot(task),
        start: () => startZpci(host, layer, scenario.events),
        finish: (task) => Promise.resolve(reportLeftovers(host, layer, task)),
        digest: () => zpciDigest(host),
      };
    },
  };
}

/** The guest for KVM and vfio. Its host has no AP: nothing of it is ever asked for. */
export function makeUser(layer: LockLayer, { guest, vcpus }: ZpciSpec, events: EventLog): VfioUser {
  const none = { adapters: [], usageDomains: ApMask.EMPTY, controlDomains: ApMask.EMPTY };
  const hardware = new CryptoAdapters(layer.rt, { ...none, service: noService, rsa: createRsaEngine() });
  const facilities = { apie: false, qci: false, apft: false, aqic: false };
  const kvm = new Kvm({ layer, hardware, events }, { name: guest, vcpus, facilities });
  return { name: guest, kvm, container: new IommuContainer(layer, guest, kvm.memory) };
}

/** The guest runs, and each task of the events plays its own. */
export function startZpci(host: ZpciHost, layer: LockLayer, events: readonly SlotEvent[]): void {
  host.guest.run();
  for (const name of new Set(events.map(({ task }) => task))) {
    const own = events.filter(({ task }) => task === name);
    layer.rt.spawn(name, async (task) => {
      for (const event of own) await play(task, { host, layer, event });
    });
  }
}

async function play(task: Task, { host, layer, event }: { host: ZpciHost; layer: LockLayer; event: SlotEvent }): Promise<void> {
  const { on, expect, place } = event;
  const result = errnoName(await host.switchSlot(task, on));
  if (expect === null || result === expect) return;
  const where = `${place.file}:${place.line}:${place.column}`;
  layer.findings.report({
    kind: 'assertion',
    key: `event:${where}:${result}`,
    title: `${where}: slot ${host.zdev.name} ${on ? 'on' : 'off'}: expected ${expect}, got ${result}`,
    tasks: [task.name],
    time: layer.rt.now(),
  });
}

/** A device that was given back leaves nothing behind, and no store ends in a way that the guest cannot explain. */
function reportLeftovers({ qemu, guest }: ZpciHost, layer: LockLayer, task: Task): void {
  const own = qemu.attached ? 1 : 0;
  const left = { 'VM references': qemu.user.kvm.referenceCount - 1 - own, 'eventfd references': qemu.requestFd.referenceCount - own };
  const what = Object.entries(left).filter(([, count]) => count !== 0);
  const report = { tasks: [task.name], time: layer.rt.now() };
  if (what.length > 0) {
    const list = what.map(([name, count]) => `${count} ${name}`).join(', ');
    layer.findings.report({ kind: 'leak', key: `zpci leak:${list}`, title: `left behind by a guest: ${list}`, ...report });
  }
  const odd = [...guest.results.keys()].filter((errno) => errno !== OK && errno !== EIO && errno !== ENODEV);
  for (const errno of odd) {
    const title = `a store of ${qemu.user.name} ended with ${errnoName(errno)}: expected ok, EIO in transition, or ENODEV afterwards`;
    layer.findings.report({ kind: 'guest-error', key: `zpci store:${errno}`, title, ...report });
  }
}

function zpciDigest({ zdev, qemu, guest }: ZpciHost): string {
  const results = [...guest.results].toSorted(([a], [b]) => b - a).map(([errno, count]) => `${errnoName(errno)} ${count}`);
  const { kvm } = qemu.user;
  return JSON.stringify({
    state: zdev.state.inspect(),
    attached: qemu.attached,
    stores: zdev.stores,
    results,
    references: kvm.referenceCount,
  });
}
