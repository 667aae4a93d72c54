/**
 * The APQNs of an EP11 token of openCryptoki, ep11tok.conf: a list of pairs of adapter and domain. Source: "Defining an EP11 token configuration
 * file" of openCryptoki - An Open Source Implementation of PKCS #11, and the comments of the file that comes with it.
 */
import type { Place } from '../place.ts';
import type { Draft } from './draft.ts';
import { quoted, refusal, wordsOf } from './foreign-text.ts';
import { ADAPTER, DOMAIN, idOf } from './ids.ts';
import type { Importer } from './importer.ts';

const LIST = /^APQN_(?:ALLOWLIST|WHITELIST)$/;
const ANY = 'APQN_ANY';

interface Word {
  readonly word: string;
  readonly place: Place;
}

export const EP11_TOKEN: Importer = {
  name: 'ep11tok',
  recognizes: (text) => /^\s*APQN_(?:ALLOWLIST|WHITELIST|ANY)\b/m.test(text),
  read(source, draft) {
    let open: Word | null = null;
    let pending: Word | null = null;
    let found = false;
    for (const { word, place } of wordsIn(source.lines())) {
      if (open === null) {
        if (LIST.test(word)) open = { word, place };
        if (word === ANY) wantCards(draft, { word, place });
        found ||= LIST.test(word) || word === ANY;
      } else if (word === 'END') {
        if (pending !== null) throw refusal(place, [open.word], { expected: DOMAIN, got: word });
        open = null;
      } else if (pending === null) pending = { word, place };
      else {
        addPair(draft, open.word, [pending, { word, place }]);
        pending = null;
      }
    }
    if (open !== null) throw refusal(open.place, [open.word], { expected: 'END behind the list', got: 'the end of the file' });
    if (!found) throw refusal(source.place(0), [], { expected: 'APQN_ALLOWLIST or APQN_ANY', got: 'neither' });
  },
};

function wordsIn(lines: readonly { text: string; place(index: number): Word['place'] }[]): Word[] {
  return lines.flatMap((line) => wordsOf(line.text.replace(/#.*$/, '')).map(({ word, index }) => ({ word, place: line.place(index) })));
}

function addPair(draft: Draft, list: string, [first, second]: readonly [Word, Word]): void {
  const adapter = idOf(first.word, { what: ADAPTER, place: first.place, path: [list] });
  const domain = idOf(second.word, { what: DOMAIN, place: second.place, path: [list] });
  draft.mentionAdapter(adapter, first.place, { mode: 'P' });
  draft.mentionDomain(domain, second.place);
}

/** Which cards there are has to come from elsewhere. */
function wantCards(draft: Draft, { word, place }: Word): void {
  const expected = 'a list of APQNs (APQN_ALLOWLIST), or another file with a card in EP11 mode';
  draft.wanted.push(() =>
    [...draft.adapters.values()].some(({ mode }) => mode?.value === 'P') ? null : refusal(place, [], { expected, got: quoted(word) }),
  );
}
