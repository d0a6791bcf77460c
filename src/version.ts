import manifest from '../package.json' with { type: 'json' };

/** The version of this Restamp. */
export const RELEASE: string = manifest.version;
