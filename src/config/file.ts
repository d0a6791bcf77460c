import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import { reasonOf } from '../errors.ts';
import { isSettingName } from './settings.ts';

/**
 * Reads a YAML file of settings: a mapping from the names of flags to a text, number or bool, or to a list of
 * these. Returns each as its flag would be written. Adds what is wrong to `problems`, never with a value: an
 * address may be a secret.
 */
export function readConfigFile(path: string, problems: string[]): Map<string, string> {
  const given = new Map<string, string>();
  const wrong = (text: string): void => void problems.push(`--config=${path}: ${text}`);
  for (const [name, value] of readMapping(path, wrong)) {
    if (!isSettingName(name) || name === 'config') wrong(`${name}: is unknown; --help lists all settings`);
    else if (typeof value === 'string') given.set(name, value);
    else if (Array.isArray(value) && value.every((one) => typeof one === 'string'))
      given.set(name, value.join(','));
    else wrong(`${name}: must be a value or a list of values`);
  }
  return given;
}

function readMapping(path: string, wrong: (text: string) => void): [name: string, value: unknown][] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    wrong(reasonOf(error));
    return [];
  }
  const lines = new LineCounter();
  // In this schema each plain value is the text that stands in the file: Go's bools and "010" stay what they are.
  const document = parseDocument(text, { schema: 'failsafe', prettyErrors: false, lineCounter: lines });
  for (const { code, pos } of document.errors) wrong(`line ${lines.linePos(pos[0]).line}: ${code}`);
  if (document.errors.length > 0) return [];
  try {
    const settings: unknown = document.toJS();
    if (settings === null || settings === undefined || settings === '') return [];
    if (typeof settings === 'object' && !Array.isArray(settings)) return Object.entries(settings);
    wrong('must be a mapping of settings');
  } catch (error) {
    wrong(reasonOf(error));
  }
  return [];
}
