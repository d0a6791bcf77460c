import type { Operation } from '../../src/core/admission.ts';

type Node = Record<string, unknown> | unknown[];

/** The object after a JSON Patch (RFC 6902); as strict as the API server about what must be there. */
export function patched<T>(object: T, patch: readonly Operation[]): T {
  const result = structuredClone(object);
  for (const operation of patch) apply(result as Node, operation);
  return result;
}

function apply(root: Node, { op, path, value }: Operation): void {
  const steps = path
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = steps.pop() ?? '';
  const parent = steps.reduce<unknown>((at, step) => (at as Record<string, unknown>)[step], root);
  if (typeof parent !== 'object' || parent === null) throw new Error(`${op} ${path}: no parent`);
  const there = Object.hasOwn(parent, last);
  if (op !== 'add' && !there) throw new Error(`${op} ${path}: not there`);
  if (op === 'remove') Reflect.deleteProperty(parent, last);
  else Reflect.set(parent, last, structuredClone(value));
}
