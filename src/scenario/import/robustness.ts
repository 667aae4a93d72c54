/**
 * The robustness tests of tp-libvirt for passthrough devices: each variant is a script of steps (`start;ap-05.0004`, `vm_attach;0;ap-05.0004`),
 * here events of a scenario, one variant after another. Source: libvirt/tests/cfg/passthrough/robustness of tp-libvirt and what its steps do.
 */
import { hexIdOf, ADAPTER, DOMAIN } from './ids.ts';
import { mdevUuid } from '../mdev-uuid.ts';
import type { Place } from '../place.ts';
import { didYouMean } from '../did-you-mean.ts';
import { variantsOf, type Piece, type Variant } from './avocado-config.ts';
import { placeText, quoted, refusal } from './foreign-text.ts';
import type { Importer, ImportOptions } from './importer.ts';
import { RobustnessScript, type ScriptDevice } from './robustness-script.ts';

export const TP_LIBVIRT: Importer = {
  name: 'tp-libvirt',
  recognizes: (text) => /^\s*cmds\s*\+?=/m.test(text),
  read(source, draft, options) {
    const variants = variantsOf(source).filter(({ settings }) => settings.has('cmds'));
    if (variants.length === 0) throw refusal(source.place(0), [], { expected: 'a variant with steps (cmds = ...)', got: 'none' });
    const chosen = chosenOf(source.place(0), variants, options);
    const script = new RobustnessScript(draft);
    let played = 0;
    for (const variant of chosen) {
      const steps = stepsOf(variant);
      const foreign = steps.find(({ words }) => words.some(isForeign));
      if (foreign !== undefined && options.variants.length === 0) {
        draft.notes.push(`left out: variant ${variant.name} (${placeText(variant.place)}), for ${foreign.words.find(isForeign)}`);
        continue;
      }
      script.begin(variant);
      for (const step of steps) play(script, step, variant);
      script.end();
      played++;
    }
    if (played > 0) return;
    const [first] = chosen;
    const step = stepsOf(first!).find(({ words }) => words.some(isForeign))!;
    throw foreignDevice(step);
  },
};

function chosenOf(place: Place, all: readonly Variant[], { variants }: ImportOptions): Variant[] {
  if (variants.length === 0) return [...all];
  return variants.map((name) => {
    const found = all.find((variant) => variant.name === name);
    if (found !== undefined) return found;
    const names = all.map((variant) => variant.name);
    const shown = names.length > 8 ? `one of ${names.length}` : names.join(', ');
    throw refusal(place, ['variants'], { expected: `a variant with steps (${shown})`, got: quoted(name), hint: didYouMean(name, names) });
  });
}

interface Step {
  readonly words: readonly string[];
  readonly place: Place;
}

/** Steps end with a comma. */
function stepsOf({ settings }: Variant): Step[] {
  return settings.get('cmds')!.flatMap(({ text, place }: Piece) => {
    let at = 0;
    return text.split(',').flatMap((part): Step[] => {
      const column = place.column + at + part.search(/\S|$/);
      at += part.length + 1;
      return part.trim() === '' ? [] : [{ words: part.trim().split(';'), place: { ...place, column } }];
    });
  });
}

const isForeign = (word: string): boolean => /^(?:ccw|ism|roce)-/.test(word);

function foreignDevice({ words, place }: Step): Error {
  return refusal(place, ['cmds'], { expected: 'a device of AP, like ap-05.0004', got: quoted(words.find(isForeign) ?? words.join(';')) });
}

const NAMES = /^(start|stop|vm_(?:start|destroy|shutdown|reboot|pause|resume|attach|detach|check_present))$/;

function play(script: RobustnessScript, step: Step, variant: Variant): void {
  const { words, place } = step;
  const [action = '', first = '', second] = words;
  const problem = (expected: string): Error => refusal(place, ['cmds'], { expected, got: quoted(words.join(';')) });
  if (!NAMES.test(action))
    throw problem(
      'start, stop or vm_start, vm_destroy, vm_shutdown, vm_reboot, vm_pause, vm_resume, vm_attach, vm_detach, vm_check_present',
    );
  if (words.some(isForeign)) throw foreignDevice(step);
  const complaint = action.startsWith('vm_')
    ? script.machine(
        action.slice(3),
        { vm: machineOf(first, variant, step), device: second === undefined ? null : deviceOf(second, step) },
        place,
      )
    : script.device(action, deviceOf(first, step), place);
  if (complaint !== null) throw problem(complaint);
}

function deviceOf(word: string, { place }: Step): ScriptDevice {
  const match = /^ap-([0-9a-fA-F]{2})\.([0-9a-fA-F]{4})$/.exec(word);
  if (match === null) throw refusal(place, ['cmds'], { expected: 'a device of AP, like ap-05.0004', got: quoted(word) });
  const adapter = hexIdOf(match[1]!, { what: ADAPTER, place, path: ['cmds'] });
  const domain = hexIdOf(match[2]!, { what: DOMAIN, place, path: ['cmds'] });
  return { name: word.toLowerCase(), uuid: mdevUuid(word.toLowerCase()), adapter, domain };
}

/** The names of the guests are a setting of the test. */
function machineOf(word: string, { settings }: Variant, { place }: Step): string {
  const names = settings.get('vms')?.flatMap(({ text }) => text.split(/\s+/).filter(Boolean)) ?? ['vm1', 'vm2'];
  const index = /^\s*\d+\s*$/.test(word) ? Number(word) : -1;
  const name = names[index];
  if (name === undefined)
    throw refusal(place, ['cmds'], { expected: `the number of a guest from 0 to ${names.length - 1}`, got: quoted(word) });
  return name;
}
