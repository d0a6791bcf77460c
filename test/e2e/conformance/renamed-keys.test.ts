import t from 'tap';
import { AUTO, historyOf, source, type Annotations, type SourceName } from '../support/objects.ts';
import { openStage } from '../support/environment.ts';

t.setTimeout(600_000);

const RENAMED = {
  'auto-annotation': 'example.org/auto',
  'configmap-annotation': 'cm.example.org/list',
  'secret-annotation': 'secret.example.org/list',
  'configmap-auto-annotation': 'cm.example.org/auto',
  'secret-auto-annotation': 'secret.example.org/auto',
  'auto-search-annotation': 'example.org/search',
  'search-match-annotation': 'example.org/match',
  'ignore-annotation': 'example.org/ignore',
} as const;
const stage = await openStage(t, 'renamed', {
  flags: Object.entries(RENAMED).map(([flag, key]) => `--${flag}=${key}`),
});
const on = (flag: keyof typeof RENAMED, value = 'true'): Annotations => ({ [RENAMED[flag]]: value });
const C: SourceName = 'ConfigMap/c';
const S: SourceName = 'Secret/s';
const MARKED: SourceName = 'ConfigMap/marked';
const IGNORED: SourceName = 'ConfigMap/ignored';

t.test(
  'a workload rolls by the renamed keys, each with its old meaning, and not by the default ones',
  async (t) => {
    await stage.create(
      source(C, { n: '0' }, { 'reloader.stakater.com/ignore': 'true' }),
      source(S, { n: '0' }),
      source(MARKED, { n: '0' }, on('search-match-annotation')),
      source(IGNORED, { n: '0' }, on('ignore-annotation')),
    );
    const uses = [C, S, MARKED, IGNORED];
    const expected: readonly (readonly [
      name: string,
      annotations: Annotations,
      stamps: readonly SourceName[],
    ])[] = [
      ['auto', on('auto-annotation'), [C, S, MARKED]],
      ['cm-auto', on('configmap-auto-annotation'), [C, MARKED]],
      ['secret-auto', on('secret-auto-annotation'), [S]],
      ['search', on('auto-search-annotation'), [MARKED]],
      ['cm-list', on('configmap-annotation', 'c,ignored'), [C]],
      ['secret-list', on('secret-annotation', 's'), [S]],
    ];
    const deaf = await stage.deaf('Deployment', 'deaf', { annotations: AUTO, uses });
    for (const [name, annotations, stamps] of expected) {
      // The bell of a test speaks the default keys; the map says the same.
      await stage.deaf('Deployment', name, { annotations, uses });
      await stage.stamped('Deployment', name, stamps);
    }
    const data = { n: '1' };
    for (const which of [IGNORED, ...uses.filter((one) => one !== IGNORED)]) await stage.change(which, data);
    for (const [name, , stamps] of expected) {
      const object = await stage.until(
        'Deployment',
        name,
        (one) =>
          new Set(historyOf(one).flatMap(({ sources }) => sources.map(({ source: key }) => key))).size ===
          stamps.length,
      );
      t.notMatch(JSON.stringify(historyOf(object)), 'cm/ignored', name);
    }
    t.same(await deaf.happened(), { rolls: [], revisions: 0 });
    // The mutating webhook is asked about workloads that bear the renamed keys.
    await stage.restamp.until(({ audit, msg }) => audit === 'restamp' && msg.includes('Deployment/cm-auto'));
  },
);
