/**
 * The known defects of vfio_ap as text and JSON: what each does, what comes of it, and how to see it. No kernel counterpart.
 */
import type { Quirk } from '../vfio-ap/quirks.ts';
import { wrapText } from './layout.ts';
import type { Paint } from './paint.ts';

/** A defect, and the file of the scenario that shows it. */
export type ShownQuirk = Quirk & { readonly scenario: string };

const ON = 'on by default, as the specification wants it: naming it has a checker look for the consequence';

export function quirksText(quirks: readonly ShownQuirk[], paint: Paint): string {
  const head = 'Known defects of vfio_ap, off by default. --quirks NAME,NAME switches them on; a scenario lists them under quirks.';
  return `${[...wrapText(head, ''), ...quirks.flatMap((quirk) => ['', ...quirkLines(quirk, paint)])].join('\n')}\n`;
}

function quirkLines({ name, does, consequence, byDefault, scenario }: ShownQuirk, paint: Paint): string[] {
  return [
    `${paint.bold(name)}${byDefault === true ? `: ${ON}` : ''}`,
    ...wrapText(`does: ${does}`, '  ', '        '),
    ...wrapText(`then: ${consequence}`, '  ', '        '),
    `  see:  apemu explore ${scenario}`,
  ];
}

/** A list in the order of the table. */
export function quirksJson(quirks: readonly ShownQuirk[]): string {
  const rows = quirks.map(({ name, does, consequence, byDefault, scenario }) => ({
    ...{ name, does, consequence, scenario },
    byDefault: byDefault === true,
  }));
  return `${JSON.stringify(rows, null, 2)}\n`;
}
