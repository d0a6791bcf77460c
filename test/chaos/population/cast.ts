import {
  AUTO,
  MATCH,
  SEARCH,
  split,
  type Annotations,
  type ClassName,
  type SourceName,
} from '../../e2e/support/objects.ts';
import { ACTOR_KINDS, RESTART, type ActorKind, type ActorManifest, type AnySource } from './kinds.ts';
import { SLOW } from './janitor.ts';
import { manifestOf } from './manifest.ts';
import type { Random } from '../random.ts';

/** How many of each there are. */
export type Size = {
  readonly sources: number;
  readonly dependents: number;
  /** Opted in, with sources that nobody ever changes. */
  readonly still: number;
  /** Not opted in, with sources that change. */
  readonly strangers: number;
  /** Their pods mount SecretProviderClasses; every fourth is not opted in. */
  readonly mounting: number;
};

/** A workload of the cluster, and what should roll it. */
export type Actor = {
  readonly kind: ActorKind;
  readonly name: string;
  /** Its dependencies; none for a stranger. */
  readonly sources: readonly AnySource[];
  readonly manifest: ActorManifest;
  /** Its template must stay as it is. */
  readonly bystander: boolean;
};

/** A source, and the annotations that it is created with each time. */
export type Prop = { readonly name: SourceName; readonly annotations: Annotations };

/** Everything that is in the namespace. */
export type Cast = {
  readonly changing: readonly Prop[];
  readonly still: readonly Prop[];
  readonly classes: readonly ClassName[];
  readonly actors: readonly Actor[];
};

const LIST = {
  ConfigMap: 'configmap.reloader.stakater.com/reload',
  Secret: 'secret.reloader.stakater.com/reload',
} as const;
/** How a workload opts in. */
const WAYS = ['auto', 'search', 'list', 'patterns'] as const;
/** How many of the Jobs take their time to go. */
const SLOW_JOBS = 0.3;
const STILL_SOURCES = 6;
/** How many workloads share a SecretProviderClass. */
const SHARING = 3;

/** The objects of a run: the same for the same seed and size. */
export function castOf(size: Size, random: Random): Cast {
  const changing = propsOf('source', size.sources);
  const still = propsOf('still', STILL_SOURCES);
  const matched = changing.filter(({ annotations }) => annotations !== NONE);
  const actors: Actor[] = [];
  const add = (name: string, uses: readonly SourceName[], annotations: Annotations, role: Role): void => {
    const kind = ACTOR_KINDS[actors.length % ACTOR_KINDS.length]!;
    const restarts = kind === 'Rollout' && random.chance(1 / 3);
    actors.push({
      kind,
      name: `${name}-${actors.length}`,
      sources: role === 'stranger' ? [] : uses,
      manifest: manifestOf(kind, `${name}-${actors.length}`, {
        annotations: { ...annotations, ...(restarts ? RESTART : {}) },
        uses,
        // Most have no pods, since what is looked at is the template.
        pods: random.chance(0.25),
        ...(kind === 'Job' && random.chance(SLOW_JOBS) ? { finalizers: [SLOW] } : {}),
      }),
      bystander: role !== 'dependent',
    });
  };
  for (let index = 0; index < size.dependents; index += 1) {
    const way = random.pick(WAYS);
    const uses = some(way === 'search' ? matched : changing, random);
    add(way, uses, annotationsFor(way, uses, random), 'dependent');
  }
  // They depend on everything of a kind.
  for (const [kind, pattern] of [
    ['Secret', '.*'],
    ['ConfigMap', '(source|still)-[0-9]+'],
  ] as const) {
    const all = [...changing, ...still].map(({ name }) => name).filter((name) => split(name).kind === kind);
    add('everything', all, { [LIST[kind]]: pattern }, 'dependent');
  }
  for (let index = 0; index < size.still; index += 1) add('still', some(still, random), AUTO, 'still');
  for (let index = 0; index < size.strangers; index += 1)
    add('stranger', some(changing, random), random.pick([{}, { [AUTO_KEY]: 'false' }]), 'stranger');
  const classes = Array.from(
    { length: Math.ceil(size.mounting / SHARING) },
    (_, index): ClassName => `SecretProviderClass/vault-${index}`,
  );
  for (let index = 0; index < size.mounting; index += 1)
    actors.push(mounting(index, random.pick(classes), random.chance(0.5) ? some(changing, random) : []));
  return { changing, still, classes, actors };
}

/** A workload whose pods mount a class. */
function mounting(index: number, mounts: ClassName, uses: readonly SourceName[]): Actor {
  const kind = index % 2 === 0 ? 'Deployment' : 'DaemonSet';
  const name = `mounting-${index}`;
  const bystander = index % 4 === 3;
  const annotations = bystander ? {} : AUTO;
  return {
    kind,
    name,
    sources: bystander ? [] : [mounts, ...uses],
    manifest: manifestOf(kind, name, { annotations, uses, mounts, pods: true }),
    bystander,
  };
}

type Role = 'dependent' | 'still' | 'stranger';
const AUTO_KEY = 'reloader.stakater.com/auto';
const NONE: Annotations = {};

/** Of both kinds, and of each kind every second one to be found by search. */
function propsOf(prefix: string, count: number): Prop[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `${index % 2 === 0 ? 'ConfigMap' : 'Secret'}/${prefix}-${index}` as const,
    annotations: index % 4 < 2 ? MATCH : NONE,
  }));
}

function some(props: readonly Prop[], random: Random): SourceName[] {
  const count = random.between(1, 3);
  return [...new Set(Array.from({ length: count }, () => random.pickEarly(props).name))];
}

function annotationsFor(
  way: (typeof WAYS)[number],
  uses: readonly SourceName[],
  random: Random,
): Annotations {
  if (way === 'auto') return AUTO;
  if (way === 'search') return SEARCH;
  return listing(way === 'list' ? uses : uses.map((name) => patternFor(name, random)));
}

/** A pattern that this source alone fits; one of them is a name that nothing has. */
function patternFor(source: SourceName, random: Random): SourceName {
  const { kind, name } = split(source);
  const ways = [
    `${name.slice(0, -1)}[${name.slice(-1)}]`,
    `(${name}|nobody-.*)`,
    name.replace('o', '.'),
    `[a-z]{6}${name.slice(name.indexOf('-'))}`,
  ];
  return `${kind}/${random.pick(ways)}`;
}

function listing(uses: readonly SourceName[]): Annotations {
  const of = (kind: 'ConfigMap' | 'Secret'): string[] =>
    uses
      .map(split)
      .filter((one) => one.kind === kind)
      .map(({ name }) => name);
  return Object.fromEntries(
    (['ConfigMap', 'Secret'] as const)
      .filter((kind) => of(kind).length > 0)
      .map((kind) => [LIST[kind], of(kind).join(',')]),
  );
}
