import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '../../chaos/random.ts';
import { hostileText, withOtherPart } from '../../support/hostile-values.ts';
import { AUTO, leverOf, sha1Of, WORKLOAD_KINDS, type SourceName, type WorkloadKind } from './objects.ts';
import type { Stage } from './environment.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
export const SEED = Number(process.env['HOSTILE_SEED'] ?? 7);
export const VICTIMS = 24;
const PATCHES_AT_ONCE = 16;
/** Of each annotation, in each of the two modes. */
const VALUES = 75;
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/restamp/leases';
const MERGE = 'application/merge-patch+json';
/** They are not on workloads or sources alone. */
const STOP = 'restamp.dev/stop';
const ADDRESS = 'restamp.dev/address';
/** Only Restamp writes them: while a webhook looks, a stranger's value never comes. */
export const OURS = ['restamp.dev/stamps', 'restamp.dev/held', 'restamp.dev/last-roll'];
export const EXAMPLES = [
  'true',
  'app,app-.*',
  '30s',
  'roll@2026-11-22T12:00:00Z',
  '2026-11-22T12:00:00Z',
  '{"v":1,"n":3,"key":"0123abcd","for":"a/Deployment/b","s":{"cm/app":{"h":"AAAAAAAAAAAAAAAAAAAAAA","uid":"u","rv":"7"}}}',
  '{"reason":"limit","since":"2026-11-22T12:00:00Z","sources":[{"source":"cm/app","cause":"changed","keys":["a"],"by":"x","changed":"2026-11-22T12:00:00Z"}]}',
  '[{"rolled":"2026-11-22T12:00:00Z","sources":[{"source":"cm/app","cause":"changed","changed":"2026-11-22T12:00:00Z"}]}]',
  '{"type":"CONFIGMAP","name":"app","namespace":"a","hash":"b","containerRefs":["main"],"observedAt":"2026-11-22T12:00:00Z"}',
];

/** Every annotation that the product names, so that a new one is tried as soon as there is one. */
export async function keysOfTheCode(): Promise<string[]> {
  const keys = new Set<string>();
  for await (const file of glob('{src,webhook,certs}/**/*.ts', { cwd: root })) {
    const text = await readFile(join(root, file), 'utf8');
    // What only Kubernetes itself writes is not among them.
    for (const [, key = ''] of text.matchAll(/'((?:[-a-z]+\.)+[a-z]+\/[-a-z]+)'/g))
      if (!/kubernetes\.io\/|\.k8s\.io\//.test(key)) keys.add(key);
  }
  return [...keys];
}

type Place = 'workload' | 'template' | 'source' | 'namespace' | 'own' | 'lease';
export type Attack = {
  readonly key: string;
  readonly place: Place;
  readonly victim: number;
  readonly value: string;
  /** What is there already is bent, where it can be: a map of the right owner under a known key. */
  readonly bends: boolean;
  /** The source changes with it, so that what was written is judged. */
  readonly changes: boolean;
  readonly seed: number;
};

export const name = (victim: number): string => `victim-${victim}`;
export const kindOf = (victim: number): WorkloadKind => WORKLOAD_KINDS[victim % WORKLOAD_KINDS.length]!;
export const ofVictim = (victim: number): SourceName => `ConfigMap/${name(victim)}`;
export const hidden: SourceName = 'Secret/hidden';

function placesOf(key: string): readonly Place[] {
  if (key === STOP) return ['namespace', 'own'];
  if (key === ADDRESS) return ['lease'];
  return OURS.includes(key) ? ['workload'] : ['workload', 'template', 'source'];
}

/** Everything that is sent, in an order of its own: the same for the same seed. */
export function planOf(keys: readonly string[], mode: string): Attack[] {
  const random = new Random(SEED, mode);
  const all = keys.flatMap((key) =>
    Array.from({ length: VALUES }, (_none, at): Attack => {
      const places = placesOf(key);
      return {
        key,
        place: places[at % places.length]!,
        victim: random.between(0, VICTIMS - 1),
        value: hostileText(random, random.pick(EXAMPLES)),
        bends: random.chance(0.6),
        changes: random.chance(0.25),
        seed: random.between(0, 1_000_000),
      };
    }),
  );
  return random.shuffled(all);
}

/** Of the victims' namespace. */
export class Siege {
  readonly stage: Stage;
  readonly sent = new Map<string, number>();
  #changes = 0;
  /** What each object bears, to be taken away with the next one. */
  readonly #borne = new Map<string, string>();

  constructor(stage: Stage) {
    this.stage = stage;
  }

  async send(attacks: readonly Attack[]): Promise<void> {
    const left = [...attacks];
    const next = async (): Promise<void> => {
      for (let attack = left.shift(); attack !== undefined; attack = left.shift()) await this.#one(attack);
    };
    await Promise.all(Array.from({ length: PATCHES_AT_ONCE }, next));
  }

  async #one(attack: Attack): Promise<void> {
    const { key, place, victim, changes } = attack;
    const { stage } = this;
    const id = `${place} ${victim}`;
    const value = OURS.includes(key) ? await this.#bent(attack) : attack.value;
    const before = this.#borne.get(id) ?? key;
    this.#borne.set(id, key);
    const annotations = { ...(place === 'workload' ? AUTO : {}), [before]: null, [key]: value };
    // The API server may refuse a value: that one never came.
    await this.#put(place, victim, annotations).then(
      () => this.sent.set(key, (this.sent.get(key) ?? 0) + 1),
      () => undefined,
    );
    if (changes) await stage.change(ofVictim(victim), { round: String((this.#changes += 1)) });
  }

  #put(place: Place, victim: number, annotations: object): Promise<unknown> {
    const { cp, ns } = this.stage;
    const metadata = { metadata: { annotations } };
    if (place === 'workload') return this.stage.patch(kindOf(victim), name(victim), metadata);
    if (place === 'source') return this.stage.patch('ConfigMap', name(victim), metadata);
    if (place === 'template')
      return this.stage.patch(kindOf(victim), name(victim), { spec: { template: metadata } });
    const path = {
      namespace: `/api/v1/namespaces/${ns}`,
      own: `/api/v1/namespaces/restamp/configmaps/${ns}`,
      lease: `${LEASES}/${ns}`,
    }[place];
    return cp.api('PATCH', path, metadata, MERGE);
  }

  async #bent({ key, victim, value, bends, seed }: Attack): Promise<string> {
    if (!bends) return value;
    const { metadata } = await this.stage.get(kindOf(victim), name(victim));
    const text = metadata.annotations?.[key];
    if (text === undefined) return value;
    try {
      return JSON.stringify(withOtherPart(new Random(seed, 'bent'), JSON.parse(text)));
    } catch {
      return value;
    }
  }

  /** Whoever takes the nonsense away is served again. */
  async lift(keys: readonly string[]): Promise<void> {
    const { stage } = this;
    const none = Object.fromEntries(keys.map((key) => [key, null]));
    const last = { round: 'last' };
    await this.#put('namespace', 0, none);
    await this.#put('own', 0, none);
    const all = Array.from({ length: VICTIMS }, (_none, victim) => victim);
    await Promise.all(
      all.map(async (victim) => {
        await stage.patch('ConfigMap', name(victim), { metadata: { annotations: none } });
        await stage.patch(kindOf(victim), name(victim), {
          metadata: { annotations: { ...none, ...AUTO } },
          spec: { template: { metadata: { annotations: none } } },
        });
        await stage.stamped(kindOf(victim), name(victim), [hidden, ofVictim(victim)]);
        await stage.change(ofVictim(victim), last);
        const value = sha1Of(last);
        await stage.until(
          kindOf(victim),
          name(victim),
          (object) => leverOf(object, ofVictim(victim)) === value,
        );
      }),
    );
  }
}
