import { RE2JS } from 're2js';

/** A `…/reload` annotation: exact names, patterns, and the parts that are no regular expression. */
export type NameList = {
  readonly names: ReadonlySet<string>;
  readonly patterns: readonly RE2JS[];
  readonly invalid: readonly { readonly part: string; readonly reason: string }[];
};

const PLAIN_NAME = /^[a-z0-9-]+$/;

/**
 * Reads a comma list of names and regular expressions as Reloader does (reloader.md 2.5): split at commas,
 * trimmed, each part `^part$` in Go's syntax, so that `foo|bar` escapes the anchors and a bare `*` matches
 * every name. A part of `[a-z0-9-]` alone is a name. A part that does not compile is reported and skipped.
 */
export function parseNameList(value: string): NameList {
  const names = new Set<string>();
  const patterns: RE2JS[] = [];
  const invalid: { part: string; reason: string }[] = [];
  for (const part of value.split(',').map((text) => text.trim())) {
    if (PLAIN_NAME.test(part)) names.add(part);
    else if (part !== '') {
      try {
        patterns.push(RE2JS.compile(`^${part}$`));
      } catch (error) {
        invalid.push({ part, reason: error instanceof Error ? error.message : String(error) });
      }
    }
  }
  return { names, patterns, invalid };
}

/** Whether a list names `name`, exactly or by a pattern. Time is linear in the name: RE2 does not backtrack. */
export function listMatches(list: NameList, name: string): boolean {
  return list.names.has(name) || list.patterns.some((pattern) => pattern.matcher(name).find());
}
