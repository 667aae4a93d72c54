/**
 * Crypto config sets of the CEX device plug-in, written after its guide: as JSON, in a ConfigMap, in what kubectl prints.
 */
import { describe, expect, test } from 'vitest';
import { essence, imported, refusalOf } from './foreign-files.ts';

const SETS = `{
  "cryptoconfigsets":
  [
    { "setname": "CCA_for_web", "project": "web", "cexmode": "cca", "mincexgen": "cex7", "overcommit": 3, "livesysfs": 1,
      "apqns": [ { "adapter": 1, "domain": 6, "machineid": "" }, { "adapter": 2, "domain": 6 } ] },
    { "setname": "EP11_for_web", "project": "web", "cexmode": "ep11",
      "apqns": [ { "adapter": 3, "domain": 11, "machineid": "IBM-3906-1" } ] },
    { "setname": "Accel", "project": "default", "cexmode": "accel", "apqns": [ { "adapter": 4, "domain": 6 } ] },
    { "setname": "nothing", "project": "default" }
  ]
}
`;

const indented = SETS.replaceAll(/^(?=.)/gm, '    ');
const CONFIG_MAP = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cex-resources-config\ndata:\n  cex_resources.json: |\n${indented}`;

const EXPECTED = { adapters: ['1 CEX8C', '2 CEX8C', '3 CEX8P', '4 CEX8A'], domains: [6, 11] };

test('the host has the adapters of the sets in their modes, and their domains', () => {
  const found = imported({ 'cex_resources.json': SETS });
  expect(essence(found)).toEqual(EXPECTED);
  expect(found.text).toContain('# crypto config set CCA_for_web of project web (cex_resources.json:4:18): adapter/domain 1/6, 2/6\n');
  expect(found.text).toContain('# crypto config set nothing of project default (cex_resources.json:9:18): adapter/domain none\n');
  expect(found.text).toContain('adapter 1 (cex_resources.json:5:18): no file has its generation (CEX7 at least), CEX8C is assumed');
});

test.each([
  ['a ConfigMap', CONFIG_MAP],
  ['one of several documents', `kind: Namespace\n---\n${CONFIG_MAP}---\n`],
  [
    'what kubectl prints as JSON',
    JSON.stringify({ kind: 'List', items: [{ kind: 'ConfigMap', data: { 'x.json': SETS, 'other.txt': 'x' } }] }),
  ],
  [
    'YAML all the way',
    'cryptoconfigsets:\n- { setname: a, cexmode: ep11, apqns: [{ adapter: 3, domain: 11 }] }\n' + // the rest as JSON
      '- { setname: b, cexmode: cca, apqns: [{ adapter: 1, domain: 6 }, { adapter: 2, domain: 6 }] }\n- { setname: c, cexmode: accel, apqns: [{ adapter: 4, domain: 6 }] }\n',
  ],
])('%s holds the same sets', (_what, text) => {
  expect(essence(imported({ f: text }))).toEqual(EXPECTED);
});

test('a place inside of a ConfigMap is one of the file', () => {
  expect(refusalOf({ 'map.yaml': CONFIG_MAP.replace('"adapter": 2', '"adapter": 300') })).toBe(
    'map.yaml:11:83: data.cex_resources.json.cryptoconfigsets[0].apqns[1].adapter: expected an adapter number from 0 to 255, got "300"',
  );
  // In quotes the lines are not those of the file: then it is the place of the text.
  const quoted = JSON.stringify({ data: { 'x.json': SETS.replace('"accel"', '"fast"') } });
  expect(refusalOf({ f: quoted })).toBe('f:1:19: data.x.json.cryptoconfigsets[2].cexmode: expected a mode: cca, ep11 or accel, got "fast"');
});

test('an adapter in two modes is told with both places', () => {
  expect(refusalOf({ f: SETS.replace('"adapter": 4', '"adapter": 3') })).toBe(
    'f:8:80: adapters[3]: expected what f:7:18 says (an EP11 coprocessor), got an accelerator',
  );
});

describe('what cannot be expressed is refused with its place', () => {
  test.each([
    ['"domain": 11', '"domain": "11"', 'f:7:44: cryptoconfigsets[1].apqns[0].domain: expected a domain number from 0 to 255, got "11"'],
    ['"domain": 11', '"domain": 1.5', 'f:7:44: cryptoconfigsets[1].apqns[0].domain: expected a domain number from 0 to 255, got "1.5"'],
    ['"cex7"', '"cex9"', 'f:4:82: cryptoconfigsets[0].mincexgen: expected a generation from cex4 to cex8, got "cex9"'],
    ['"machineid": ""', '"machineid": "IBM-3906-2"', 'expected APQNs of one machine ("IBM-3906-2" at f:5:60), got "IBM-3906-1"'],
    ['"Accel"', '"CCA_for_web"', 'expected a name that no other set has; there is one at f:4:18, got "CCA_for_web"'],
    [
      '"adapter": 4',
      '"adapter": 1',
      'f:8:80: cryptoconfigsets[2].apqns[0]: expected each APQN once; it is in set "CCA_for_web", too (f:5:18), got adapter 1, domain 6',
    ],
    [
      '"setname": "Accel", ',
      '',
      'f:8:5: cryptoconfigsets[2]: expected setname: the name of the set, got a map with project, cexmode, apqns',
    ],
    ['"cryptoconfigsets"', '"cryptoconfigsets_"', 'f:1:1: (document): expected an object with cryptoconfigsets, got none'],
  ])('%s as %s', (from, to, message) => {
    expect(refusalOf({ f: SETS.replace(from, to) })).toContain(message);
  });
});
