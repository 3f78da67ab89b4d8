// Sections and words that have all words of a question, the best first. No page is touched here.

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const wordsOf = (text) => text.match(/[\p{L}\p{N}_]+/gu) ?? [];

/** Patterns of a word, and of words that begin so; `_` separates words too, so `rate` is in `GRADSERVE_RATE_LIMIT`. */
const whole = (word) => new RegExp(`(?<![\\p{L}\\p{N}])${escaped(word)}(?![\\p{L}\\p{N}])`, "u");
const beginning = (word) => new RegExp(`(?<![\\p{L}\\p{N}])${escaped(word)}[\\p{L}\\p{N}]*`, "u");

// What a word counts where it is found, whole or as a beginning.
const NAME = 100;
const NAME_BEGINS = 40;
const TITLE = [24, 16];
const ABOVE = [6, 4];
const TEXT = [3, 2];

/** Make the document of search.json ready to be searched. */
export function prepare({ prefixes, entries }) {
  const lower = (text) => text.toLowerCase();
  const ready = entries.map((entry, place) => ({
    entry,
    place,
    title: lower(entry.title),
    above: lower(entry.under),
    text: lower(entry.text),
    names: entry.names.map(lower),
  }));
  return { prefixes: prefixes.map((prefix) => `${lower(prefix)}.`), ready };
}

/** Every entry that has all words of a question, the best first; a word may be the beginning of one. */
export function find({ prefixes, ready }, question) {
  const asked = question.trim().toLowerCase();
  if (asked === "") return [];
  const bare = (term) => term.slice(prefixes.find((prefix) => term.startsWith(prefix))?.length ?? 0);
  const terms = asked.split(/\s+/).map((term) => made(term, bare(term.replace(/\(\)?$/, ""))));
  const found = [];
  for (const each of ready) {
    const worth = terms.map((term) => points(each, term));
    const named = each.names.includes(asked) ? NAME : 0; // also a name with blanks, such as `a if c else b`
    const score = worth.every((one) => one > 0) ? named + worth.reduce((sum, one) => sum + one) : named;
    if (score > 0) found.push({ entry: each.entry, score, place: each.place });
  }
  found.sort((one, other) => other.score - one.score || one.place - other.place);
  return found.map(({ entry }) => entry);
}

/** The part of a text around the first word of a question in it, as pieces of which some are marked. */
export function excerpt(text, question, length = 150) {
  const words = wordsOf(question.toLowerCase());
  const lower = text.toLowerCase();
  const places = words.map((word) => lower.search(beginning(word))).filter((place) => place >= 0);
  const first = Math.max(0, Math.min(...(places.length > 0 ? places : [0])) - length / 3);
  const start = first > 0 ? text.indexOf(" ", first) + 1 : 0;
  const shown = text.slice(start, start + length);
  const cut = `${start > 0 ? "… " : ""}${shown}${start + length < text.length ? " …" : ""}`;
  if (words.length === 0) return [{ text: cut, marked: false }];
  const marks = new RegExp(words.map((word) => beginning(word).source).join("|"), "giu");
  const pieces = [];
  let end = 0;
  for (const match of cut.matchAll(marks)) {
    pieces.push({ text: cut.slice(end, match.index), marked: false }, { text: match[0], marked: true });
    end = match.index + match[0].length;
  }
  return [...pieces, { text: cut.slice(end), marked: false }].filter((piece) => piece.text !== "");
}

function made(term, bare) {
  return { term, bare, patterns: wordsOf(bare).map((word) => [whole(word), beginning(word)]) };
}

/** What a term counts in an entry; 0 if one of its words is not there. */
function points({ names, title, above, text }, { term, bare, patterns }) {
  // Of a row with many names, each means less.
  if (names.includes(term)) return NAME / 2 + NAME / names.length;
  if (names.includes(bare)) return NAME / 2 + NAME / 2 / names.length;
  if (patterns.length === 0) return text.includes(term) ? 1 : 0;
  const begun = names.filter((name) => name.startsWith(bare)).map((name) => bare.length / name.length);
  let sum = (NAME_BEGINS * Math.max(0, ...begun)) / Math.sqrt(names.length || 1);
  const places = [[title, TITLE], [names.join(" "), TITLE], [above, ABOVE], [text, TEXT]];
  for (const [word, begins] of patterns) {
    const worth = places.map(([where, [exact, part]]) => (word.test(where) ? exact : begins.test(where) ? part : 0));
    const best = Math.max(...worth);
    if (best === 0) return 0;
    sum += best / patterns.length;
  }
  return sum;
}
