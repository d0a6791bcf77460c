import t from 'tap';
import { Contact } from '../../src/kube/contact.ts';
import { fakeClock } from '../helpers/fake-clock.ts';

function contact() {
  const clock = fakeClock(0);
  const told: string[] = [];
  const one = new Contact(clock, { lost: () => told.push('lost'), found: () => told.push('found') });
  return { clock, told, one };
}

t.test('whoever is found within a second was not away', async (t) => {
  const { clock, told, one } = contact();
  one.lose();
  clock.advance(600);
  one.lose();
  clock.advance(400);
  t.equal(one.isAway, false);
  t.equal(one.find(), true);
  clock.advance(60_000);
  t.equal(one.isAway, false);
  t.same(told, ['lost', 'lost', 'found'], 'each try that fails is told of');
});

t.test(
  'whoever was lost for longer was away, from the first loss on, until all has been shown',
  async (t) => {
    const { clock, told, one } = contact();
    one.lose();
    clock.advance(900);
    one.lose();
    clock.advance(101);
    t.equal(one.isAway, true);
    one.renew();
    t.equal(one.isAway, false);
    t.same(told, ['lost', 'lost'], 'the list has told it');
  },
);

t.test('nobody is found who was not lost', async (t) => {
  const { told, one } = contact();
  t.equal(one.find(), true);
  t.same(told, []);
});
