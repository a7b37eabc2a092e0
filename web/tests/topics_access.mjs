// Who may see and change what: by browser, and by hand.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { noComplaints, openContext } from './support/browser.mjs';
import { Client } from './support/client.mjs';
import { FULL, TOKEN } from './support/site.mjs';
import { until } from './support/wait.mjs';

export function access(scene) {
  let dashboard;
  let owner;
  before(async () => {
    dashboard = await scene.site.dashboard(['--verbose']);
    owner = new Client(dashboard.address, { token: TOKEN });
  });
  after(() => dashboard?.end());

  const enter = async (proof) => new Client(dashboard.address).post('/api/v1/login', proof);
  const cookieOf = (answer) => answer.headers.get('set-cookie')?.split(';')[0];

  test('a wrong token is refused, the right one opens what was asked for, logging out closes it', async () => {
    const context = await openContext(scene.browser);
    context.expected.push(/status of 401/);
    const page = await context.newPage();
    await page.goto(`${dashboard.address}/campaigns`);
    await page.getByLabel('Token').fill('this-is-not-the-token');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('alert').filter({ hasText: 'this is not the token' }).waitFor();
    await page.getByLabel('Token').fill(TOKEN);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Campaigns' }).waitFor();
    assert.equal(new URL(page.url()).pathname, '/campaigns');
    const cookies = await context.cookies();
    assert.equal(cookies.length, 1);
    assert.ok(cookies[0].httpOnly && cookies[0].sameSite === 'Strict' && cookies[0].path === '/', JSON.stringify(cookies));
    assert.equal(await page.evaluate(() => document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)).then((all) => all.includes('token-of')), false);
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('Token').waitFor();
    const old = new Client(dashboard.address, { cookie: `${cookies[0].name}=${cookies[0].value}` });
    assert.equal((await old.get('/api/v1/overview')).status, 401);
    noComplaints(context);
    await context.close();
  });

  test('a link with a code opens a session once, and leaves no trace in the address', async () => {
    const { code } = (await owner.get('/api/v1/code')).json;
    const context = await openContext(scene.browser);
    const page = await context.newPage();
    await page.goto(`${dashboard.address}/#code=${code}`);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    assert.equal(new URL(page.url()).hash, '');
    noComplaints(context);
    await context.close();
    const second = await openContext(scene.browser);
    second.expected.push(/status of 401/);
    const late = await second.newPage();
    await late.goto(`${dashboard.address}/#code=${code}`);
    await late.getByLabel('Token').waitFor();
    await late.getByText('The link is used or older than a minute').waitFor();
    noComplaints(second);
    await second.close();
    assert.equal((await enter({ code })).status, 401);
  });

  test('a session is told by a cookie that scripts and other sites do not get', async () => {
    const answer = await enter({ token: TOKEN });
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('set-cookie'), /^simswarm-dashboard-[0-9a-f]{8}=[0-9a-f]{64}; Max-Age=\d+; HttpOnly; SameSite=Strict; Path=\/$/);
    assert.equal(answer.json.logged_in, true);
    assert.match(answer.json.csrf, /^[0-9a-f]{64}$/);
  });

  test('a change needs the word of a page of ours, and to come from one', async () => {
    const entered = await enter({ token: TOKEN });
    const session = new Client(dashboard.address, { cookie: cookieOf(entered) });
    const csrf = { 'x-simswarm-csrf': entered.json.csrf };
    const jobs = { action: 'cancel', ids: ['none'] };
    const port = new URL(dashboard.address).port;
    for (const [what, headers] of [
      ['without the word', {}],
      ['with a wrong one', { 'x-simswarm-csrf': '0'.repeat(64) }],
      ['of another origin', { ...csrf, origin: 'http://elsewhere.example' }],
      ['of another port', { ...csrf, origin: 'http://127.0.0.1:1' }],
      ['of another site', { ...csrf, 'sec-fetch-site': 'cross-site' }],
      ['of the same site', { ...csrf, 'sec-fetch-site': 'same-site' }],
    ]) {
      const answer = await session.post('/api/v1/jobs', jobs, { headers });
      assert.equal(answer.status, 403, what);
    }
    const form = await session.ask('POST', '/api/v1/jobs', { body: JSON.stringify(jobs), headers: { ...csrf, 'content-type': 'text/plain' } });
    assert.equal(form.status, 400);
    const good = await session.post('/api/v1/jobs', jobs, { headers: { ...csrf, origin: `http://127.0.0.1:${port}` } });
    assert.deepEqual([good.status, good.json.gone], [200, 1]);
    const login = await new Client(dashboard.address).post('/api/v1/login', { token: TOKEN }, { headers: { origin: 'http://elsewhere.example' } });
    assert.equal(login.status, 403);
    assert.equal((await session.get('/api/v1/code')).status, 403, 'a session makes further sessions');
  });

  test('the headers keep other sites and scripts out', async () => {
    for (const path of ['/', '/campaigns', '/assets/dashboard.js', '/api/v1/session']) {
      const { headers } = await new Client(dashboard.address).get(path);
      const policy = headers.get('content-security-policy');
      for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]) {
        assert.ok(policy.includes(part), `${path}: ${policy}`);
      }
      assert.ok(!/unsafe|\*/.test(policy), policy);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('x-frame-options'), 'DENY');
      assert.equal(headers.get('access-control-allow-origin'), null);
    }
  });

  test('neither token, session nor code is told by the log', async () => {
    const entered = await enter({ token: TOKEN });
    await new Client(dashboard.address).get(`/${TOKEN}?token=${TOKEN}`);
    await new Client(dashboard.address).get(`/api/v1/jobs/${TOKEN}`);
    await until('requests are told', () => /GET/.test(dashboard.errors));
    for (const secret of [TOKEN, cookieOf(entered).split('=')[1], entered.json.csrf]) {
      assert.ok(!dashboard.errors.includes(secret), dashboard.errors.split('\n').find((line) => line.includes(secret)));
    }
  });

  // The last: after it nobody logs in here for a minute.
  test('after ten wrong tokens none is looked at for a while', async () => {
    const codes = [];
    for (let i = 0; i < (FULL ? 40 : 15); i++) codes.push((await enter({ token: `wrong-${i}-wrong-wrong` })).status);
    assert.ok(codes.includes(429), codes.join(' '));
    const right = await enter({ token: TOKEN });
    assert.equal(right.status, 429);
    assert.ok(Number(right.headers.get('retry-after')) > 0);
    assert.equal((await owner.get('/api/v1/overview')).status, 200, 'programs with the token are not kept out');
  });
}
