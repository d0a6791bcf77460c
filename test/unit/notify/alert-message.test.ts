import t from 'tap';
import { alertBody, alertText } from '../../../src/notify/alert-message.ts';

const api = { kind: 'Deployment', namespace: 'apps', name: 'api' };
const ONE =
  'Reloader detected changes in *app* of type *CONFIGMAP* in namespace *apps*. Hence reloaded *api* of type *Deployment* in namespace *apps*';

t.test('an alert has the words of Reloader, byte for byte', async (t) => {
  t.equal(alertText('', api, ['cm/app']), ONE);
  t.equal(alertText(' prod ', api, ['cm/app']), `prod : ${ONE}`);
  t.equal(
    alertText('', api, ['secret/db', 'cm/app']),
    'Reloader detected changes in *db* of type *SECRET*, *app* of type *CONFIGMAP* in namespace *apps*. Hence reloaded *api* of type *Deployment* in namespace *apps*',
    'several sources stand in one list',
  );
});

t.test('each sink gets the body that Reloader sends it', async (t) => {
  const type = 'application/json';
  t.same(alertBody('slack', '*a*'), {
    contentType: type,
    body: '{"attachments":[{"author_name":"Reloader","color":"good","text":"*a*"}]}',
  });
  t.same(alertBody('teams', '*a*'), { contentType: type, body: '{"text":"*a*"}' });
  t.same(alertBody('gchat', '*a*'), { contentType: type, body: '{"text":"*a*"}' });
  t.same(alertBody('raw', '*a* of *b*'), { contentType: 'text/plain', body: 'a of b' });
});

t.test('JSON is escaped as Go does it', async (t) => {
  t.equal(alertBody('teams', '<a> & "b"').body, '{"text":"\\u003ca\\u003e \\u0026 \\"b\\""}');
});
