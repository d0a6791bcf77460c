import type { Operation } from '../../../src/core/api/json-patch.ts';

type Node = Record<string, unknown> & unknown[];

/** The object as an API server would store it after this patch (RFC 6902, as far as Restamp goes). */
export function patched<T>(object: T, operations: readonly Operation[]): T {
  const next = structuredClone(object);
  for (const { op, path, value } of operations) {
    const steps = path
      .split('/')
      .slice(1)
      .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = steps.pop() ?? '';
    const parent = steps.reduce<Node>((at, step) => at[step] as Node, next as Node);
    if (op !== 'add' && !Object.hasOwn(parent, last)) throw new Error(`${op} ${path}: there is nothing`);
    const list = Array.isArray(parent) ? (parent as unknown[]) : undefined;
    if (op === 'remove') {
      if (list === undefined) Reflect.deleteProperty(parent, last);
      else list.splice(Number(last), 1);
    } else if (op === 'add' && list !== undefined)
      list.splice(last === '-' ? list.length : Number(last), 0, structuredClone(value));
    else parent[last] = structuredClone(value);
  }
  return next;
}
