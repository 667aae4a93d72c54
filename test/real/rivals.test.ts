/**
 * Real processes that want the same at the same time: one of them gets it. And under a design that takes its locks in the wrong order: they
 * hang, apemu says who waits for whom, and everything ends when it ends.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HostStatus } from '../../src/session/host-status.ts';
import { describeReal, mounts, program, root } from '../helpers/real-tools.ts';
import { RealShell } from '../helpers/real-shell.ts';
import { ROOT } from '../tidy/tree.ts';

const RIVALS = join(ROOT, 'test/fixtures/real/rivals.yaml');
const MATRIX = '/sys/devices/vfio_ap/matrix';
const [M1, M2] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];
const [U, V] = ['33333333-3333-4333-8333-333333333333', '44444444-4444-4444-8444-444444444444'];

/** Runs A and B, which wait until both are there, as often as COUNT says; prints their statuses and what CHECK prints, a line each time. */
const RACE = `
mkfifo $DIR/first $DIR/second
while [ $COUNT -gt 0 ]; do
  (read go <$DIR/first; eval "$A") >/dev/null 2>&1 & first=$!
  (read go <$DIR/second; eval "$B") >/dev/null 2>&1 & second=$!
  exec 3>$DIR/first 4>$DIR/second
  # The second writer is let go first every other time.
  if [ $((COUNT % 2)) = 0 ]; then echo >&3; echo >&4; else echo >&4; echo >&3; fi
  exec 3>&- 4>&-
  wait $first; one=$?
  wait $second; two=$?
  echo "$one $two $(eval "$CHECK")"
  COUNT=$((COUNT - 1))
done
rm $DIR/first $DIR/second
`;

/** Nobody may have asked yet how it ended. */
function isGone(pid: string): boolean {
  try {
    return /^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
}

describeReal('two real processes that want the same queue', [root, mounts], () => {
  let shell: RealShell;
  beforeAll(async () => {
    shell = await RealShell.start([RIVALS]);
  });
  afterAll(async () => {
    expect(await shell.end()).toMatchObject({ status: 0, left: [] });
  });

  const race = async (count: number, script: { a: string; b: string; check: string }): Promise<string[]> => {
    const { a, b, check } = script;
    const said = await shell.good(`DIR=${shell.folder} COUNT=${count} A='${a}' B='${b}' CHECK='${check}'\n${RACE}`);
    return said.trimEnd().split('\n');
  };

  test('a hundred times: exactly one gets the domain', async () => {
    // Both get the adapter while they have no domain, which is then what they fight for.
    for (const it of [M1, M2]) await shell.good(`echo 4 >${MATRIX}/${it}/unassign_domain; echo 6 >${MATRIX}/${it}/assign_adapter`);
    const results = await race(100, {
      a: `echo 0x47 >${MATRIX}/${M1}/assign_domain`,
      b: `echo 0x47 >${MATRIX}/${M2}/assign_domain`,
      check:
        `echo $(cat ${MATRIX}/${M1}/matrix) / $(cat ${MATRIX}/${M2}/matrix); ` +
        `for it in ${M1} ${M2}; do echo 0x47 >${MATRIX}/$it/unassign_domain; done`,
    });
    expect(results).toHaveLength(100);
    const [first, second] = ['0 1 06.0047 / 06.', '1 0 06. / 06.0047'];
    expect(results.filter((result) => result !== first && result !== second)).toEqual([]);
  });
  describeReal('with mdevctl', [program('mdevctl')], () => {
    test('mdevctl against mdevctl: one device is started, the other one is refused and gone', async () => {
      for (const [name, uuid] of [
        ['a', U],
        ['b', V],
      ])
        // prettier-ignore
        await shell.good(
          `echo '{"mdev_type":"vfio_ap-passthrough","start":"manual","attrs":[{"assign_adapter":"5"},{"assign_domain":"0xab"}]}' >${shell.folder}/${name}.json; mdevctl define -u ${uuid} -p matrix --jsonfile ${shell.folder}/${name}.json`,
        );
      const results = await race(20, {
        a: `mdevctl start -u ${U}`,
        b: `mdevctl start -u ${V}`,
        check: `for it in ${U} ${V}; do [ ! -e ${MATRIX}/$it ] || { cat ${MATRIX}/$it/matrix; mdevctl stop -u $it; }; done`,
      });
      expect(results.filter((result) => result !== '0 1 05.00ab' && result !== '1 0 05.00ab')).toEqual([]);
      expect(results).toHaveLength(20);
    });
  });
});

describeReal('real processes under a design that takes its locks in the wrong order', [root, mounts], () => {
  test('hang, are named with what they wait for, cannot be killed, and are free when apemu ends', async () => {
    const shell = await RealShell.start([RIVALS, '--design', 'perms-inside', '--session', 'stuck', '--log-level', 'silent']);
    const writers = [
      `echo 5 >${MATRIX}/${M1}/assign_adapter; echo 5 >${MATRIX}/${M1}/unassign_adapter`,
      `echo 6 >${MATRIX}/${M2}/assign_adapter; echo 6 >${MATRIX}/${M2}/unassign_adapter`,
      'echo -7 >/sys/bus/ap/apmask; echo +7 >/sys/bus/ap/apmask',
    ];
    writers.forEach((commands, i) => writeFileSync(join(shell.folder, `writer${i}`), `while :; do ${commands}; done\n`));
    const started = await shell.good(
      writers.map((_, i) => `setsid /bin/sh ${shell.folder}/writer${i} >/dev/null 2>&1 & echo $!`).join('\n'),
    );
    const pids = started.trimEnd().split('\n');
    const status = async (): Promise<HostStatus> =>
      JSON.parse((await shell.ask('status', '--json', '--session', 'stuck')).out) as HostStatus;
    // There is no telling when they meet; until then nobody waits for long.
    let now = await status();
    while (!now.findings.some(({ kind }) => kind === 'deadlock')) now = await status();

    const deadlock = now.findings.find(({ kind }) => kind === 'deadlock')!;
    expect(deadlock.tasks).toHaveLength(2);
    for (const task of deadlock.tasks) expect(pids.map((pid) => `sh[${pid}]`)).toContain(task);
    const said = (await shell.ask('status', '--session', 'stuck')).out;
    const stuck = deadlock.tasks.map((task) => /\[(\d+)\]/.exec(task)![1]!);
    for (const pid of stuck) expect(said).toMatch(new RegExp(`sh\\[${pid}\\] waiting for (?:ap_attr_mutex|guests_lock|mdevs_lock) `));

    // As in the kernel: a signal is for later.
    await shell.good(`kill -9 ${pids.join(' ')}`);
    const state = `for pid in ${stuck.join(' ')}; do while ! grep -q "^State:.D" /proc/$pid/status; do :; done; done; echo dead`;
    expect(await shell.good(state)).toBe('dead\n');

    const { status: code, left, err } = await shell.end();
    expect({ code, left }).toEqual({ code: 1, left: [] });
    expect(err).toContain('deadlock');
    // They are dead as soon as their calls have come back.
    while (!pids.every(isGone)) await new Promise((resolve) => setImmediate(resolve));
  });
});
