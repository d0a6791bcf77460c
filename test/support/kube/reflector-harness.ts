import type { Test } from 'tap';
import type { RestampError } from '../../../src/errors.ts';
import { Contact } from '../../../src/kube/contact.ts';
import { Reflector, type ReflectorOptions } from '../../../src/kube/watch/reflector.ts';
import type { Identified } from '../../../src/kube/watch/known-objects.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import { faultsTo } from '../contained-faults.ts';
import { connect, fakeApiServer, type FakeApiServer, type Stream } from '../fake-api-server.ts';
import { fakeClock, type FakeClock } from '../fake-clock.ts';
import { journal, type Journal } from '../recording.ts';
import type { SecureApi } from './secure-api-server.ts';

export type Followed = {
  readonly api: FakeApiServer;
  readonly client: KubeClient;
  readonly clock: FakeClock;
  readonly contact: Contact;
  /** The status of each call, when its head has come. */
  readonly answers: Journal<number>;
  readonly reflector: Reflector<Identified>;
  /** What the follower was told: `+ name@version` and `- name`. */
  readonly told: Journal<string>;
  readonly troubles: Journal<RestampError>;
};

/** Another watch of the same process. */
export const BESIDE = { path: '/apis/apps/v1/deployments' };

/** A reflector that follows ConfigMaps on an API server in the test's hands; jitter is at its longest. */
export async function follow(
  t: Test,
  more: Partial<ReflectorOptions<Identified>> = {},
  secure?: SecureApi,
): Promise<Followed> {
  const api = secure?.api ?? (await fakeApiServer(t));
  const clock = fakeClock(0);
  const contact = new Contact(clock);
  const answers = journal<number>();
  const { client } = connect(t, api.url, {
    clock,
    observe: (call, status, ms) => {
      contact.heard(call, status, ms);
      // What is followed is not the only thing that is asked for.
      if (status === 0 || status >= 500) contact.heard(BESIDE, status);
      answers.note(status);
    },
    ...(secure && { cluster: secure.cluster }),
  });
  const told = journal<string>();
  const troubles = journal<RestampError>();
  const reflector = new Reflector<Identified>({
    client,
    clock,
    contact: {
      get absences() {
        return contact.absences;
      },
      get isAway() {
        return contact.isAway;
      },
      broken: (path) => {
        contact.broken(path);
        contact.broken(BESIDE.path);
      },
    },
    path: '/api/v1/configmaps',
    follower: {
      put: ({ metadata }) => told.note(`+ ${metadata.name}@${metadata.resourceVersion}`),
      remove: ({ name }) => told.note(`- ${name}`),
    },
    onTrouble: troubles.note,
    faults: faultsTo(troubles.note),
    random: () => 1,
    ...more,
  });
  t.teardown(() => reflector.stop());
  reflector.start();
  return { api, client, clock, contact, answers, reflector, told, troubles };
}

/** An object as the API server would send it. */
export function thing(name: string, version: number | string, namespace = 'apps'): Identified {
  return { metadata: { name, namespace, uid: `uid-${name}`, resourceVersion: String(version) } };
}

/** A bookmark; `end`: the one that ends an initial list. */
export function bookmark(version: number | string, end = false): Identified {
  const annotations = end ? { 'k8s.io/initial-events-end': 'true' } : {};
  return { metadata: { name: '', uid: '', resourceVersion: String(version), annotations } };
}

/** Sends a whole initial list. */
export function sendList(stream: Stream, version: number, ...things: readonly Identified[]): void {
  for (const one of things) stream.send('ADDED', one);
  stream.send('BOOKMARK', bookmark(version, true));
}

/** Answers the next request with a stream that has sent a whole initial list, and waits until it was taken in. */
export async function synced(followed: Followed, version: number, ...things: Identified[]): Promise<Stream> {
  const stream = (await followed.api.next()).stream();
  sendList(stream, version, ...things);
  await followed.reflector.synced;
  return stream;
}

/** From which version the next request resumes; undefined if it asks for the list. */
export const resumedFrom = async ({ api }: Followed): Promise<string | undefined> => {
  const { query } = await api.next();
  return query['sendInitialEvents'] === undefined ? query['resourceVersion'] : undefined;
};

/** Refuses what comes next; returns how long the reflector then waits. */
export async function pauseAfter(
  followed: Followed,
  headers?: Record<string, string>,
  status = 503,
): Promise<number> {
  const { api, clock, troubles } = followed;
  const exchange = await api.next();
  const before = troubles.items.length;
  exchange.refuse(status, 'no', headers);
  await troubles.until(before + 1);
  const start = clock.monotonic();
  while (clock.waiting() > 0) clock.advance(50);
  return clock.monotonic() - start;
}
