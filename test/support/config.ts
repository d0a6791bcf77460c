import { readConfig, type Config } from '../../src/config/config.ts';
import { RestampError } from '../../src/errors.ts';

/** The settings that these flags and variables give. */
export const read = (args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Config =>
  readConfig(args, env)!;

/** Everything that is wrong, as the one error lists it. */
export function problemsOf(args: readonly string[], env: Readonly<Record<string, string>> = {}): string[] {
  try {
    readConfig(args, env);
  } catch (error) {
    if (error instanceof RestampError && error.code === 'RESTAMP_CONFIG_INVALID')
      return error.detail.split('; ');
    throw error;
  }
  return [];
}
