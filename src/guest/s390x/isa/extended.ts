/**
 * Extended mnemonics: a branch or a conditional instruction with its mask in its name (z/Architecture Principles of Operation, chapter 7
 * and appendix C; GNU as has the same). No kernel counterpart.
 */
import { instructionNamed } from './opcodes.ts';
import type { InstructionRow } from './rows.ts';

export interface ExtendedMnemonic {
  readonly row: InstructionRow;
  /** Value of the mask field that the name stands for; null: only another name. */
  readonly mask: number | null;
}

/** Condition codes 0 to 3 are bits 8, 4, 2, 1 of the mask. */
const CONDITIONS: ReadonlyMap<string, number> = new Map(
  Object.entries({ o: 1, h: 2, nle: 3, l: 4, nhe: 5, lh: 6, ne: 7, e: 8, nlh: 9, he: 10, nl: 11, le: 12, nh: 13, no: 14 }),
);
/** Other names of the same masks, as one looks at the sign of a result. */
const SIGNS: ReadonlyMap<string, number> = new Map(Object.entries({ p: 2, m: 4, nz: 7, z: 8, nm: 11, np: 13 }));
/** Of instructions that compare and branch at once: there is no fourth condition. */
const COMPARISONS: ReadonlyMap<string, number> = new Map(Object.entries({ h: 2, l: 4, ne: 6, e: 8, nl: 10, nh: 12 }));

const BRANCHES = [
  { mnemonic: 'bcr', front: 'b', back: 'r', never: 'nopr' },
  { mnemonic: 'bc', front: 'b', back: '', never: 'nop' },
  { mnemonic: 'brc', front: 'j', back: '', never: 'jnop' },
  { mnemonic: 'brcl', front: 'jg', back: '', never: 'jgnop' },
] as const;

const CONDITIONAL = 'locr locgr locfhr loc locg locfh stoc stocg stocfh lochi locghi lochhi selr selgr selfhr'.split(' ');
const COMPARING =
  'crj cgrj clrj clgrj cij cgij clij clgij crb cgrb clrb clgrb cib cgib clib clgib crt cgrt clrt clgrt cit cgit clfit clgit clt clgt'.split(
    ' ',
  );
const OTHER_NAMES = {
  jas: 'bras',
  jasl: 'brasl',
  jct: 'brct',
  jctg: 'brctg',
  jxh: 'brxh',
  jxle: 'brxle',
  jxhg: 'brxhg',
  jxleg: 'brxlg',
} as const;

const extended = new Map<string, ExtendedMnemonic>();
/** Of branches only: their names are as good as the plain one. */
const names = new Map<string, string>();

for (const { mnemonic, front, back, never } of BRANCHES) {
  const row = instructionNamed(mnemonic)!;
  const add = (name: string, mask: number): void => {
    extended.set(name, { row, mask });
    const key = `${mnemonic} ${mask}`;
    if (!names.has(key)) names.set(key, name);
  };
  add(never, 0);
  add(`${front}${back}`, 15);
  for (const [condition, mask] of [...CONDITIONS, ...SIGNS]) add(`${front}${condition}${back}`, mask);
}
for (const [list, conditions] of [
  [CONDITIONAL, new Map([...CONDITIONS, ...SIGNS])],
  [COMPARING, COMPARISONS],
] as const) {
  for (const mnemonic of list) {
    for (const [condition, mask] of conditions) extended.set(`${mnemonic}${condition}`, { row: instructionNamed(mnemonic)!, mask });
  }
}
for (const [name, mnemonic] of Object.entries(OTHER_NAMES)) extended.set(name, { row: instructionNamed(mnemonic)!, mask: null });

export function extendedMnemonic(name: string): ExtendedMnemonic | undefined {
  return extended.get(name);
}

/** The name of a branch with this mask: `jne`, `br`, `nop`; undefined for what is no branch on a condition. */
export function branchName({ mnemonic }: InstructionRow, mask: number): string | undefined {
  return names.get(`${mnemonic} ${mask}`);
}
