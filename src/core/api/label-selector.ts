// Label selectors: as Kubernetes writes them (`env=prod,tier in (a,b),!legacy`), with Reloader's older spellings.

/** One requirement, in the words of a LabelSelector's matchExpressions. */
export type Requirement = {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[];
};

/** Requirements that must all hold; none of them means that everything is selected. */
export type Selector = readonly Requirement[];

const KEY = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/;
const VALUE = /^([A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?)?$/;

/** Whether a text can be the key of a label or an annotation: an optional domain and a name. */
export function isQualifiedName(text: string): boolean {
  return KEY.test(text);
}

/**
 * Reads a selector; undefined if it is none. Takes Reloader's older `key:value`, `key:*` and `key=*` too
 * (reloader.md 3.1). `>` and `<` are none: a webhook configuration cannot say them.
 */
export function parseSelector(text: string): Selector | undefined {
  const parts = text.split(/,(?![^()]*\))/).map((part) => part.trim());
  const found = parts.filter((part) => part !== '').map(parseRequirement);
  return found.includes(undefined) ? undefined : (found as Selector);
}

function parseRequirement(part: string): Requirement | undefined {
  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(part);
  if (set !== null) {
    const values = set[3]?.split(',').map((value) => value.trim()) ?? [];
    return requirement(set[1], set[2] === 'in' ? 'In' : 'NotIn', values);
  }
  const compared = /^([^\s=!:]+)\s*(==|=|!=|:)\s*(\S*)$/.exec(part);
  if (compared !== null) {
    const [, key, operator, value = ''] = compared;
    if (value === '*' && (operator === ':' || operator === '=')) return requirement(key, 'Exists');
    return requirement(key, operator === '!=' ? 'NotIn' : 'In', [value]);
  }
  return part.startsWith('!')
    ? requirement(part.slice(1).trim(), 'DoesNotExist')
    : requirement(part, 'Exists');
}

function requirement(
  key: string | undefined,
  operator: Requirement['operator'],
  values?: readonly string[],
): Requirement | undefined {
  if (key === undefined || !KEY.test(key) || values?.every((value) => VALUE.test(value)) === false)
    return undefined;
  return { key, operator, ...(values === undefined ? {} : { values }) };
}

/** The selector as the API server takes it in a list or watch; empty for one that selects everything. */
export function selectorText(selector: Selector): string {
  return selector
    .map(({ key, operator, values = [] }) => {
      if (operator === 'Exists') return key;
      if (operator === 'DoesNotExist') return `!${key}`;
      if (values.length === 1) return `${key}${operator === 'In' ? '=' : '!='}${values.join('')}`;
      return `${key} ${operator.toLowerCase()} (${values.join(',')})`;
    })
    .join(',');
}

/** Whether labels fit, as the API server judges: `!=` and `notin` also fit where the key is not there. */
export function selects(
  selector: Selector,
  labels: Readonly<Record<string, string>> | null | undefined,
): boolean {
  return selector.every(({ key, operator, values = [] }) => {
    const value = labels && Object.hasOwn(labels, key) ? labels[key] : undefined;
    if (operator === 'Exists') return value !== undefined;
    if (operator === 'DoesNotExist') return value === undefined;
    return (value !== undefined && values.includes(value)) === (operator === 'In');
  });
}
