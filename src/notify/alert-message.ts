import { shortList } from '../core/api/short-list.ts';
import { parseStampKey, sourceRow } from '../core/api/source.ts';
import type { Workload } from '../core/objects/workload.ts';

/** Where alerts go, as ALERT_SINK says it. */
export type AlertSink = 'slack' | 'teams' | 'gchat' | 'raw';

type Subject = Pick<Workload, 'kind' | 'namespace' | 'name'>;

/**
 * Reloader's sentence (reloader.md 7.5), byte for byte where one source has changed; several stand in one list.
 * `sources`: stamp keys; `more` counts those that are not among them. `info`: what it begins with.
 */
export function alertText(
  info: string,
  { kind, namespace, name }: Subject,
  sources: readonly string[],
  more = 0,
): string {
  const named = sources.map((source) => {
    const ref = parseStampKey(source);
    return ref === undefined ? `*${source}*` : `*${ref.name}* of type *${sourceRow(ref.type).word}*`;
  });
  const prefix = info.trim() === '' ? '' : `${info.trim()} : `;
  return (
    `${prefix}Reloader detected changes in ${shortList(named, more)} in namespace *${namespace}*. ` +
    `Hence reloaded *${name}* of type *${kind}* in namespace *${namespace}*`
  );
}

/** The body that a sink takes. Keys are sorted, as Reloader's HTTP library sends them. */
export function alertBody(
  sink: AlertSink,
  text: string,
): { readonly contentType: string; readonly body: string } {
  switch (sink) {
    case 'slack':
      return json({ attachments: [{ author_name: 'Reloader', color: 'good', text }] });
    case 'teams':
    case 'gchat':
      return json({ text });
    case 'raw':
      return { contentType: 'text/plain', body: text.replaceAll('*', '') };
  }
}

/** JSON as Go writes it: what could close a script element is escaped. */
function json(value: unknown): { readonly contentType: string; readonly body: string } {
  const body = JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return { contentType: 'application/json', body };
}
