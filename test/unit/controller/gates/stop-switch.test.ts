import t from 'tap';
import { StopSwitch } from '../../../../src/controller/gates/stop-switch.ts';

const marked = (name: string, stop?: string) => ({
  metadata: { name, ...(stop === undefined ? {} : { annotations: { 'restamp.dev/stop': stop } }) },
});

function stopSwitch() {
  const seen = { changes: 0 };
  const turned = new StopSwitch(() => {
    seen.changes += 1;
  });
  return { turned, seen };
}

t.test('a marked namespace stops itself and no other one', async (t) => {
  const { turned, seen } = stopSwitch();
  t.equal(turned.stopped('apps'), false);
  turned.namespaces.put(marked('apps', 'true'));
  t.equal(turned.stopped('apps'), true);
  t.equal(turned.stopped('other'), false);
  turned.namespaces.put(marked('apps'));
  t.equal(turned.stopped('apps'), false);
  t.equal(seen.changes, 1);
});

t.test('our own ConfigMap stops all, until the mark or the ConfigMap is gone', async (t) => {
  const { turned, seen } = stopSwitch();
  turned.own.put(marked('restamp', 'true'));
  t.equal(turned.stopped('apps'), true);
  turned.own.put(marked('restamp'));
  t.equal(turned.stopped('apps'), false);
  turned.own.put(marked('restamp', 'true'));
  turned.own.remove({ name: 'restamp' });
  t.equal(turned.stopped('apps'), false);
  t.equal(seen.changes, 2);
});

t.test('nobody is asked to go on where nothing was stopped', async (t) => {
  const { turned, seen } = stopSwitch();
  turned.namespaces.put(marked('apps'));
  turned.namespaces.put(marked('apps', 'true'));
  turned.namespaces.put(marked('apps', 'true'));
  turned.own.put(marked('restamp'));
  turned.own.put(marked('restamp', 'true'));
  turned.own.put(marked('restamp', 'true'));
  t.equal(seen.changes, 0);
});

t.test('a namespace that was deleted while stopped is not stopped when it is made again', async (t) => {
  const { turned } = stopSwitch();
  turned.namespaces.put(marked('apps', 'true'));
  turned.namespaces.remove({ name: 'apps' });
  turned.namespaces.put(marked('apps'));
  t.equal(turned.stopped('apps'), false);
});

t.test('a namespace stays stopped when the stop of all ends', async (t) => {
  const { turned } = stopSwitch();
  turned.namespaces.put(marked('apps', 'true'));
  turned.own.put(marked('restamp', 'true'));
  turned.own.put(marked('restamp'));
  t.equal(turned.stopped('apps'), true);
  t.equal(turned.stopped('other'), false);
});

t.test('only the word true turns the switch', async (t) => {
  for (const word of ['false', '', 'True', 'yes', '1']) {
    const { turned } = stopSwitch();
    turned.namespaces.put(marked('apps', word));
    turned.own.put(marked('restamp', word));
    t.equal(turned.stopped('apps'), false, word);
  }
});
