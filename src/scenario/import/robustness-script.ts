/**
 * What the steps of a robustness test come to: which device exists, which guest runs, and what is in whose configuration. A device is attached with
 * `--current`: to a guest that runs until it stops, to one that does not for all its later starts. No kernel counterpart.
 */
import type { Place } from '../place.ts';
import type { Verb } from '../scenario.ts';
import type { Variant } from './avocado-config.ts';
import type { Draft } from './draft.ts';
import { placeText } from './foreign-text.ts';

export interface ScriptDevice {
  readonly name: string;
  readonly uuid: string;
  readonly adapter: number;
  readonly domain: number;
}

interface Vm {
  running: boolean;
  /** Of its configuration. */
  persistent: ScriptDevice | null;
  /** While it runs. */
  attached: ScriptDevice | null;
}

const MATRIX = '/sys/devices/vfio_ap/matrix';
const TASK = 'test';

/** Steps answer null, or what was expected where the step makes no sense. */
export class RobustnessScript {
  private readonly draft: Draft;
  /** Of the variant that is played. */
  private vms = new Map<string, Vm>();
  private present = new Set<string>();
  /** Which guest a device is for: a scenario says so once for all. */
  private readonly homes = new Map<string, string>();

  constructor(draft: Draft) {
    this.draft = draft;
  }

  begin({ name, place }: Variant): void {
    this.vms = new Map();
    this.present = new Set();
    this.draft.notes.push(`variant ${name || '(without a name)'} (${placeText(place)})`);
  }

  /** What a test leaves is cleared away before the next. */
  end(place?: Place): void {
    const at = place ?? this.draft.events.at(-1)?.place;
    if (at === undefined) return;
    for (const [name, vm] of this.vms) if (vm.attached !== null) this.detach(name, vm, at);
    for (const uuid of this.present) this.event({ kind: 'write', path: `${MATRIX}/${uuid}/remove`, value: '1' }, at);
  }

  device(action: string, device: ScriptDevice, place: Place): string | null {
    const { uuid } = device;
    if (action === 'start') {
      if (this.present.has(uuid)) return 'a device that has not been started';
      this.start(device, place);
      return null;
    }
    if (!this.present.has(uuid)) return 'a device that has been started';
    if ([...this.vms.values()].some(({ attached }) => attached?.uuid === uuid)) return 'a device that no guest uses';
    this.present.delete(uuid);
    this.event({ kind: 'write', path: `${MATRIX}/${uuid}/remove`, value: '1' }, place);
    return null;
  }

  machine(action: string, { vm: name, device }: { vm: string; device: ScriptDevice | null }, place: Place): string | null {
    let vm = this.vms.get(name);
    if (vm === undefined) this.vms.set(name, (vm = { running: false, persistent: null, attached: null }));
    if (device !== null) return this.ofBoth(action, { name, vm, device }, place);
    if (action === 'attach' || action === 'detach' || action === 'check_present') return 'a device behind the number of the guest';
    if (action === 'start') return this.startVm(name, vm, place);
    if (!vm.running) return 'a guest that runs';
    if (action === 'reboot') this.reset(name, vm, place);
    if (action !== 'destroy' && action !== 'shutdown') return null;
    if (vm.attached !== null) this.detach(name, vm, place);
    vm.running = false;
    return null;
  }

  private ofBoth(action: string, { name, vm, device }: { name: string; vm: Vm; device: ScriptDevice }, place: Place): string | null {
    const mine = (vm.running ? vm.attached : vm.persistent)?.uuid === device.uuid;
    switch (action) {
      case 'attach':
        if (!this.present.has(device.uuid)) return 'a device that has been started';
        if ((vm.running ? vm.attached : vm.persistent) !== null) return 'a guest without a device of AP';
        if (!vm.running) vm.persistent = device;
        else return this.attach(name, { vm, device }, place);
        return null;
      case 'detach':
        if (!mine) return 'a device that the guest has';
        if (vm.running) this.detach(name, vm, place);
        else vm.persistent = null;
        return null;
      case 'check_present':
        if (!mine || !vm.running) return 'a device that the running guest has';
        this.event({ kind: 'read', path: `${MATRIX}/${device.uuid}/guest_matrix` }, place);
        return null;
      default:
        return 'no device behind the number of the guest';
    }
  }

  private startVm(name: string, vm: Vm, place: Place): string | null {
    if (vm.running) return 'a guest that does not run';
    vm.running = true;
    return vm.persistent === null ? null : this.attach(name, { vm, device: vm.persistent }, place);
  }

  private reset(name: string, { attached }: Vm, place: Place): void {
    if (attached === null) return;
    this.event({ kind: 'ioctl', guest: this.guestOf(name, attached), request: 'reset', argument: {}, memory: 'whole' }, place);
  }

  /** The device is in the scenario from the boot on, and goes before the first variant starts it. */
  private start(device: ScriptDevice, place: Place): void {
    const { uuid, name, adapter, domain } = device;
    const { draft } = this;
    this.present.add(uuid);
    if (!draft.mdevs.has(uuid)) {
      draft.addMdev({ uuid, name, place, adapters: [adapter], domains: [domain], controlDomains: [], notes: [] });
      return;
    }
    this.event({ kind: 'write', path: `${MATRIX}/mdev_supported_types/vfio_ap-passthrough/create`, value: uuid }, place);
    this.event({ kind: 'write', path: `${MATRIX}/${uuid}/assign_adapter`, value: `${adapter}` }, place);
    this.event({ kind: 'write', path: `${MATRIX}/${uuid}/assign_domain`, value: `${domain}` }, place);
  }

  private attach(name: string, { vm, device }: { vm: Vm; device: ScriptDevice }, place: Place): string | null {
    if ([...this.vms.values()].some(({ attached }) => attached?.uuid === device.uuid)) return 'a device that no other guest uses';
    vm.attached = device;
    this.event({ kind: 'attach', guest: this.guestOf(name, device) }, place);
    return null;
  }

  private detach(name: string, vm: Vm, place: Place): void {
    this.event({ kind: 'detach', guest: this.guestOf(name, vm.attached!) }, place);
    vm.attached = null;
  }

  /** A guest of a scenario has one mdev, and an mdev one guest: the second that uses a device borrows the place of the first. */
  private guestOf(name: string, { uuid }: ScriptDevice): string {
    let home = this.homes.get(uuid);
    if (home !== undefined) {
      const note = `guest ${home} stands for ${name}, too: in a scenario an mdev is for one guest`;
      if (home !== name && !this.draft.notes.includes(note)) this.draft.notes.push(note);
      return home;
    }
    const taken = this.draft.guests;
    home = name;
    for (let i = 2; taken.has(home); i++) home = `${name}.${i}`;
    this.homes.set(uuid, home);
    const place = this.draft.mdevs.get(uuid)!.place;
    this.draft.addGuest({ name: home, place, mdev: uuid, vcpus: 1, attach: false, apie: true, cpu: null, notes: [] });
    return home;
  }

  private event(verb: Verb, place: Place): void {
    this.draft.addEvent(verb, place, { task: TASK });
  }
}
