import type { Kind } from './value-types.ts';

/** One setting: its kind, its default, its help, and Reloader's variable for it if there is one. */
export type Row<K extends Kind = Kind> = {
  readonly kind: K;
  readonly fallback: string;
  readonly help: string;
  readonly variable: string | undefined;
};

export function row<const K extends Kind>(
  kind: K,
  fallback: string,
  help: string,
  variable?: string,
): Row<K> {
  return { kind, fallback, help, variable };
}
