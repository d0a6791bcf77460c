import t from 'tap';
import { EventLine, type WorkloadEvent } from '../../../../src/controller/reporting/event-queue.ts';
import { turn } from '../../../support/recording.ts';
import { workload } from '../../../support/controller/builders.ts';

const of = (namespace: string, message: string): WorkloadEvent => ({
  workload: { ...workload('api'), namespace },
  type: 'Normal',
  reason: 'Reloaded',
  message,
  component: 'reloader-configmaps',
});

/** A line whose Events are sent one after the other when the test says so. */
function lining() {
  const sent: string[] = [];
  const release: (() => void)[] = [];
  let dropped = 0;
  const line = new EventLine({
    send: (event) => {
      sent.push(event.message);
      return new Promise((resolve) => release.push(resolve));
    },
    onFailed: () => undefined,
    onDropped: (count) => (dropped += count),
  });
  return { line, sent, release, dropped: () => dropped };
}

t.test('a namespace whose Events are many holds up none of another one', async (t) => {
  const { line, sent, release, dropped } = lining();
  line.setBusy(true);
  for (let at = 0; at < 1500; at += 1) line.add(of('crowd', `crowd ${at}`));
  for (let at = 0; at < 10; at += 1) line.add(of('lone', `lone ${at}`));
  t.equal(dropped(), 500, 'nor does it take the places of others');
  line.setBusy(false);
  t.same(sent, ['crowd 0', 'lone 0', 'crowd 1', 'lone 1']);
  release[0]?.();
  await turn();
  t.equal(sent[4], 'crowd 2');
});

t.test('all namespaces together have so many places', async (t) => {
  const { line, dropped } = lining();
  line.setBusy(true);
  for (let at = 0; at < 5100; at += 1) line.add(of(`n${at % 100}`, String(at)));
  t.equal(dropped(), 100);
  t.equal(line.clear(), 5000);
  line.add(of('n0', 'again'));
  t.equal(dropped(), 100, 'what was dropped leaves its place');
});
