/**
 * Operations at random (fast-check): mostly sensible ones on few adapters, domains, mdevs and guests, so that they meet, and among them
 * texts and numbers with everything wrong that somebody may write.
 */
import fc from 'fast-check';
import { Request } from './ioctls.ts';
import { GUESTS, STORAGE, UUIDS, type MdevAttribute, type Operation } from './operations.ts';

export const ADAPTERS = [5, 6, 10] as const;
export const DOMAINS = [4, 7, 11] as const;
/** No driver takes the last one. */
const CARDS = ['CEX5C', 'CEX5A', 'CEX8P', 'CEX3C'] as const;

type Texts = fc.Arbitrary<string>;

/** Whatever the bytes are. */
const junk: Texts = fc.oneof(
  fc.constantFrom('', '\n', '\0', ' ', 'x', '0x', '+', '-', ',', '\n\n', '0\0x', 'é', '５', '\u{1F511}', '\r\n', '0x\n', '0X5', '1e1'),
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('1'.repeat(5000), `${'0'.repeat(4095)}55`, ','.repeat(4097)),
);

const spelled = (ids: readonly number[]): Texts =>
  fc.tuple(fc.constantFrom(...ids), fc.constantFrom(10, 16, 8), fc.constantFrom('', '\n')).map(([id, base, end]) => {
    const prefix = { 10: '', 16: '0x', 8: '0' }[base]!;
    return `${prefix}${id.toString(base)}${end}`;
  });

/** Around a number that would be fine. */
const misspelled = (ids: readonly number[]): Texts =>
  fc
    .tuple(
      fc.constantFrom('', '+', '-', ' ', '++', '00', '0x0', '0X', '\0', '\t'),
      fc.constantFrom(...ids),
      fc.constantFrom('', '\n', '\n\n', ' ', '\0', '\0z', 'z', '\r', ','),
    )
    .map(([before, id, after]) => `${before}${id}${after}`);

const LIMITS = [
  '63',
  '64',
  '15',
  '16',
  '255',
  '256',
  '0xff',
  '0x100',
  '0377',
  '08',
  '65535',
  '4294967296',
  '18446744073709551615',
  '18446744073709551616',
  '99999999999999999999',
];

const numberText = (ids: readonly number[]): Texts =>
  fc.oneof(
    { weight: 12, arbitrary: spelled(ids) },
    { weight: 2, arbitrary: misspelled(ids) },
    { weight: 1, arbitrary: fc.constantFrom(...LIMITS) },
    { weight: 1, arbitrary: junk },
  );

/** 64 digits, or as many as are asked for. */
function hexOf(ids: readonly number[], digits = 64): string {
  const bits = Array.from({ length: digits * 4 }, (_, id) => ids.includes(id));
  return Array.from({ length: digits }, (_, at) => {
    const four = bits.slice(at * 4, at * 4 + 4).map((bit) => (bit ? '1' : '0'));
    return Number.parseInt(four.join(''), 2).toString(16);
  }).join('');
}

const subset = <T>(of: readonly T[]): fc.Arbitrary<T[]> => fc.subarray([...of]);

const prefixed = (digits: Texts): Texts =>
  fc.tuple(fc.constantFrom('0x', '0x', '0x', '', 'x', '0X', '0xx'), digits).map((parts) => parts.join(''));

const field = (ids: readonly number[]): Texts =>
  fc.oneof(
    { weight: 8, arbitrary: subset(ids).map((some) => `0x${hexOf(some)}`) },
    { weight: 4, arbitrary: prefixed(fc.tuple(subset(ids), fc.integer({ min: 0, max: 66 })).map(([some, digits]) => hexOf(some, digits))) },
    { weight: 1, arbitrary: fc.constantFrom('', '0', 'f', '0xg', ' 0x0') },
  );

const apConfigText: Texts = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(field(ADAPTERS), field(DOMAINS), field([...DOMAINS, 0x99]), fc.constantFrom('\n', '', ',', '\n\n', ',1', ' ', '\0', 'g'))
      .map(([apm, aqm, adm, end]) => `${apm},${aqm},${adm}${end}`),
  },
  { weight: 1, arbitrary: fc.tuple(field(ADAPTERS), field(DOMAINS)).map(([apm, aqm]) => `${apm},${aqm}\n`) },
  { weight: 1, arbitrary: fc.constantFrom(',,', ',,\n', ',', ',\n', '\n\n\n', '0x,0x,0x', '0x06,0x08,0x00', '0x06\n0x08\n0x00') },
  { weight: 1, arbitrary: junk },
);

const term = (ids: readonly number[]): Texts =>
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .tuple(
          fc.constantFrom('+', '-'),
          spelled(ids).map((text) => text.trim()),
        )
        .map((parts) => parts.join('')),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom('+', '-'), fc.integer({ min: 0, max: 257 }), fc.integer({ min: 0, max: 257 }))
        .map(([sign, from, to]) => `${sign}${from}-${to}`),
    },
    { weight: 1, arbitrary: fc.constantFrom('+', '-', '5', '+08', '--5', '+5 ', '-0-255', '+0-255') },
  );

const maskText = (ids: readonly number[]): Texts =>
  fc.oneof(
    {
      weight: 10,
      arbitrary: fc
        .tuple(fc.array(term(ids), { minLength: 1, maxLength: 3 }), fc.constantFrom(',', '', ',,', '\n', ', '))
        .map(([terms, comma]) => terms.join(comma)),
    },
    { weight: 3, arbitrary: field(ids) },
    { weight: 1, arbitrary: junk },
  );

const uuid = fc.constantFrom(...UUIDS);
const uuidText: Texts = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(uuid, fc.constantFrom('', '\n')).map((parts) => parts.join('')) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      UUIDS[0].slice(1),
      `${UUIDS[0]}00`,
      `${UUIDS[0]}0`,
      UUIDS[1].replaceAll('-', '_'),
      UUIDS[1].replace('2', 'g'),
      `${UUIDS[2]}\n\n`,
    ),
  },
  { weight: 1, arbitrary: junk },
);

const DIMENSIONS = ['adapter', 'domain', 'control_domain'] as const;
const idsOf = { adapter: ADAPTERS, domain: DOMAINS, control_domain: [...DOMAINS, 0x99] };

const assigning = fc
  .tuple(uuid, fc.constantFrom('assign', 'assign', 'unassign'), fc.constantFrom(...DIMENSIONS, ...DIMENSIONS.slice(0, 2)))
  .chain(([to, verb, dimension]) =>
    numberText(idsOf[dimension]).map((text): Operation => ({
      op: 'store',
      uuid: to,
      attribute: `${verb}_${dimension}` as MdevAttribute,
      text,
    })),
  );

/** One of two ids, so that operations on the same queue meet; now and then any. */
const often = (one: number, other: number): fc.Arbitrary<number> =>
  fc.oneof({ weight: 6, arbitrary: fc.constantFrom(one, other) }, { weight: 1, arbitrary: fc.constantFrom(10, 11, one) });

const queueText: Texts = fc.oneof(
  {
    weight: 10,
    arbitrary: fc
      .tuple(often(5, 6), often(4, 7), fc.constantFrom('', '', '\n', '\0', ' '))
      .map(([adapter, domain, end]) => `${adapter.toString(16).padStart(2, '0')}.${domain.toString(16).padStart(4, '0')}${end}`),
  },
  { weight: 1, arbitrary: junk },
);

const driver = fc.constantFrom('vfio_ap' as const, 'cex4queue' as const);
const guest = fc.constantFrom(...GUESTS);
const adapter = fc.constantFrom(...ADAPTERS);
type Fields<T> = { [K in keyof Omit<T, 'op'>]: fc.Arbitrary<T[K & keyof T]> };
const record = <K extends Operation['op']>(op: K, fields: Fields<Of<K>>): fc.Arbitrary<Operation> =>
  fc.record({ op: fc.constant(op), ...fields }) as fc.Arbitrary<unknown> as fc.Arbitrary<Operation>;
type Of<K> = Operation extends infer T ? (T extends { readonly op: infer L } ? (K extends L ? T : never) : never) : never;

const mask = fc
  .constantFrom('apm' as const, 'aqm' as const)
  .chain((which) => maskText(which === 'apm' ? ADAPTERS : DOMAINS).map((text): Operation => ({ op: 'mask', which, text })));
const misused = record('store', { uuid, attribute: fc.constantFrom('matrix', 'guest_matrix', 'control_domains'), text: junk });
const reading = record('read', {
  uuid,
  attribute: fc.constantFrom('assign_adapter', 'unassign_domain', 'remove', 'matrix', 'ap_config'),
});
const usage = fc
  .tuple(fc.constantFrom('usage' as const, 'control' as const), fc.oneof(subset(DOMAINS), fc.constant([...DOMAINS])))
  .map(([use, ids]): Operation => ({ op: 'domains', use, ids }));

/** Each word mostly right, so that every check is the first one to fail. */
const setIrqs = fc
  .tuple(
    fc.oneof({ weight: 8, arbitrary: fc.constant(24) }, { weight: 1, arbitrary: fc.constantFrom(0, 19, 20, 23, 28, 0xffffffff) }),
    fc.oneof({ weight: 8, arbitrary: fc.constant(0x24) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 0x7f }) }),
    fc.oneof({ weight: 8, arbitrary: fc.constantFrom(0, 1) }, { weight: 1, arbitrary: fc.constantFrom(2, 0xffffffff) }),
    fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(1, 0xfffffffe, 0xffffffff) }),
    fc.oneof({ weight: 8, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constantFrom(0, 2, 0xfffffffe, 0xffffffff) }),
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(3, 4, 5, 6, -1) },
      { weight: 2, arbitrary: fc.constantFrom(0, 2, 7, -2, -0x80000000, 0x7fffffff) },
    ),
  )
  // QEMU gives its device back when its request eventfd is signalled: as the eventfd of the other interrupt it would do so at any time.
  .map(([argsz, flags, index, start, count, fd]) => [argsz, flags, index, start, count, index === 1 && fd === 5 ? 6 : fd])
  .map((words) => ({ request: Request.SET_IRQS, words }));

const asked = fc
  .tuple(
    fc.constantFrom(Request.GET_INFO, Request.GET_IRQ_INFO, Request.GET_IRQ_INFO, 0, 0x3b64, 0x3b6a, 0xffffffff),
    fc.constantFrom(16, 16, 16, 24, 15, 0, 0xffffffff),
    fc.integer({ min: 0, max: 3 }),
    fc.constantFrom(0, 1, 1, 2, 0xffffffff),
  )
  .map(([request, argsz, flags, index]) => ({ request, words: [argsz, flags, index, 7, 0] }));

const ioctl = fc
  .tuple(
    uuid,
    fc.oneof(
      { weight: 5, arbitrary: setIrqs },
      { weight: 2, arbitrary: asked },
      { weight: 2, arbitrary: fc.constant({ request: Request.RESET, words: [] }) },
    ),
    fc.oneof({ weight: 9, arbitrary: fc.constant(24) }, { weight: 1, arbitrary: fc.constantFrom(0, 15, 16, 19, 20, 23) }),
    fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  )
  .map(([to, call, mapped, writable]): Operation => ({
    op: 'ioctl',
    uuid: to,
    ...call,
    mapped: Math.min(mapped, call.words.length * 4),
    writable,
  }));

/** Operations with weights by how much state they make. */
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 40, arbitrary: assigning },
  { weight: 10, arbitrary: record('store', { uuid, attribute: fc.constant('ap_config' as const), text: apConfigText }) },
  { weight: 4, arbitrary: record('create', { text: uuidText }) },
  { weight: 1, arbitrary: record('store', { uuid, attribute: fc.constant('remove' as const), text: numberText([1, 0, 2]) }) },
  { weight: 1, arbitrary: misused },
  { weight: 1, arbitrary: reading },
  { weight: 5, arbitrary: mask },
  { weight: 6, arbitrary: record('bind', { driver, text: queueText }) },
  { weight: 4, arbitrary: record('unbind', { driver, text: queueText }) },
  { weight: 8, arbitrary: record('attach', { uuid, guest }) },
  { weight: 2, arbitrary: record('detach', { guest }) },
  { weight: 2, arbitrary: record('open', { uuid, guest }) },
  { weight: 1, arbitrary: record('unmap', { guest }) },
  { weight: 3, arbitrary: record('map', { guest }) },
  { weight: 5, arbitrary: record('plug', { id: adapter, type: fc.constantFrom(...CARDS) }) },
  { weight: 2, arbitrary: record('unplug', { id: adapter }) },
  { weight: 2, arbitrary: record('checkstop', { id: adapter, on: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: record('config', {
      id: adapter,
      text: fc.constantFrom('0', '1', '1\n', '0\n', '2', 'x', '', '-1', ' 1', '1abc', '01'),
    }),
  },
  { weight: 2, arbitrary: usage },
  { weight: 6, arbitrary: record('scan', {}) },
  {
    weight: 24,
    arbitrary: record('aqic', {
      guest,
      adapter: often(5, 6),
      domain: often(4, 7),
      enable: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.boolean() }),
      isc: fc.integer({ min: 0, max: 7 }),
      nib: fc.oneof(
        { weight: 8, arbitrary: fc.constantFrom(0x20000, 0x21008) },
        { weight: 1, arbitrary: fc.constantFrom(0, STORAGE, STORAGE - 1) },
      ),
    }),
  },
  { weight: 8, arbitrary: ioctl },
);

/** In order, now and then without one; shrinks to fewer. */
const mostOf = <T>(of: readonly T[]): fc.Arbitrary<T[]> =>
  fc.tuple(...of.map(() => fc.nat(7))).map((dice) => of.filter((_, at) => dice[at] !== 0));

/** What an administrator does first: mdevs with something in them, guests that have them. Parts of it may be missing. */
const beginning: fc.Arbitrary<Operation[]> = fc
  .tuple(fc.constantFrom<number[][]>([5, 6], [5], [6]), fc.constantFrom<number[][]>([4], [4, 7]), fc.boolean())
  .chain(([adapters, domains, swapped]) => {
    const rest = DOMAINS.filter((id) => !domains.includes(id));
    const [first, second] = swapped ? [rest, domains] : [domains, rest];
    const config = (to: string, aqm: readonly number[]): Operation => ({
      ...{ op: 'store', uuid: to, attribute: 'ap_config' },
      text: [adapters, aqm, DOMAINS].map((ids) => `0x${hexOf(ids)}`).join(),
    });
    return mostOf<Operation>([
      ...UUIDS.map((text): Operation => ({ op: 'create', text })),
      config(UUIDS[0], first),
      config(UUIDS[1], second),
      ...GUESTS.map((name, at): Operation => ({ op: 'attach', uuid: UUIDS[at]!, guest: name })),
    ]);
  });

/** A life of a host. */
export const operations: fc.Arbitrary<Operation[]> = fc
  .tuple(beginning, fc.array(operation, { maxLength: 100, size: 'max' }))
  .map((parts) => parts.flat());
