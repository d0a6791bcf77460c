import t from 'tap';
import { moment } from '../../../src/state/moment.ts';
import { turn } from '../../support/recording.ts';
import { reading } from '../../support/controller/source-reader-harness.ts';
import { digestOf, ref, source } from '../../support/controller/builders.ts';

const APP = ref('cm/app');
const data = { a: '1', b: '2' };

t.test('a selection is answered once it has been read, and not before', async (t) => {
  const { reader, asked, done } = reading();
  reader.refresh(APP);
  asked.items[0]?.answer(source('app', data));
  await done.until(1);
  t.equal(reader.state(APP, ['a']), undefined);
  reader.refresh(APP, { selection: ['a'] });
  t.equal(reader.state(APP, ['a']), undefined, 'what was read before has no digest of it');
  t.ok(reader.state(APP), 'of all keys it has one');
  asked.items[1]?.answer(source('app', data));
  await done.until(2);
  const state = reader.state(APP, ['a']);
  if (state?.state !== 'present') throw new Error('it is not known');
  t.equal(state.digest('k1', ['a']), digestOf('cm/app', data, ['a']));
  t.equal(state.digest('k0', ['a']), digestOf('cm/app', data, ['a'], 'k0'));
  t.equal(state.digest('k1', undefined), digestOf('cm/app', data));
  t.equal(reader.state(APP, ['b']), undefined);
});

t.test('a selection stays for the reads after', async (t) => {
  const { reader, asked, done } = reading();
  reader.refresh(APP, { selection: ['a'] });
  asked.items[0]?.answer(source('app', data));
  await done.until(1);
  reader.refresh(APP);
  asked.items[1]?.answer(source('app', { a: '9' }, { version: '2' }));
  await done.until(2);
  const state = reader.state(APP, ['a']);
  t.equal(state?.state === 'present' && state.digest('k1', ['a']), digestOf('cm/app', { a: '9' }, ['a']));
});

t.test('a new selection during a read is one more read; a known one is none', async (t) => {
  const { reader, asked, done } = reading();
  const since = moment();
  for (let count = 0; count < 200; count += 1) reader.refresh(APP, { since, selection: ['a'] });
  asked.items[0]?.answer(source('app', data));
  await done.until(1);
  await turn();
  t.equal(asked.items.length, 1);

  reader.refresh(APP, { since });
  reader.refresh(APP, { since, selection: ['b'] });
  asked.items[1]?.answer(source('app', data));
  await asked.until(3);
  asked.items[2]?.answer(source('app', data));
  await done.until(2);
  t.ok(reader.state(APP, ['b']));
});

t.test('a source that is missing answers for every selection', async (t) => {
  const { reader, asked, done } = reading();
  reader.refresh(APP);
  asked.items[0]?.answer(undefined);
  await done.until(1);
  t.match(reader.state(APP, ['a']), { state: 'missing' });
});
