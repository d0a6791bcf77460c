import { parseArgs } from 'node:util';
import { LISTS, type Kind } from './value-types.ts';
import { isSettingName, SETTING_NAMES, SETTINGS } from './settings.ts';

/** Flags that may stand alone. */
const BOOLEANS: readonly Kind[] = ['bool', 'exact-true'];

/** Reads the command line: the text of each flag that is given, and `help`. Adds what is wrong to `problems`. */
export function readFlags(args: readonly string[], problems: string[]): Map<string, string> {
  const options: Record<string, { type: 'boolean' | 'string'; short?: string }> = {
    help: { type: 'boolean', short: 'h' },
  };
  for (const name of SETTING_NAMES)
    options[name] = { type: BOOLEANS.includes(SETTINGS[name].kind) ? 'boolean' : 'string' };
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const given = new Map<string, string>();
  for (const [at, token] of tokens.entries()) {
    if (token.kind === 'positional') {
      const before = tokens[at - 1];
      // `--reload-on-create true`: a flag of text for Reloader, which may stand alone here.
      if (before?.kind === 'option' && before.value === undefined && kindOf(before.name) === 'exact-true')
        given.set(before.name, token.value);
      else problems.push(`${token.value}: is no flag`);
    }
    if (token.kind !== 'option') continue;
    const kind = kindOf(token.name);
    if (!Object.hasOwn(options, token.name))
      problems.push(`${token.rawName}: is unknown; --help lists all flags`);
    else if (token.value === undefined && options[token.name]?.type === 'string')
      problems.push(`${token.rawName}: needs a value`);
    else if (kind !== undefined && LISTS.includes(kind) && given.has(token.name))
      given.set(token.name, `${given.get(token.name) ?? ''},${token.value ?? ''}`);
    else given.set(token.name, token.value ?? 'true');
  }
  return given;
}

function kindOf(name: string): Kind | undefined {
  return isSettingName(name) ? SETTINGS[name].kind : undefined;
}
