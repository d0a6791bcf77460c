// What kubectl prints for a write. The API server drops a warning with a control character in silence and
// kubectl drops equal ones, so the source's name is in each (kubernetes.md 2).

import { sourceTitle, type SourceRef } from '../api/source.ts';
import { workloadTitle } from '../objects/workload.ts';

type Titled = { readonly kind: string; readonly name: string };

const MAX_NAMED = 3;
const MAX_LENGTH = 250;
const MAX_REMOVED = 5;

/** `ConfigMap app rolls Deployment/api, DaemonSet/agent and 3 more`; undefined if nothing rolls. */
export function rollWarning(source: SourceRef, workloads: readonly Titled[]): string | undefined {
  if (workloads.length === 0) return undefined;
  const titles = workloads.map(workloadTitle).sort();
  const named = titles.length > MAX_NAMED ? titles.slice(0, MAX_NAMED - 1) : titles;
  const rest = titles.length - named.length;
  return clean(`${sourceTitle(source)} rolls ${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`);
}

/** One warning for each removed key without which a container of a workload cannot start; at most 5. */
export function removedKeyWarnings(
  source: SourceRef,
  removed: readonly string[],
  workloads: readonly (Titled & { readonly needs: readonly string[] })[],
): string[] {
  const warnings: string[] = [];
  // Once for each workload: both lists may have ten thousand keys, and the write waits for this.
  const wanted = workloads.map((workload) => ({
    title: workloadTitle(workload),
    needs: new Set(workload.needs),
  }));
  for (const key of removed) {
    if (warnings.length === MAX_REMOVED) break;
    const needing = wanted
      .filter(({ needs }) => needs.has(key))
      .map(({ title }) => title)
      .sort();
    const [first, ...others] = needing;
    if (first === undefined) continue;
    const who = others.length === 0 ? `${first} needs` : `${first} and ${others.length} more need`;
    warnings.push(clean(`${sourceTitle(source)}: key ${key} is removed but ${who} it`));
  }
  return warnings;
}

function clean(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are the characters that make the API server drop a warning
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?').slice(0, MAX_LENGTH);
}
