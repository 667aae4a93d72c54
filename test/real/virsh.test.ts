/**
 * The unmodified libvirtd and virsh on the emulated /sys: node devices for cards, queues, the matrix device and mdevs; mdevs made and removed
 * by libvirt, which lets mdevctl do it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeReal, mounts, networkNamespaces, program, root } from '../helpers/real-tools.ts';
import { RealShell } from '../helpers/real-shell.ts';
import { ROOT } from '../tidy/tree.ts';

const UUID = '783e6dbb-ea0e-411f-94e2-717eaad438bf';
const NAME = `mdev_${UUID.replaceAll('-', '_')}_matrix`;
const REAL = join(ROOT, 'test/real');

const XML = `<device>
  <parent>ap_matrix</parent>
  <capability type='mdev'>
    <type id='vfio_ap-passthrough'/>
    <uuid>${UUID}</uuid>
    <attr name='assign_adapter' value='5'/>
    <attr name='assign_domain' value='0xab'/>
  </capability>
</device>
`;

const needs = [root, mounts, networkNamespaces, program('libvirtd'), program('virsh'), program('mdevctl'), program('python3')];

describeReal('virsh nodedev', needs, () => {
  let shell: RealShell;
  beforeAll(async () => {
    shell = await RealShell.start([join(ROOT, 'test/fixtures/real/two-cards.yaml')]);
    // What udev would tell libvirt of a new mdev, mdevctl's notifier tells it.
    const notifier = '/etc/mdevctl.d/scripts.d/notifiers/udev';
    await shell.good(`cp ${REAL}/udev-notifier.py ${notifier} && chmod 755 ${notifier}`);
    writeFileSync(join(shell.folder, 'mdev.xml'), XML);
  });
  afterAll(async () => {
    expect(await shell.end()).toMatchObject({ status: 0, left: [] });
  });

  /** What each of the commands said, with one libvirtd for all of them; each must succeed. */
  const libvirt = async (...commands: string[]): Promise<string[]> => {
    const input = join(shell.folder, 'commands');
    writeFileSync(input, `${commands.join('\n')}\n`);
    const said = await shell.good(`/bin/sh ${REAL}/libvirtd.sh ${shell.folder} <${input}`);
    const parts = said.split(/^status (\d+)\n/m);
    const statuses = parts.filter((_part, i) => i % 2 === 1);
    const answers = parts.filter((_part, i) => i % 2 === 0).slice(0, commands.length);
    expect({ statuses, said }).toEqual({ statuses: commands.map(() => '0'), said });
    return answers.map((answer) => answer.trim());
  };

  test('lists cards, queues and the matrix device, and describes them', async () => {
    const [cards, queues, matrix, card, queue, types] = await libvirt(
      'virsh nodedev-list --cap ap_card',
      'virsh nodedev-list --cap ap_queue',
      'virsh nodedev-list --cap ap_matrix',
      'virsh nodedev-dumpxml ap_card05',
      'virsh nodedev-dumpxml ap_05_00ab',
      'virsh nodedev-dumpxml ap_matrix',
    );
    expect(cards).toBe('ap_card05\nap_card06');
    expect(queues).toBe(['05', '06'].flatMap((card) => ['0004', '0047', '00ab'].map((domain) => `ap_${card}_${domain}`)).join('\n'));
    expect(matrix).toBe('ap_matrix');
    expect(card).toContain('<path>/sys/devices/ap/card05</path>');
    expect(card).toMatch(/<name>cex4card<\/name>[^]*<capability type='ap_card'>\s*<ap-adapter>0x05<\/ap-adapter>/);
    expect(queue).toContain('<parent>ap_card05</parent>');
    expect(queue).toMatch(/<name>vfio_ap<\/name>[^]*<ap-adapter>0x05<\/ap-adapter>\s*<ap-domain>0x00ab<\/ap-domain>/);
    expect(types).toMatch(/<type id='vfio_ap-passthrough'>[^]*<deviceAPI>vfio-ap<\/deviceAPI>\s*<availableInstances>65536</);
  });

  test('creates an mdev, shows it and destroys it; defines one and undefines it', async () => {
    const [, active, xml, assigned, , , gone, left, , inactive, , nothing] = await libvirt(
      `virsh nodedev-create ${shell.folder}/mdev.xml`,
      'virsh nodedev-list --cap mdev',
      `virsh nodedev-dumpxml ${NAME}`,
      `cat /sys/devices/vfio_ap/matrix/${UUID}/matrix`,
      `cat /sys/bus/mdev/devices/${UUID}/mdev_type/device_api`,
      `virsh nodedev-destroy ${NAME}`,
      'virsh nodedev-list --cap mdev',
      'ls /sys/bus/mdev/devices',
      `virsh nodedev-define ${shell.folder}/mdev.xml`,
      'virsh nodedev-list --cap mdev --all',
      `virsh nodedev-undefine ${NAME}`,
      'virsh nodedev-list --cap mdev --all; ls /etc/mdevctl.d/matrix',
    );
    expect([active, assigned, gone, left, inactive, nothing]).toEqual([NAME, '05.00ab', '', '', NAME, '']);
    expect(xml).toContain(`<uuid>${UUID}</uuid>`);
    expect(xml).toMatch(/<parent>ap_matrix<\/parent>[^]*<type id='vfio_ap-passthrough'\/>[^]*<iommuGroup number='\d+'\/>/);
  });
});
