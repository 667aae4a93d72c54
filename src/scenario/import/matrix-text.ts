/**
 * The text of the attribute `matrix` of an mdev: a line a queue, or halves of queues where one side is empty (vfio_ap_ops.c: matrix_show).
 */
import { refusal, quoted } from './foreign-text.ts';
import { ADAPTER, ascending, DOMAIN, hexIdOf } from './ids.ts';

export function readMatrix(text: string, file: string): { adapters: number[]; domains: number[] } {
  const adapters = new Set<number>();
  const domains = new Set<number>();
  text.split('\n').forEach((line, i) => {
    if (line === '') return;
    const place = { file, line: i + 1, column: 1 };
    const match = /^([0-9a-fA-F]{2})?\.([0-9a-fA-F]{4})?$/.exec(line);
    if (match === null) throw refusal(place, [], { expected: 'a queue like 05.0004', got: quoted(line) });
    if (match[1] !== undefined) adapters.add(hexIdOf(match[1], { what: ADAPTER, place, path: [] }));
    if (match[2] !== undefined) domains.add(hexIdOf(match[2], { what: DOMAIN, place, path: [] }));
  });
  return { adapters: ascending(adapters), domains: ascending(domains) };
}
