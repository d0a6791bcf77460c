import { RE2JS } from 're2js';

/** A `…/reload` annotation: exact names, patterns, and the parts that are no regular expression. */
export type NameList = {
  /** Also what is a pattern as well: `default.conf` is the name of a source that may not exist yet. */
  readonly names: ReadonlySet<string>;
  readonly patterns: readonly RE2JS[];
  readonly invalid: readonly { readonly part: string; readonly reason: string }[];
  /** How many names more there are than a list may have: they do not count. */
  readonly left: number;
};

/** The longest list of names: one workload must not cost what a thousand others do. */
export const MAX_NAMES = 1_000;

const PLAIN_NAME = /^[a-z0-9-]+$/;
/** A name of an object with dots in it, which are any character to a pattern (RFC 1123). */
const DOTTED_NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/;
const NAME_LENGTH = 253;

/**
 * What the patterns of one list may cost together, in characters or instructions, whichever are more. A list is
 * user input, and a short text can ask for much time and memory: 60 kB of `(\pL{1000})` take half a minute.
 */
const MAX_COST = 20_000;
/** What a part costs at least, and a class of Unicode: to read them takes as long as so many characters. */
const PART_COST = 40;
const CLASS_COST = 100;
const TOO_LARGE = 'the list is too large';

/** Lists with patterns by their text, for as long as somebody has them. */
const compiled = new Map<string, WeakRef<NameList>>();
const gone = new FinalizationRegistry<string>((text) => {
  if (compiled.get(text)?.deref() === undefined) compiled.delete(text);
});

/**
 * {@link parseNameList}, but a text that takes up to milliseconds, with patterns or too many names, is read once for all,
 * as a workload is read again with each change of its status.
 */
export function readNameList(text: string): NameList {
  const known = compiled.get(text)?.deref();
  if (known !== undefined) return known;
  const list = parseNameList(text);
  if (list.patterns.length + list.invalid.length + list.left > 0) {
    compiled.set(text, new WeakRef(list));
    gone.register(list, text);
  }
  return list;
}

/**
 * Reads a comma list of names and regular expressions as Reloader does (reloader.md 2.5): split at commas,
 * trimmed, each part `^part$` in Go's syntax, so that `foo|bar` escapes the anchors and a bare `*` matches
 * every name. A part of `[a-z0-9-]` alone is a name, and so is one that could be a name but for its dots; that one is a
 * pattern too. A part that does not compile is reported and skipped, and so is one that goes beyond what a list may cost.
 */
export function parseNameList(value: string): NameList {
  const names = new Set<string>();
  const patterns: RE2JS[] = [];
  const invalid: { part: string; reason: string }[] = [];
  const more = new Set<string>();
  const add = (name: string): unknown => (names.size < MAX_NAMES ? names : more).add(name);
  let left = MAX_COST;
  for (const part of value.split(',').map((text) => text.trim())) {
    if (PLAIN_NAME.test(part)) add(part);
    else if (part !== '') {
      if (part.length <= NAME_LENGTH && DOTTED_NAME.test(part)) add(part);
      // What is left pays for none: even to look at a hundred thousand parts takes long.
      const cost = left < PART_COST ? Infinity : textCost(part);
      if (cost > left) {
        invalid.push({ part, reason: TOO_LARGE });
        continue;
      }
      try {
        left -= cost;
        const pattern = RE2JS.compile(`^${part}$`);
        left -= Math.max(pattern.programSize() - cost, 0);
        if (left < 0) throw new RangeError(TOO_LARGE);
        patterns.push(pattern);
      } catch (error) {
        invalid.push({ part, reason: error instanceof Error ? error.message : String(error) });
      }
    }
  }
  const beyond = [...more].filter((name) => !names.has(name));
  return { names, patterns, invalid, left: beyond.length };
}

/**
 * At least the length of a part, more for what is slow to read; a repeat counts as often as it says. Known before any work
 * is done.
 */
function textCost(part: string): number {
  const repeats = [...part.matchAll(/\{(\d+)\}/g)].map(([, count]) => Number(count));
  const classes = part.match(/\\p|\[\[?:/gi)?.length ?? 0;
  return (Math.max(part.length, PART_COST) + classes * CLASS_COST) * Math.max(1, ...repeats);
}

/** How many answers of patterns are kept in all; beyond that, all are found anew. */
const MAX_ANSWERS = 50_000;

/** What the patterns of lists have said of names: each workload is judged often, and names are new only once. */
let answers = new WeakMap<NameList, Map<string, boolean>>();
let answered = 0;

/** Whether a list names `name`, exactly or by a pattern. Time is linear in the name: RE2 does not backtrack. */
export function listMatches(list: NameList, name: string): boolean {
  if (list.names.has(name)) return true;
  if (list.patterns.length === 0) return false;
  const known = answers.get(list)?.get(name);
  if (known !== undefined) return known;
  const answer = list.patterns.some((pattern) => pattern.matcher(name).find());
  if (answered >= MAX_ANSWERS) {
    answers = new WeakMap();
    answered = 0;
  }
  answers.set(list, (answers.get(list) ?? new Map<string, boolean>()).set(name, answer));
  answered += 1;
  return answer;
}
