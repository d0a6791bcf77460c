import type { Test } from 'tap';
import { NamespaceScope, type NamespaceScopeOptions } from '../../../src/informers/namespace-filter.ts';
import { Kinds } from '../../../src/core/api/kind.ts';
import { Contact } from '../../../src/kube/contact.ts';
import type { Scope } from '../../../src/core/api/scope.ts';
import { noFaults } from '../contained-faults.ts';
import { EVERYWHERE } from '../scopes.ts';
import { startWatches } from '../../../src/informers/informers.ts';
import { StopSwitch } from '../../../src/controller/gates/stop-switch.ts';
import { connect, fakeApiServer, type Exchange, type Stream } from '../fake-api-server.ts';
import { fakeClock } from '../fake-clock.ts';
import { journal } from '../recording.ts';

/** All watches of a scope, on an API server that answers each with a stream in the test's hands. */
export async function watching(t: Test, part: Partial<Scope> = {}, csi = { served: false, classes: true }) {
  const scope = { ...EVERYWHERE, ...part };
  const api = await fakeApiServer(t);
  const clock = fakeClock(0);
  const { client } = connect(t, api.url, { clock });
  const told = journal<string>();
  let recovered = 0;
  const follower = (what: string) => ({
    begin: () => undefined,
    end: () => undefined,
    put: ({ metadata }: { metadata: { name: string } }) => told.note(`${what} + ${metadata.name}`),
    remove: ({ name }: { name: string }) => told.note(`${what} - ${name}`),
  });
  const mutator = {
    sourceFollower: (type: string) => follower(type),
    workloadFollower: (row: { kind: string }) => follower(row.kind),
  };
  const forgotten = journal<string>();
  const book = { put: ({ name }: { name: string }) => forgotten.note(name), keys: () => [] };
  const drop = { drop: () => undefined, release: () => undefined };
  const roll = {
    mutator,
    workloads: book,
    sources: { in: () => new Map() },
    queue: drop,
    baselines: drop,
    holds: drop,
  };
  const changes = journal<string>();
  const namespaceScope = new NamespaceScope({
    selector: scope.namespaceSelector,
    roll: roll as unknown as NamespaceScopeOptions['roll'],
    onChange: (name, is) => changes.note(`${is} ${name}`),
  });
  const opened = journal<{ exchange: Exchange; stream: Stream }>();
  api.answer((exchange) => opened.note({ exchange, stream: exchange.stream() }));
  const watches = startWatches({
    client,
    clock,
    scope,
    kinds: new Kinds(),
    namespaceScope,
    csi: { ...csi, statuses: () => follower('status') },
    onRelisted: () => (recovered += 1),
    onTrouble: () => undefined,
    contact: new Contact(clock),
    faults: noFaults,
    stopSwitch: new StopSwitch(() => undefined),
    own: { namespace: 'restamp', name: 'restamp' },
  });
  t.teardown(() => watches.stop());
  return { api, watches, told, opened, clock, forgotten, changes, recovered: () => recovered };
}
