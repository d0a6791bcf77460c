import t from 'tap';
import {
  annotation,
  LAST_ROLL,
  parseBool,
  RELOADER_KEYS,
  STAMP,
  STAMPS,
} from '../../../../src/core/api/annotations.ts';

t.test('RELOADER_KEYS are Reloader’s, letter by letter', async (t) => {
  t.same(RELOADER_KEYS, {
    auto: 'reloader.stakater.com/auto',
    typedAuto: {
      cm: 'configmap.reloader.stakater.com/auto',
      secret: 'secret.reloader.stakater.com/auto',
      spc: 'secretproviderclass.reloader.stakater.com/auto',
    },
    reload: {
      cm: 'configmap.reloader.stakater.com/reload',
      secret: 'secret.reloader.stakater.com/reload',
      spc: 'secretproviderclass.reloader.stakater.com/reload',
    },
    exclude: {
      cm: 'configmaps.exclude.reloader.stakater.com/reload',
      secret: 'secrets.exclude.reloader.stakater.com/reload',
      spc: 'secretproviderclasses.exclude.reloader.stakater.com/reload',
    },
    search: 'reloader.stakater.com/search',
    match: 'reloader.stakater.com/match',
    ignore: 'reloader.stakater.com/ignore',
    pausePeriod: 'deployment.reloader.stakater.com/pause-period',
    pausedAt: 'deployment.reloader.stakater.com/paused-at',
  });
});

t.test('Restamp’s own annotations live under restamp.dev', async (t) => {
  t.same([STAMPS, LAST_ROLL, STAMP], ['restamp.dev/stamps', 'restamp.dev/last-roll', 'restamp.dev/stamp']);
});

t.test('annotation gives what is there, and nothing that every object inherits', async (t) => {
  t.equal(annotation({ a: '1' }, 'a'), '1');
  t.equal(annotation({ a: '' }, 'a'), '', 'an empty one is there');
  t.equal(annotation({ a: '1' }, 'b'), undefined);
  for (const key of ['constructor', '__proto__', 'toString']) t.equal(annotation({}, key), undefined, key);
  t.equal(annotation(JSON.parse('{"__proto__":"p"}') as Record<string, string>, '__proto__'), 'p');
  t.equal(annotation(undefined, 'a'), undefined);
  t.equal(annotation(null, 'a'), undefined, 'some writers send null');
});

t.test('parseBool takes six spellings for true and all else for false', async (t) => {
  for (const text of ['1', 't', 'T', 'TRUE', 'true', 'True']) t.ok(parseBool(text), text);
  for (const text of [
    '0',
    'f',
    'F',
    'FALSE',
    'false',
    'False',
    '',
    'tRue',
    'yes',
    'on',
    ' true',
    'true ',
    '11',
    undefined,
  ])
    t.notOk(parseBool(text), String(text));
});
