// Pod templates of custom resources. The API server fills in no defaults there, and leaves what a writer sends: null
// where other objects have no member, and defaults that somebody says explicitly.

import type { PodTemplate } from '../api/pod-template.ts';
import { mappedList, mappedMembers } from '../api/shape.ts';

type Members = Readonly<Record<string, unknown>>;

/** No part of a pod template or of a status is as deep. The API server takes ten thousand levels, and a call stack does not. */
const MAX_DEPTH = 100;

/**
 * A value without members that are null; a null in a list becomes an empty object, so that no index moves. What is deeper
 * than any API has it is cut. What stays as it is is not copied.
 */
export function withoutNull(value: unknown, depth = MAX_DEPTH): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return {};
  const read = (one: unknown): unknown => withoutNull(one, depth - 1);
  if (Array.isArray(value)) return mappedList(value, (one) => (one === null ? {} : read(one)));
  return mappedMembers(value as Members, (one) => (one === null ? undefined : read(one)));
}

const MODE = { defaultMode: 0o644 };
const PROBE = {
  initialDelaySeconds: 0,
  timeoutSeconds: 1,
  periodSeconds: 10,
  successThreshold: 1,
  failureThreshold: 3,
};
const CONTAINER = {
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
  stdin: false,
  stdinOnce: false,
  tty: false,
};
/** What Kubernetes makes of a member that is not there (pkg/apis/core/v1/defaults.go), by the member that it is in. */
const DEFAULTS = new Map<string, Members>([
  [
    'spec',
    {
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      schedulerName: 'default-scheduler',
      terminationGracePeriodSeconds: 30,
      enableServiceLinks: true,
      hostNetwork: false,
      hostPID: false,
      hostIPC: false,
    },
  ],
  ['containers', CONTAINER],
  ['initContainers', CONTAINER],
  ['ports', { protocol: 'TCP' }],
  ...['livenessProbe', 'readinessProbe', 'startupProbe'].map((name) => [name, PROBE] as const),
  ['httpGet', { scheme: 'HTTP', path: '/' }],
  ['volumeMounts', { readOnly: false }],
  ['fieldRef', { apiVersion: 'v1' }],
  ...['configMap', 'secret', 'projected', 'downwardAPI'].map((name) => [name, MODE] as const),
  ['hostPath', { type: '' }],
]);
/** Their keys are a user's own. */
const MAPS = new Set([
  'labels',
  'annotations',
  'nodeSelector',
  'matchLabels',
  'limits',
  'requests',
  'volumeAttributes',
]);
/** Where an empty one is not the same as none: it selects everything, or says which of several there is. */
const TELLING =
  /selector$|^(emptyDir|ephemeral|httpGet|exec|tcpSocket|grpc|sleep|configMap|secret|projected|csi)$/i;

/**
 * A pod template as its controller reads it: without what says nothing, so that two texts of one template are equal. When
 * in doubt they are not: then pods are taken to start.
 */
export function asControllerReads(template: PodTemplate): PodTemplate {
  return plain(template, '') as PodTemplate;
}

function plain(value: unknown, at: string): unknown {
  if (Array.isArray(value)) return mappedList(value, (one) => plain(one, at));
  if (typeof value !== 'object' || value === null || MAPS.has(at)) return value;
  const members = value as Members;
  const defaults = DEFAULTS.get(at);
  return mappedMembers(members, (one, key) => {
    const read = plain(one, key);
    return isEmpty(key, read) || isDefault(key, members, defaults) ? undefined : read;
  });
}

function isEmpty(key: string, value: unknown): boolean {
  if (typeof value !== 'object') return value === undefined;
  return value === null || (Object.keys(value).length === 0 && !TELLING.test(key));
}

function isDefault(key: string, members: Members, defaults: Members | undefined): boolean {
  if (key === 'imagePullPolicy') return members[key] === pullPolicy(members['image']);
  return defaults !== undefined && Object.hasOwn(defaults, key) && defaults[key] === members[key];
}

/** Only an image that is tagged `latest`, by word or by silence, is pulled each time. */
function pullPolicy(image: unknown): string {
  const name = typeof image === 'string' ? (image.split('/').at(-1) ?? '') : '';
  const isFixed = name.includes('@') || (name.includes(':') && !name.endsWith(':latest'));
  return isFixed ? 'IfNotPresent' : 'Always';
}
