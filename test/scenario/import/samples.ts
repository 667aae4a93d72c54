/**
 * A small file of each text format.
 */
const UUID = '9f579710-6ffc-4201-987a-4ffa0fb1f3a5';

export const SAMPLES: Readonly<Record<string, string>> = {
  mdevctl: `[
  {
    "matrix": [
      { "${UUID}": { "mdev_type": "vfio_ap-passthrough", "start": "manual",
        "attrs": [ { "assign_adapter": "5" }, { "assign_domain": "0xab" }, { "assign_control_domain": "4" } ] } }
    ]
  }
]
`,
  libvirt: `<devices>
  <device>
    <name>ap_05_0004</name>
    <driver><name>vfio_ap</name></driver>
    <capability type='ap_queue'><ap-adapter>0x05</ap-adapter><ap-domain>0x0004</ap-domain></capability>
  </device>
  <device>
    <parent>ap_matrix</parent>
    <capability type='mdev'>
      <type id='vfio_ap-passthrough'/>
      <uuid>${UUID}</uuid>
      <attr name='assign_adapter' value='0x05'/>
      <attr name='assign_domain' value='4'/>
    </capability>
  </device>
  <domain>
    <name>web</name>
    <vcpu>2</vcpu>
    <devices><hostdev type='mdev' model='vfio-ap'><source><address uuid='${UUID}'/></source></hostdev></devices>
  </domain>
</devices>
`,
  'cex-plugin': `kind: ConfigMap
data:
  cex_resources.json: |
    { "cryptoconfigsets": [
      { "setname": "a", "project": "p", "cexmode": "cca", "mincexgen": "cex5",
        "apqns": [ { "adapter": 1, "domain": 6, "machineid": "" }, { "adapter": 2, "domain": 6 } ] } ] }
`,
  chzdev: 'chzdev -t ap apmask=-5,-6-9 aqmask=0-3,0x5-255\nchzdev -t ap apmask=+6\n',
  lszcrypt: `CARD.DOM TYPE  MODE        STATUS     REQUESTS  PENDING HWTYPE QDEPTH FUNCTIONS  DRIVER     
--------------------------------------------------------------------------------------------
03       CEX8C CCA-Coproc  online           42        3     14     08 S--D--N--- cex4card   
03.0006  CEX8C CCA-Coproc  offline          21        3     14     08 S--D--N--- cex4queue  
04       CEX8A Accelerator deconfig          -        3     14     08 -MC-A-N--- cex4card   
04.0006  CEX8A Accelerator deconfig          -        -     14     08 -MC-A-N--- vfio_ap    
`,
  dpm: `{
  "adapters": [
    { "adapter-family": "crypto", "crypto-number": 0, "crypto-type": "cca-coprocessor",
      "detected-card-type": "crypto-express-7s", "object-uri": "/api/adapters/a" } ],
  "partitions": [
    { "name": "p1", "status": "active", "ifl-processors": 2, "crypto-configuration": {
        "crypto-adapter-uris": [ "/api/adapters/a" ],
        "crypto-domain-configurations": [
          { "access-mode": "control-usage", "domain-index": 0 }, { "access-mode": "control", "domain-index": 1 } ] } } ],
  "se-version": "2.16.0"
}
`,
  ep11tok: '# token\nSTRICT_MODE\nAPQN_ALLOWLIST\n 8 13\n 0x0a 010\nEND\n',
  'tp-libvirt': `- passthrough.robustness:
    type = passthrough_robustness
    vms = vm1 vm2
    variants:
        - a:
            cmds = start;ap-05.0004,
            cmds += vm_start;0,
            cmds += vm_attach;0;ap-05.0004,
        - b:
            cmds = start;ap-05.0004, vm_start;1, vm_attach;1;ap-05.0004,
            cmds += vm_reboot;1,
`,
  scenario: `host: { adapters: [{ id: 5, type: CEX7C }], domains: [4, 6], apmask: "-5" }
mdevs: [{ name: m1, adapters: [5], domains: [6] }]
guests: [{ name: guest1, mdev: m1, vcpus: 2 }]
`,
};
