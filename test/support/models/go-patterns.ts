import fc from 'fast-check';

// A part of Go's regular expressions, as a tree that can be written as text and matched without any library: each
// node says at which places it may end if it begins at one. Plain and slow, so that it can be believed.

type Node =
  | { readonly is: 'signs'; readonly text: string; readonly has: (sign: string) => boolean }
  | {
      readonly is: 'repeat';
      readonly of: Node;
      readonly mark: string;
      readonly least: number;
      readonly most: number;
    }
  | { readonly is: 'all'; readonly of: readonly Node[] }
  | { readonly is: 'any'; readonly of: readonly Node[]; readonly open: string }
  | { readonly is: 'begin'; readonly optional: boolean }
  | { readonly is: 'end' };

/** One part of a list: its text, and what `^part$` says of a name under Go's rules. */
export type Part = { readonly text: string; readonly matches: (name: string) => boolean };

const within = (from: string, to: string) => (sign: string) => from <= sign && sign <= to;
const isDigit = within('0', '9');
const isLetter = (sign: string): boolean => within('a', 'z')(sign) || within('A', 'Z')(sign);

const literal = (sign: string): Node => ({ is: 'signs', text: sign, has: (one) => one === sign });
const atoms: readonly Node[] = [
  ...['a', 'b', 'p', 'A', '0', '-'].map(literal),
  { is: 'signs', text: '.', has: () => true },
  { is: 'signs', text: '\\.', has: (sign) => sign === '.' },
  { is: 'signs', text: '\\d', has: isDigit },
  { is: 'signs', text: '[a-c]', has: within('a', 'c') },
  { is: 'signs', text: '[^a]', has: (sign) => sign !== 'a' },
  { is: 'signs', text: '[0-9b]', has: (sign) => isDigit(sign) || sign === 'b' },
  { is: 'signs', text: '[[:alpha:]]', has: isLetter },
];
const marks = [
  ['*', 0, Infinity],
  ['+', 1, Infinity],
  ['?', 0, 1],
  ['*?', 0, Infinity],
  ['{2}', 2, 2],
] as const;

const { tree } = fc.letrec<{ tree: Node; branch: Node; piece: Node }>((tie) => ({
  tree: fc.array(tie('branch'), { minLength: 1, maxLength: 3 }).map((of) => ({ is: 'any', of, open: '' })),
  branch: fc.array(tie('piece'), { minLength: 1, maxLength: 4 }).map((of) => ({ is: 'all', of })),
  piece: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 6, arbitrary: fc.constantFrom(...atoms) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.constantFrom(...atoms), fc.constantFrom(...marks))
        .map(([of, [mark, least, most]]): Node => ({ is: 'repeat', of, mark, least, most })),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tie('tree'), fc.constantFrom('(', '(?:', '(?P<tier>'))
        .map(([group, open]): Node => (group.is === 'any' ? { ...group, open } : group)),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tie('tree'), fc.constantFrom(...marks))
        .map(([group, [mark, least, most]]): Node => {
          const of = group.is === 'any' ? { ...group, open: '(' } : group;
          return { is: 'repeat', of, mark, least, most };
        }),
    },
  ),
}));

function textOf(node: Node): string {
  if (node.is === 'signs') return node.text;
  if (node.is === 'repeat') return textOf(node.of) + node.mark;
  if (node.is === 'all') return node.of.map(textOf).join('');
  if (node.is === 'any') return node.open + node.of.map(textOf).join('|') + (node.open === '' ? '' : ')');
  return '';
}

function ends(node: Node, name: string, from: number, fold: boolean): Set<number> {
  if (node.is === 'begin') return new Set(node.optional || from === 0 ? [from] : []);
  if (node.is === 'end') return new Set(from === name.length ? [from] : []);
  if (node.is === 'signs') {
    const sign = name[from];
    if (sign === undefined) return new Set();
    const forms = fold ? [sign.toLowerCase(), sign.toUpperCase()] : [sign];
    // A class that leaves a letter out leaves out both of its forms.
    const fits = node.text.startsWith('[^') ? forms.every(node.has) : forms.some(node.has);
    return new Set(fits ? [from + 1] : []);
  }
  const after = (places: Set<number>, next: Node): Set<number> =>
    new Set([...places].flatMap((place) => [...ends(next, name, place, fold)]));
  if (node.is === 'all') return node.of.reduce(after, new Set([from]));
  if (node.is === 'any') return new Set(node.of.flatMap((branch) => [...ends(branch, name, from, fold)]));
  let places = new Set([from]);
  const found = new Set(node.least === 0 ? places : []);
  for (let times = 1; times <= Math.min(node.most, node.least + name.length + 1); times += 1) {
    places = after(places, node.of);
    if (times >= node.least) for (const place of places) found.add(place);
  }
  return found;
}

/** `^part$`: the anchors belong to the first and to the last branch alone, and a leading star is one of the anchor. */
function anchored(root: Node, lead: string): Node {
  const branches = root.is === 'any' ? root.of : [root];
  return {
    is: 'any',
    open: '',
    of: branches.map((branch, index): Node => {
      const first: Node[] = index === 0 ? [{ is: 'begin', optional: lead === '*' || lead === '?' }] : [];
      const last: Node[] = index === branches.length - 1 ? [{ is: 'end' }] : [];
      return { is: 'all', of: [...first, branch, ...last] };
    }),
  };
}

const names = ['app', 'app-2', 'db', 'a', 'ab-0.b'];
const partOfTree = fc
  .tuple(tree, fc.constantFrom('', '', '', '*', '?', '+', '(?i)'))
  .map(([root, lead]): Part => {
    const whole = anchored(root, lead);
    const fold = lead === '(?i)';
    return {
      text: lead + uniqueGroups(textOf(root)),
      matches: (name) =>
        Array.from({ length: name.length + 1 }, (_, from) => ends(whole, name, from, fold)).some(
          (found) => found.size > 0,
        ),
    };
  });
const plain = fc
  .constantFrom(...names)
  .map((text): Part => ({ text, matches: (name) => matchesDots(text, name) }));
const special = fc.constantFrom<Part>(
  { text: '', matches: () => false },
  { text: '*', matches: () => true },
  { text: '.*', matches: () => true },
  // What does not compile is left out.
  { text: 'app-[a-z', matches: () => false },
  { text: '**', matches: () => false },
  { text: '(?=app)', matches: () => false },
);

/** A name as a pattern: each dot is any sign. */
function matchesDots(text: string, name: string): boolean {
  return (
    text.length === name.length && Array.from(text).every((sign, at) => sign === '.' || sign === name[at])
  );
}

/** Go takes the name of a group once. */
function uniqueGroups(text: string): string {
  let count = 0;
  return text.replaceAll('?P<tier>', () => `?P<tier${count++}>`);
}

export const nameOfSource: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...names),
  fc.string({ unit: fc.constantFrom('a', 'b', 'p', 'z', '0', '2', '-', '.'), minLength: 1, maxLength: 6 }),
);

/** A list as somebody may write it: parts with blanks around them, between commas. */
export type List = { readonly text: string; readonly matches: (name: string) => boolean };
export const list: fc.Arbitrary<List> = fc
  .array(
    fc.tuple(
      fc.oneof({ weight: 3, arbitrary: partOfTree }, plain, special),
      fc.constantFrom('', ' ', '\t', '  '),
      fc.constantFrom('', ' ', '\n'),
    ),
    { maxLength: 3 },
  )
  .map((parts) => ({
    text: parts.map(([part, before, after]) => before + part.text + after).join(','),
    matches: (name) => parts.some(([part]) => part.matches(name)),
  }));
