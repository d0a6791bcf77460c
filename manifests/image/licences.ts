import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

type Manifest = {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly author?: string | { readonly name: string };
};

/** Files of a package that say under which terms it may be used. */
const TERMS = /^(licen[cs]e|copying|notice)/i;
const RULE = `\n${'-'.repeat(78)}\n\n`;

/**
 * The licences of the packages that these files belong to, with the comments that the files ask to keep. Paths are
 * relative to `root`. Fails if a package names no licence at all.
 */
export async function licencesOf(root: string, files: readonly string[], comments: string): Promise<string> {
  const folders = new Set(
    files.flatMap((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []),
  );
  const texts = await Promise.all([...folders].sort().map((folder) => termsOf(join(root, folder))));
  const head = `Restamp is under the Apache License 2.0. This file holds the licences of the ${folders.size} packages in the bundle.\n`;
  const kept =
    comments.trim() === '' ? [] : [`Comments that the bundled files ask to keep\n\n${comments.trim()}\n`];
  return [head, ...texts, ...kept].join(RULE);
}

async function termsOf(folder: string): Promise<string> {
  const { name, version, license, author } = JSON.parse(
    await readFile(join(folder, 'package.json'), 'utf8'),
  ) as Manifest;
  const names = (await readdir(folder)).filter((file) => TERMS.test(file)).sort();
  const texts = await Promise.all(names.map((file) => readFile(join(folder, file), 'utf8')));
  if (texts.length === 0) {
    if (license === undefined) throw new Error(`${name} ${version} is in the bundle and names no licence`);
    const who = typeof author === 'string' ? author : author?.name;
    texts.push(`License: ${license}${who === undefined ? '' : `, ${who}`}\n`);
  }
  return [`${name} ${version}\n`, ...texts.map((text) => text.trimEnd())].join('\n').concat('\n');
}
