import { isRecord, isText } from '../../src/core/api/shape.ts';
import { SOURCE_ROWS } from '../../src/core/api/source.ts';
import { RestampError } from '../../src/errors.ts';
import { boundSighting } from '../request/review-bounds.ts';
import type { Sighting } from '../../src/attribution/sightings.ts';

/** So many sightings go in one request. */
export const MAX_BATCH = 200;

const VERSION = 1;

type Field = 'text' | 'text?' | 'texts' | 'number' | 'number?';

/** What a sighting has, beside its type. Nothing else is taken over from a request. */
const FIELDS: Readonly<Record<Exclude<keyof Sighting, 'type'>, Field>> = {
  namespace: 'text',
  name: 'text',
  uid: 'text',
  digest: 'text?',
  baseVersion: 'text?',
  keys: 'texts',
  user: 'text',
  groups: 'texts',
  manager: 'text?',
  operation: 'text',
  requestUid: 'text',
  at: 'number',
  more: 'number?',
};

const isNumber = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value);
const FITS: Readonly<Record<Field, (value: unknown) => boolean>> = {
  text: isText,
  'text?': (value) => value === undefined || isText(value),
  texts: (value) => Array.isArray(value) && value.every(isText),
  number: isNumber,
  'number?': (value) => value === undefined || isNumber(value),
};

/** The body that tells another replica of sightings: names and digests, as they are. */
export function formatSightings(sightings: readonly Sighting[]): string {
  return JSON.stringify({ v: VERSION, sightings });
}

/** Reads what `formatSightings` wrote; anything else is RESTAMP_ADMISSION_SIGHTINGS, which quotes nothing of it. */
export function parseSightings(body: unknown): Sighting[] {
  if (!isRecord(body) || body['v'] !== VERSION) throw invalid(`it is not of version ${VERSION}`);
  const { sightings } = body;
  if (!Array.isArray(sightings) || sightings.length > MAX_BATCH)
    throw invalid(`it has no list of at most ${MAX_BATCH}`);
  return sightings.map((one: unknown, index) => {
    if (!isRecord(one)) throw invalid(`sightings[${index}] is no object`);
    const row = SOURCE_ROWS.find(({ type }) => type === one['type']);
    if (row === undefined) throw invalid(`sightings[${index}].type`);
    const bad = Object.entries(FIELDS).find(([name, field]) => !FITS[field](one[name]));
    if (bad !== undefined) throw invalid(`sightings[${index}].${bad[0]}`);
    const fields = Object.keys(FIELDS).flatMap((name) =>
      one[name] === undefined && name === 'more' ? [] : [[name, one[name]]],
    );
    return boundSighting({ type: row.type, ...(Object.fromEntries(fields) as Omit<Sighting, 'type'>) });
  });
}

function invalid(what: string): RestampError {
  return new RestampError('RESTAMP_ADMISSION_SIGHTINGS', what);
}
