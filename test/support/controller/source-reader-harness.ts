import type { Selector } from '../../../src/core/api/label-selector.ts';
import type { RestampError } from '../../../src/errors.ts';
import type { SourceObject } from '../../../src/core/objects/source-metadata.ts';
import { sourceKey } from '../../../src/core/api/source.ts';
import { SourceReader, type SourceState } from '../../../src/state/source-reader.ts';
import { faultsTo } from '../contained-faults.ts';
import { fakeClock, type FakeClock } from '../fake-clock.ts';
import { journal, type Journal } from '../recording.ts';
import { NOW, reloaderKeys, ring } from './builders.ts';

/** A read that waits for its answer. */
export type Asked = {
  readonly key: string;
  readonly answer: (object: SourceObject | undefined) => void;
  readonly fail: (error: Error) => void;
};

export type Reading = {
  readonly reader: SourceReader;
  readonly clock: FakeClock;
  readonly asked: Journal<Asked>;
  readonly done: Journal<{ state: SourceState; before: SourceState | undefined }>;
  readonly unreadable: Journal<string>;
  readonly troubles: Journal<RestampError>;
};

/** A reader whose every read is answered by the test. */
export function reading(
  more: { selector?: Selector; onRead?: () => void; isSettling?: () => boolean } = {},
): Reading {
  const { selector = [], onRead = () => undefined, isSettling = () => false } = more;
  const clock = fakeClock(NOW);
  const asked = journal<Asked>();
  const done = journal<{ state: SourceState; before: SourceState | undefined }>();
  const unreadable = journal<string>();
  const troubles = journal<RestampError>();
  const reader = new SourceReader({
    ring,
    keys: reloaderKeys,
    selector,
    clock,
    read: (where) => new Promise((answer, fail) => asked.note({ key: sourceKey(where), answer, fail })),
    onRead: (_where, state, before) => {
      done.note({ state, before });
      onRead();
    },
    onUnreadable: (where) => unreadable.note(sourceKey(where)),
    patienceMs: 10_000,
    isSettling,
    onTrouble: troubles.note,
    faults: faultsTo(troubles.note),
  });
  return { reader, clock, asked, done, unreadable, troubles };
}
