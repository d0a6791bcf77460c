import t from 'tap';
import { historyOf, leverOf, sha1Of, source, type SourceName } from '../support/objects.ts';
import { openStage } from '../support/environment.ts';

// Levers under our own key: nobody can guess at a short secret by what stands in a pod template.
t.setTimeout(600_000);
const stage = await openStage(t, 'lever-digest');
const pin: SourceName = 'Secret/pin';

t.test('the kind of levers changes with the next roll, and rolls nothing by itself', async (t) => {
  await stage.create(source(pin, { pin: '0000' }));
  const api = await stage.observe('Deployment', 'api', { uses: [pin] });
  await stage.change(pin, { pin: '0417' });
  await api.rolledFor(pin, { pin: '0417' });
  const plain = leverOf(await api.get(), pin);
  t.equal(plain, sha1Of({ pin: '0417' }));

  await stage.restamp.stop();
  await stage.start({ flags: ['--lever-digest=keyed'] });
  await stage.change(pin, { pin: '1234' });
  const rolled = await stage.until('Deployment', 'api', (object) => leverOf(object, pin) !== plain);
  t.match(leverOf(rolled, pin), /^[0-9a-f]{40}$/);
  t.not(leverOf(rolled, pin), sha1Of({ pin: '1234' }));
  t.equal(historyOf(rolled).length, 2, 'one roll for each change, and none for the flag');

  await stage.restamp.stop();
  await stage.start();
  await stage.change(pin, { pin: '5678' });
  await api.rolledFor(pin, { pin: '5678' });
  t.equal(historyOf(await api.get()).length, 3);
});
