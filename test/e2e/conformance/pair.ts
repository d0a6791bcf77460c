import { sharedControlPlane, type HasTeardown } from '../../controlplane/shared.ts';
import { Stage, type StageOptions } from '../support/environment.ts';

/** Two namespaces of one test and one Restamp, which looks after `inside` and, by its flags, perhaps `outside`. */
export type Pair = { readonly inside: Stage; readonly outside: Stage };

type Labels = Readonly<Record<string, string | null>>;

/** Sets labels of the namespace of a stage; null takes one away. */
export async function label({ cp, ns }: Stage, labels: Labels): Promise<void> {
  const body = { metadata: { labels } };
  await cp.api('PATCH', `/api/v1/namespaces/${ns}`, body, 'application/merge-patch+json');
}

/** Opens both namespaces, has them labelled, and starts Restamp; everything ends with `t`. */
export async function openPair(
  t: HasTeardown,
  prefix: string,
  setUp: (pair: Pair) => Promise<StageOptions>,
): Promise<Pair> {
  const cp = await sharedControlPlane(t);
  const outside = new Stage(cp, await cp.freshNamespace(`${prefix}-out`), {});
  const inside = new Stage(cp, await cp.freshNamespace(prefix), {});
  t.teardown(() => inside.close());
  await inside.start(await setUp({ inside, outside }));
  return { inside, outside };
}
