import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

// A comment that says "DESIGN 2.3" must lead somewhere, and so must each link of a page.
const root = fileURLToPath(new URL('../..', import.meta.url));
const PAGES: Readonly<Record<string, string>> = {
  DESIGN: 'docs/explanation/design.md',
  'reloader.md': 'docs/reference/reloader.md',
  'webhooks.md': 'docs/reference/webhooks.md',
  'kubernetes.md': 'docs/reference/kubernetes.md',
};
const CITATION = /\b(DESIGN|(?:reloader|webhooks|kubernetes)\.md)((?:,? (?:to |and )?\d+(?:\.\d+)*)+)/g;

const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const files = execFileSync('git', ['ls-files', '*.ts', '*.js', '*.md', '*.yaml', '*.tpl'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)));

const sections = new Map(
  Object.entries(PAGES).map(([name, file]) => [
    name,
    new Set([...read(file).matchAll(/^#+ (\d+(?:\.\d+)*)\b/gm)].map(([, number]) => number)),
  ]),
);

/** A page without its examples. */
const withoutCode = (text: string): string =>
  text.replaceAll(/^```.*?^```/gms, '').replaceAll(/`[^`\n]*`/g, '');

t.test('each section that is cited exists', async (t) => {
  let count = 0;
  for (const file of files)
    for (const [text, page = '', numbers = ''] of read(file)
      .replaceAll(/\n\s*(?:\*|\/\/|#)? ?/g, ' ')
      .matchAll(CITATION))
      for (const [number] of numbers.matchAll(/\d+(?:\.\d+)*/g)) {
        count += 1;
        t.ok(sections.get(page)?.has(number), `${file}: ${text}`);
      }
  t.ok(count > 50, 'there is something to look at');
});

t.test('no other document of the kind is cited', async (t) => {
  for (const file of files)
    t.notMatch(read(file), /\b(?:measured|controlplane|peers|style|seeds)\.md\b/, file);
});

t.test('each relative link of a page leads to a file', async (t) => {
  let count = 0;
  for (const file of files.filter((one) => one.endsWith('.md')))
    for (const [, target = ''] of withoutCode(read(file)).matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)/g)) {
      count += 1;
      t.ok(existsSync(join(root, dirname(file), target)), `${file}: ${target}`);
    }
  t.ok(count > 20, 'there is something to look at');
});
