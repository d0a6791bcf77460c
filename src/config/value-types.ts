import { parseBool } from '../core/api/annotations.ts';
import { parseDuration } from '../core/api/duration.ts';
import type { KindSpec } from '../core/api/kind.ts';
import { isQualifiedName, parseSelector } from '../core/api/label-selector.ts';
import type { SourceType } from '../core/api/source.ts';

export type Address = { readonly host: string; readonly port: number };

/** What a text that is refused becomes. */
export const REFUSED = Symbol('refused');
type Refused = typeof REFUSED;

/** What Go's strconv.ParseBool takes, and so Reloader's flags of this type. */
const BOOL = /^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/;
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const KIND = /^[A-Z][A-Za-z0-9]*$/;
const WORKLOAD_KIND = /^([a-z0-9][-a-z0-9.]*)\/(v[a-z0-9]+)\/([A-Z][A-Za-z0-9]*)=((?:\/[A-Za-z0-9]+)+)$/;

const whole = (pattern: RegExp) => (text: string) => (pattern.test(text) ? Number(text) : REFUSED);
const orRefused = <T>(value: T | undefined): T | Refused => value ?? REFUSED;

/** The kinds of values that a setting takes: how each is read, and what it must be where it is refused. */
export const KINDS = {
  text: { wanted: 'a text', parse: (text: string) => text },
  'exact-true': { wanted: 'true or false', parse: (text: string) => text === 'true' },
  'exact-enabled': { wanted: 'enabled', parse: (text: string) => text === 'enabled' },
  bool: { wanted: 'true or false', parse: (text: string) => (BOOL.test(text) ? parseBool(text) : REFUSED) },
  duration: {
    wanted: 'a duration such as 500ms, 10s or 1m30s',
    parse: (text: string) => orRefused(parseDuration(text)),
  },
  integer: { wanted: 'a whole number above zero', parse: whole(/^[1-9]\d{0,9}$/) },
  count: { wanted: 'a whole number', parse: whole(/^\d{1,10}$/) },
  address: { wanted: 'host:port', parse: parseAddress },
  'https-url': {
    wanted: 'an https:// address without a query',
    parse: (text: string) => (isBare(text) ? parseUrl(text, ['https:']) : REFUSED),
  },
  'http-url': {
    wanted: 'an http:// or https:// address',
    parse: (text: string) => parseUrl(text, ['http:', 'https:']),
  },
  namespaces: {
    wanted: 'names of namespaces, separated by commas',
    parse: (text: string) => {
      const names = splitList(text);
      return names.every((name) => NAMESPACE.test(name)) ? names : REFUSED;
    },
  },
  names: { wanted: 'names, separated by commas', parse: splitList },
  kinds: {
    wanted: 'kinds such as Rollout, separated by commas',
    parse: (text: string) => {
      const kinds = splitList(text);
      return kinds.every((kind) => KIND.test(kind)) ? new Set(kinds) : REFUSED;
    },
  },
  selector: {
    wanted: 'label selectors such as env=prod, tier in (a,b) or !legacy',
    parse: (text: string) => orRefused(parseSelector(text.replaceAll('"', ''))),
  },
  key: {
    wanted: 'the key of an annotation',
    parse: (text: string) => (isQualifiedName(text) ? text : REFUSED),
  },
  'source-types': {
    wanted: 'configmaps or secrets',
    parse: words(
      new Map<string, SourceType>([
        ['configmaps', 'cm'],
        ['secrets', 'secret'],
      ]),
    ),
  },
  'workload-types': {
    wanted: 'jobs, cronjobs or both',
    parse: words(
      new Map([
        ['jobs', 'Job'],
        ['cronjobs', 'CronJob'],
      ]),
    ),
  },
  'workload-kinds': {
    wanted: 'kinds with their pod template, such as apps.kruise.io/v1alpha1/CloneSet=/spec/template',
    parse: (text: string) => {
      const kinds = splitList(text).map(parseWorkloadKind);
      return kinds.includes(undefined) ? REFUSED : (kinds as KindSpec[]);
    },
  },
} as const;

/** The name of a kind of values, or the words that alone are taken. */
export type Kind = keyof typeof KINDS | readonly string[];

/** What a setting of a kind is, once it is read. */
export type ValueOf<K extends Kind> = K extends keyof typeof KINDS
  ? (typeof KINDS)[K] extends { parse: (text: string) => infer T }
    ? Exclude<T, Refused>
    : never
  : K extends readonly string[]
    ? K[number]
    : never;

/** Kinds of which a flag that is given twice means both. */
export const LISTS: readonly Kind[] = [
  'namespaces',
  'names',
  'selector',
  'source-types',
  'workload-types',
  'workload-kinds',
];

/** Reads a text as a value of a kind. */
export function parseValue(kind: Kind, text: string): unknown {
  if (typeof kind === 'string') return KINDS[kind].parse(text);
  return kind.includes(text) ? text : REFUSED;
}

/** What a value of a kind must be. */
export function wantedOf(kind: Kind): string {
  return typeof kind === 'string' ? KINDS[kind].wanted : `one of ${kind.map((one) => `"${one}"`).join(', ')}`;
}

/** Reloader's lists are lines of CSV: quotes around an element are no part of it. */
function splitList(text: string): string[] {
  const parts = text.replaceAll('"', '').split(',');
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

function words<T>(known: ReadonlyMap<string, T>): (text: string) => ReadonlySet<T> | Refused {
  return (text) => {
    const found = splitList(text).map((word) => known.get(word.toLowerCase()));
    return found.includes(undefined) ? REFUSED : new Set(found as T[]);
  };
}

function parseWorkloadKind(text: string): KindSpec | undefined {
  const [, group, version, kind, template] = WORKLOAD_KIND.exec(text) ?? [];
  if (group === undefined || version === undefined || kind === undefined) return undefined;
  return { group, version, kind, template: template?.split('/').slice(1) ?? [] };
}

function parseUrl(text: string, protocols: readonly string[]): URL | undefined | Refused {
  if (text === '') return undefined;
  const url = URL.parse(text);
  return url !== null && protocols.includes(url.protocol) ? url : REFUSED;
}

function isBare(text: string): boolean {
  const url = URL.parse(text);
  return url === null || url.search + url.hash + url.username + url.password === '';
}

/** `host:port`, as {@link Address} is written in an address of the web. */
export function formatAddress({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function parseAddress(text: string): Address | Refused {
  const [, host, port] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || Number(port) > 65_535) return REFUSED;
  return { host: host.replace(/^\[(.*)\]$/, '$1') || '0.0.0.0', port: Number(port) };
}
