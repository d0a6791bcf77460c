import t from 'tap';
import { RestampError } from '../../../src/errors.ts';
import { sourceKey, type SourceRef } from '../../../src/core/api/source.ts';
import { SourceChanges, type SourceChangesOptions } from '../../../src/notify/source-changes.ts';
import { faultsTo, noFaults } from '../../support/contained-faults.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { turn } from '../../support/recording.ts';
import {
  NAMESPACE,
  ref,
  source,
  type SourceParts,
  type StoredSource,
} from '../../support/controller/builders.ts';

/** A cluster's sources, and what is found to have changed among them. */
function watching(more: Partial<SourceChangesOptions> = {}) {
  const clock = fakeClock(0);
  const stored = new Map<string, StoredSource>();
  const reads: string[] = [];
  const told: string[] = [];
  const troubles: string[] = [];
  const ways: { read: (key: string) => Promise<void> } = { read: async () => undefined };
  let version = 100;
  const changes = new SourceChanges({
    clock,
    faults: noFaults,
    key: Buffer.from('0123456789abcdef'),
    selector: [],
    reloadOnCreate: false,
    reloadOnDelete: false,
    read: async (where: SourceRef) => {
      const key = sourceKey(where);
      reads.push(key);
      await ways.read(key);
      const object = stored.get(key);
      if (object === undefined) throw new RestampError('RESTAMP_KUBE_NOT_FOUND', key);
      return structuredClone(object);
    },
    onChange: ({ type, name, version }) => told.push(`${type}/${name} ${version}`),
    onTrouble: (error) => troubles.push(error.code),
    ...more,
  });
  const put = async (key: string, data: Readonly<Record<string, string>>, parts: SourceParts = {}) => {
    const where = ref(key);
    const object = source(where.name, data, { version: String((version += 1)), ...parts });
    stored.set(sourceKey(where), object);
    changes.follower(where.type).put({ metadata: object.metadata });
    await turn();
  };
  const remove = async (key: string) => {
    const where = ref(key);
    stored.delete(sourceKey(where));
    changes.follower(where.type).remove({ namespace: NAMESPACE, name: where.name });
    await turn();
  };
  return { changes, clock, reads, told, troubles, ways, put, remove };
}

t.test(
  'a change of data is told of once; what is there at the start, and labels alone, are not',
  async (t) => {
    const { changes, put, told, reads } = watching();
    await put('cm/app', { a: '1' });
    await put('secret/db', { a: '1' });
    void changes.start();
    await put('cm/app', { a: '2' });
    await put('cm/app', { a: '2' });
    await put('secret/db', { a: '1' });
    await put('secret/db', { a: '2' });
    t.same(told, ['cm/app 103', 'secret/db 106']);
    t.equal(reads.length, 6, 'one read for each stored write');
  },
);

t.test('a list that is read again costs nothing', async (t) => {
  const { changes, put, reads, told } = watching();
  await put('cm/app', { a: '1' }, { version: '7' });
  void changes.start();
  await put('cm/app', { a: '1' }, { version: '7' });
  t.equal(reads.length, 1);
  t.same(told, []);
});

t.test(
  'creation and deletion count only where the flags say so; another one with other data always',
  async (t) => {
    const silent = watching();
    void silent.changes.start();
    await silent.put('cm/new', { a: '1' }, { uid: 'one' });
    await silent.remove('cm/new');
    await silent.put('cm/new', { a: '1' }, { uid: 'two' });
    t.same(silent.told, []);
    await silent.remove('cm/new');
    await silent.put('cm/new', { a: '2' }, { uid: 'three' });
    t.same(silent.told, ['cm/new 103'], 'it has taken the place of other data');
    const { changes, put, remove, told } = watching({ reloadOnCreate: true, reloadOnDelete: true });
    await put('cm/old', { a: '1' }, { uid: 'old' });
    void changes.start();
    await put('cm/new', { a: '1' }, { uid: 'one' });
    await remove('cm/new');
    await remove('cm/new');
    await put('cm/new', { a: '1' }, { uid: 'two' });
    t.same(told, ['cm/new 102', 'cm/new ', 'cm/new 103']);
  },
);

t.test('what is filtered out by its labels is neither deleted nor changed', async (t) => {
  const { changes, put, told } = watching({
    reloadOnDelete: true,
    reloadOnCreate: true,
    selector: [{ key: 'team', operator: 'In', values: ['a'] }],
  });
  void changes.start();
  await put('cm/app', { a: '1' });
  await put('cm/app', { a: '2' });
  changes.follower('cm').remove({ namespace: NAMESPACE, name: 'app' });
  await turn();
  t.same(told, []);
});

t.test('a read that fails is made again until it succeeds, and hinders no other', async (t) => {
  const { changes, clock, put, ways, told, troubles } = watching();
  await put('cm/app', { a: '1' });
  await put('cm/other', { a: '1' });
  void changes.start();
  ways.read = async (key) => {
    if (key.endsWith('/app')) throw new RestampError('RESTAMP_KUBE_FORBIDDEN', key);
  };
  await put('cm/app', { a: '2' });
  await put('cm/other', { a: '2' });
  t.same(told, ['cm/other 104']);
  ways.read = async () => undefined;
  clock.advance(1000);
  await turn();
  t.same(told, ['cm/other 104', 'cm/app 103']);
  t.same(troubles, ['RESTAMP_KUBE_FORBIDDEN']);
});

t.test(
  'what changes during its read is read again, never twice at once, and no more than eight are',
  async (t) => {
    const { changes, put, ways, told, reads } = watching();
    await put('cm/app', { a: '1' });
    void changes.start();
    const gates: (() => void)[] = [];
    ways.read = () => new Promise((resolve) => gates.push(resolve));
    await put('cm/app', { a: '2' });
    await put('cm/app', { a: '3' });
    t.equal(reads.length, 2);
    for (let count = 0; count < 20; count += 1) await put(`cm/n${count}`, { a: '1' });
    t.equal(gates.length, 8);
    ways.read = async () => undefined;
    for (const open of gates) open();
    await turn(20);
    t.same(told, ['cm/app 103'], 'the first read saw the second write already');
    t.equal(reads.length, 2 + 20 + 1);
  },
);

t.test('the start ends when every source has been read, or cannot be', async (t) => {
  const { changes, put, ways } = watching();
  const gates: (() => void)[] = [];
  ways.read = () => new Promise((resolve) => gates.push(resolve));
  await put('cm/app', { a: '1' });
  let ended = false;
  void changes.start().then(() => (ended = true));
  await turn();
  t.equal(ended, false);
  gates[0]?.();
  await turn();
  t.equal(ended, true);
});

t.test(
  'who fails at hearing of a change hears of the next one, and the source is not read again',
  async (t) => {
    const told: string[] = [];
    const faults: string[] = [];
    const { changes, put, reads } = watching({
      reloadOnDelete: true,
      faults: faultsTo(({ code }) => faults.push(code)),
      onChange: ({ version }) => {
        told.push(version);
        throw new TypeError('a bug');
      },
    });
    await put('cm/app', { a: '1' });
    void changes.start();
    await put('cm/app', { a: '2' });
    await put('cm/app', { a: '3' });
    t.same(told, ['102', '103']);
    t.equal(reads.length, 3);
    t.equal(faults.length, 2);
  },
);
