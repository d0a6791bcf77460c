/** The longest list of names in one text, in characters: an Event takes 1,024 in all. */
const MAX_LENGTH = 400;

/**
 * `a, b and 3 more`: the first of the names, as many as fit into 400 characters, but one at least. `more` counts those that
 * are not in `names`.
 */
export function shortList(names: readonly string[], more = 0): string {
  let length = 0;
  const end = names.findIndex((name, at) => {
    length += name.length + ', '.length;
    return at > 0 && length > MAX_LENGTH;
  });
  const named = end < 0 ? names : names.slice(0, end);
  const rest = names.length - named.length + more;
  return `${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
