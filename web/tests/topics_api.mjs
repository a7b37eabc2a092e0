// The API answers what web/openapi.json says, and that says all of it.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from './support/client.mjs';
import { Description, filled } from './support/description.mjs';
import { SOURCES, TOKEN } from './support/site.mjs';
import { until } from './support/wait.mjs';

// Addresses that stand in the sources, «*» for what may be anything.
function routesInSources() {
  const found = new Set();
  for (const name of readdirSync(SOURCES).filter((one) => one.endsWith('.cpp'))) {
    const text = readFileSync(join(SOURCES, name), 'utf8');
    for (const [, path] of text.matchAll(/"(\/api\/v1\/[^"]+)"/g)) found.add(path);
    // Those that are put together.
    for (const [, path] of text.matchAll(/\bget\("(\/[^"]+)"/g)) found.add(`/api/v1/campaigns/*${path}`);
    for (const [, path] of text.matchAll(/\{"GET", path \+ "(\/[^"]+)"/g)) found.add(`/api/v1/campaigns/*/runs/*${path}`);
  }
  return found;
}

// Waits while an answer is still on its way in the server.
const whole = (api, path) => until(`all of ${path} is read`, async () => {
  const answer = await api.get(path);
  return answer.status === 200 && answer.json.whole !== false && answer;
});

export function api(scene) {
  const description = new Description();
  let dashboard;
  let api;
  before(async () => {
    dashboard = await scene.site.dashboard();
    api = new Client(dashboard.address, { token: TOKEN });
  });
  after(() => dashboard?.end());

  test('every route of the sources is described, and every one that is described is in the sources', () => {
    const described = new Set(Object.keys(description.document.paths).map((path) => path.replace(/\{\w+\}/g, '*')));
    const routes = routesInSources();
    assert.ok(routes.size > 25, `only ${routes.size} routes were found`);
    assert.deepEqual([...routes].filter((path) => !described.has(path)), [], 'not described');
    assert.deepEqual([...described].filter((path) => path.startsWith('/api/') && !routes.has(path)), [], 'described, not there');
  });

  test('the description is served as it is', async () => {
    const { json } = await api.get('/api/v1/openapi.json');
    assert.deepEqual(json, description.document);
  });

  test('every answer is as it is described, on campaigns that ended', async () => {
    const { study, ill, hostile } = scene.campaigns;
    const { workers } = (await api.get('/api/v1/overview')).json;
    const common = { worker: workers.find((one) => one.slots === 2).name, build: `${scene.broken}-build` };
    for (const id of [study, ill, hostile]) await whole(api, `/api/v1/campaigns/${id}`);
    await until('values were read', async () => (await api.get(`/api/v1/campaigns/${study}/scalars`)).json.read === 40);
    const places = [
      { ...common, campaign: study, position: 3, index: 0, queue: `run-${study}`, job: `${study}-3` },
      { ...common, campaign: ill, position: 2, index: 0, queue: `run-${ill}`, job: `${ill}-2`, build: scene.build },
      { ...common, campaign: hostile, position: 0, index: 1, queue: 'build', job: `${hostile}-0`, worker: workers.find((one) => one.slots !== 2).name },
    ];
    for (const values of places) {
      for (const { path, method, operation } of description.operations('dashboard')) {
        if (method !== 'GET' || path.endsWith('/events')) continue;
        const asked = queriesOf(operation, values);
        for (const query of asked) {
          const at = filled(path, values) + query;
          description.check(method, path, await api.get(at), at);
        }
      }
    }
    // What it failed of is told in lists, too.
    const failed = await until('messages were read', async () => {
      const { runs } = (await api.get(`/api/v1/campaigns/${ill}/runs?state=failed,crashed,incomplete`)).json;
      return runs.length === 18 && runs.every((run) => run.message) && runs;
    });
    assert.ok(failed.every((run) => run.memory > 0 && run.worker), JSON.stringify(failed[0]));
    const { jobs } = (await api.get(`/api/v1/queues/run-${ill}/jobs?state=failed`)).json;
    assert.ok(jobs.length === 18 && jobs.every((job) => job.error), JSON.stringify(jobs[0]));
    for (const state of ['queued', 'started', 'finished', 'failed', 'canceled', 'scheduled', 'deferred']) {
      const at = `/api/v1/queues/run-${ill}/jobs?state=${state}`;
      description.check('GET', '/api/v1/queues/{queue}/jobs', await api.get(at), at);
    }
  });

  test('every answer is as it is described, on campaigns that are not planned yet or were not built', async () => {
    const { id, called } = await scene.building('described_early');
    for (const campaign of [id, scene.broken]) {
      for (const path of ['/api/v1/overview', '/api/v1/campaigns', '/api/v1/campaigns/{campaign}', '/api/v1/builds']) {
        const at = filled(path, { campaign });
        description.check('GET', path, await api.get(at), at);
      }
    }
    const early = (await api.get(`/api/v1/campaigns/${id}`)).json.campaign;
    assert.ok(early.building && !early.planned && early.build === `${id}-build`, JSON.stringify(early));
    const broken = (await api.get(`/api/v1/campaigns/${scene.broken}`)).json.campaign;
    assert.ok(broken.state === 'not_built' && broken.error.includes('build failed') && broken.host, JSON.stringify(broken));
    await called;
    const key = await until('it is planned', async () => {
      const { campaign } = (await api.get(`/api/v1/campaigns/${id}`)).json;
      return campaign.planned && campaign.build;
    });
    await until('its build is found under both names', async () => {
      const { status, json } = await api.get(`/api/v1/builds/${id}-build`);
      return status === 200 && json.build.key === key;
    });
  });

  test('every answer is as it is described, on a campaign that runs and is changed', async () => {
    const id = await scene.slow('described');
    const started = (await scene.site.jobs(id, 'started'))[0].id;
    const values = { campaign: id, position: started.slice(id.length + 1), queue: `run-${id}`, job: started };
    const { stamp } = (await whole(api, `/api/v1/campaigns/${id}`)).json;
    await until('progress is told', async () => (await api.get(`/api/v1/jobs/${started}`)).json.job.progress);
    for (const [path, query] of [
      ['/api/v1/jobs/{job}', ''],
      ['/api/v1/jobs/{job}/output', '?offset=0'],
      ['/api/v1/queues/{queue}/jobs', '?state=started'],
      ['/api/v1/campaigns/{campaign}/map', `?since=${stamp}`],
      ['/api/v1/campaigns/{campaign}/timeline', '?from=0&to=100'],
      ['/api/v1/campaigns/{campaign}/runs', '?state=running,waiting&sort=started&order=desc'],
      ['/api/v1/campaigns/{campaign}/runs/{position}', ''],
      ['/api/v1/campaigns/{campaign}/runs/{position}/output', ''],
      ['/api/v1/overview', ''],
    ]) {
      const at = filled(path, values) + query;
      description.check('GET', path, await api.get(at), at);
    }
    const waiting = { ...values, job: `${id}-11` };
    description.check('GET', '/api/v1/jobs/{job}', await api.get(`/api/v1/jobs/${waiting.job}`));
    for (const [path, body] of [
      ['/api/v1/jobs', { action: 'cancel', ids: [`${id}-11`, `${id}-10`, 'none'] }],
      ['/api/v1/jobs', { action: 'requeue', ids: [`${id}-11`] }],
      ['/api/v1/queues/{queue}', { action: 'priority', priority: -2 }],
      ['/api/v1/queues/{queue}', { action: 'requeue', state: 'canceled' }],
      ['/api/v1/queues/{queue}', { action: 'cancel', state: 'queued' }],
      ['/api/v1/queues/{queue}', { action: 'empty' }],
      ['/api/v1/suspend', {}],
      ['/api/v1/resume', {}],
      ['/api/v1/campaigns/{campaign}', { action: 'cancel' }],
    ]) {
      const at = filled(path, values);
      const answer = await api.post(at, body);
      assert.equal(answer.status, 200, `${at} ${JSON.stringify(body)}: ${answer.text}`);
      description.check('POST', path, answer, at);
    }
    await scene.site.ended(id);
  });

  test('refusals are as they are described', async () => {
    const nobody = new Client(dashboard.address);
    const { study } = scene.campaigns;
    const values = { campaign: study, position: 0, index: 0, queue: `run-${study}`, job: `${study}-0`, worker: 'w', build: 'b' };
    for (const { path, method, operation } of description.operations('dashboard')) {
      const at = filled(path, values);
      const body = method === 'POST' ? '{}' : undefined;
      const headers = body && { 'content-type': 'application/json' };
      const answer = await nobody.ask(method, at, { body, headers });
      if (operation.security?.length !== 0) assert.equal(answer.status, 401, at);
      if (path.startsWith('/api/')) description.check(method, path, answer, at);
    }
    for (const [status, path, values_, query] of [
      [404, '/api/v1/campaigns/{campaign}', { campaign: 'none' }, ''],
      [404, '/api/v1/campaigns/{campaign}/runs/{position}', { campaign: study, position: 40 }, ''],
      [404, '/api/v1/campaigns/{campaign}/runs/{position}/files/{index}', { campaign: study, position: 0, index: 99 }, ''],
      [404, '/api/v1/jobs/{job}', { job: 'none' }, ''],
      [404, '/api/v1/workers/{worker}', { worker: 'none' }, ''],
      [404, '/api/v1/builds/{build}', { build: 'none' }, ''],
      [400, '/api/v1/jobs/{job}', { job: 'no id' }, ''],
      [400, '/api/v1/campaigns', {}, '?most=1001'],
      [400, '/api/v1/campaigns/{campaign}/runs', { campaign: study }, '?state=none'],
      [400, '/api/v1/campaigns/{campaign}/series', { campaign: study }, '?name=delay:mean&x=none'],
      [400, '/api/v1/campaigns/{campaign}/map', { campaign: study }, '?since=-1'],
      [400, '/api/v1/queues/{queue}/jobs', { queue: 'build' }, '?state=none'],
    ]) {
      const at = filled(path, values_) + query;
      const answer = await until(at, async () => {
        const one = await api.get(at);
        return one.status !== 503 && one;
      });
      assert.equal(answer.status, status, `${at}: ${answer.text}`);
      description.check('GET', path, answer, at);
    }
    const other = await api.ask('POST', '/api/v1/overview', { body: '{}', headers: { 'content-type': 'application/json' } });
    assert.equal(other.status, 405);
    assert.equal(other.headers.get('allow'), 'GET, HEAD');
  });

  test('events are as they are described, the first with all topics', async () => {
    const control = new AbortController();
    const answer = await fetch(`${dashboard.address}/api/v1/events`, {
      headers: { authorization: `Bearer ${TOKEN}` },
      signal: control.signal,
    });
    assert.equal(answer.headers.get('content-type'), 'text/event-stream');
    let text = '';
    for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
      text += piece;
      if (/\n\n[^]*\n\n/.test(text)) break;
    }
    control.abort();
    assert.match(text, /^retry: 2000\n\nevent: change\ndata: \{/);
    const change = JSON.parse(/^data: (.*)$/m.exec(text)[1]);
    description.checkAs('Change', change, 'an event');
    assert.ok('overview' in change.topics && `queue:run-${scene.campaigns.study}` in change.topics, text);
  });

  test('each operation was answered as it should be, once at least', async () => {
    const left = description.operations('dashboard').map(({ method, path }) => `${method} ${path}`);
    const elsewhere = ['POST /api/v1/login', 'POST /api/v1/logout', 'GET /api/v1/events'];
    for (const path of ['/api/v1/login', '/api/v1/logout']) {
      description.check('POST', path, await api.post(path, { token: TOKEN }), path);
    }
    assert.deepEqual(left.filter((one) => !description.met.has(one) && !elsewhere.includes(one)), []);
  });
}

// Without a query, and with one that has a good value of each parameter.
function queriesOf(operation, { campaign }) {
  const all = new URLSearchParams();
  for (const { name, required, schema } of operation.parameters ?? []) {
    if (required) all.set(name, 'delay:mean');
    else if (schema.enum) all.set(name, schema.enum.at(-1));
    else if (name === 'state') all.set(name, 'completed,failed');
    else if (name === 'search') all.set(name, campaign.slice(0, 5));
    else if (name === 'x' || name === 'by') all.set(name, 'load');
    else if (schema.type === 'integer' || schema.type === 'number') all.set(name, String(schema.default ?? schema.minimum ?? 0));
  }
  const required = (operation.parameters ?? []).some((one) => one.required) ? '?name=delay:mean' : '';
  return all.size ? [required, `?${all}`] : [required];
}
