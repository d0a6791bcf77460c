import {
  AUTO,
  leverName,
  STAMPS,
  stampKey,
  type ClassName,
  type SourceName,
} from '../../e2e/support/objects.ts';
import {
  podTemplateOf,
  RESTART,
  templateText,
  type ActorKind,
  type ActorObject,
  type PodTemplate,
} from '../population/kinds.ts';
import { Ledger } from './ledger.ts';
import { manifestOf } from '../population/manifest.ts';
import type { Record } from './observer.ts';
import type { Deeds } from '../user.ts';
import type { Evidence } from './verdict.ts';

/** A source whose content has changed twice. */
export const APP: SourceName = 'ConfigMap/app';
const ledger = ledgerOf('first', 'second', 'third');
export const [first, second, third] = ledger.get(APP).digests as [string, string, string];
export const VAULT: ClassName = 'SecretProviderClass/vault';
for (const [index, digest] of [first, second, third].entries()) {
  ledger.write(VAULT, {}, digest);
  ledger.stored(VAULT, BigInt(index + 1) * 10n);
}

/** What was asked of it: each content, in the versions 10, 20 and so on. */
export function ledgerOf(...contents: readonly string[]): Ledger {
  const made = new Ledger();
  for (const [index, key] of contents.entries()) {
    made.write(APP, { key });
    made.stored(APP, BigInt(index + 1) * 10n);
  }
  return made;
}

/** What is not as usual with a workload that depends on one source. */
export type Given = {
  readonly kind?: ActorKind;
  readonly rolls?: number;
  readonly bystander?: boolean;
  readonly stored?: string | undefined;
  readonly as?: SourceName;
  /** The levers in its living pods. */
  readonly podLevers?: readonly string[];
  /** What its living pods mounted as they started: it depends on a class, and on nothing else. */
  readonly mounted?: readonly (string | undefined)[];
  readonly deeds?: Partial<Deeds>;
  readonly record?: Partial<Record>;
  readonly stamped?: boolean;
  readonly maps?: boolean;
  readonly image?: string;
  readonly restart?: boolean;
};

/** One workload that has shown these levers, one after the other. */
export function evidence(levers: readonly (string | undefined)[], given: Given = {}): Evidence {
  const { kind = 'Deployment', bystander = false, rolls = levers.length - 1, as } = given;
  const source = given.mounted === undefined ? APP : VAULT;
  const annotations = { ...AUTO, ...(given.restart === true ? RESTART : {}) };
  const podWith = (lever: string | undefined): PodTemplate => ({
    spec: {
      containers: [
        { name: 'main', env: lever === undefined ? [] : [{ name: leverName(source), value: lever }] },
      ],
    },
  });
  const manifest = manifestOf(kind, 'api', { annotations, uses: [APP], pods: false });
  const object = structuredClone(manifest) as unknown as ActorObject;
  const before = templateText(object);
  const stored = 'stored' in given ? given.stored : third;
  const value = levers.at(-1);
  const pods = given.mounted ?? given.podLevers?.map(() => undefined) ?? [];
  const [container] = podTemplateOf(object).spec.containers;
  if (value !== undefined && kind !== 'CronJob')
    Object.assign(container!, { env: [{ name: leverName(as ?? source), value }] });
  if (given.image !== undefined) Object.assign(container!, { image: given.image });
  const map = { s: { [stampKey(source)]: { h: 'of its own' } } };
  if (given.stamped !== false)
    Object.assign(object.metadata, { annotations: { ...AUTO, [STAMPS]: JSON.stringify(map) } });
  return {
    actor: { kind, name: 'api', sources: [source], manifest, bystander },
    before,
    record: {
      object,
      gone: false,
      madeAt: 0n,
      transitions: rolls,
      levers: new Map([[source, levers]]),
      takenAt: new Map(),
      restarts: [],
      runs: [],
      bareUntil: new Map(),
      ...given.record,
    },
    revisions: 0,
    ledger,
    deeds: { rolls: 0, freshAt: undefined, remade: false, retemplated: false, ...given.deeds },
    stored: new Map(stored === undefined ? [] : [[APP, stored]]),
    pods: pods.map((mounted, index) => ({ pod: podWith(given.podLevers?.[index] ?? value), mounted })),
    maps: given.maps ?? true,
  };
}
