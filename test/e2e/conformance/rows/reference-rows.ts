import { AUTO } from '../../support/objects.ts';
import { cmList, secretList, type Row, type Use } from './row.ts';

const forConfigMap = (use: Omit<Use, 'role'>): Pick<Row, 'uses' | 'on' | 'rolls'> => ({
  uses: [{ role: 'cm', ...use }],
  on: cmList(),
  rolls: ['cm'],
});
const forSecret = (use: Omit<Use, 'role'>): Pick<Row, 'uses' | 'on' | 'rolls'> => ({
  uses: [{ role: 'secret', ...use }],
  on: secretList(),
  rolls: ['secret'],
});
const MIXED: Pick<Row, 'uses' | 'on'> = {
  uses: [
    { role: 'cm', by: 'projected' },
    { role: 'secret', by: 'projected' },
  ],
  on: { ...cmList(), ...secretList() },
};

/** Reloader's `core/reference_methods_test.go`. */
export const REFERENCES: readonly Row[] = [
  { title: 'configMapKeyRef', ...forConfigMap({ by: 'keyRef' }) },
  { title: 'secretKeyRef', ...forSecret({ by: 'keyRef' }) },
  { title: 'a projected ConfigMap', ...forConfigMap({ by: 'projected' }) },
  { title: 'a projected Secret', ...forSecret({ by: 'projected' }) },
  { title: 'the ConfigMap of a mixed volume', ...MIXED, rolls: ['cm'] },
  { title: 'the Secret of a mixed volume', ...MIXED, rolls: ['secret'] },
  { title: 'envFrom a ConfigMap in an init container', ...forConfigMap({ in: 'init' }) },
  { title: 'envFrom a Secret in an init container', ...forSecret({ in: 'init' }) },
  { title: 'a ConfigMap that an init container mounts', ...forConfigMap({ in: 'init', by: 'volume' }) },
  { title: 'a Secret that an init container mounts', ...forSecret({ in: 'init', by: 'volume' }) },
  { title: 'auto and configMapKeyRef', ...forConfigMap({ by: 'keyRef' }), on: AUTO },
];
