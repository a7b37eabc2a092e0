// Requests made up from web/openapi.json: whatever comes, the server answers with a word of its own, and soon.
// SIMSWARM_SEED=NUMBER makes the same ones again.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from './support/client.mjs';
import { Description } from './support/description.mjs';
import { FULL, TOKEN } from './support/site.mjs';

const REQUESTS = FULL ? 1500 : 150;
const AT_ONCE = 8;
const KNOWN = /too much is asked at once|there is no answer yet|does not answer|in time/;

// mulberry32
function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const ODD = [
  '', '0', '-1', '1', '007', '1e3', '0x10', '1.5', 'NaN', 'Infinity', '-0', '999999999999999999999999', '18446744073709551616', '9007199254740993', '-9223372036854775809',
  'null', 'true', '..', '.', '%00', '%ff%fe', '%c3%28', '%ed%a0%80', '%f0%9f%92%a9', '%E2%80%AE', '%0d%0aX-Evil:%201', '<script>', "'\"`;--", '{{7*7}}', '$(id)', 'a,b,,c', ',', '=', '*', '~', '%2e%2e%2f',
  'x'.repeat(300), 'é'.repeat(100), '%', '%zz', '%25', '+', ' ',
];
const VALUES = [null, true, false, 0, -1, 1.5, 1e308, -1e308, 9007199254740993, 18446744073709552000, '', 'x', '\u0000', '\u202e', '\ud800', 'x'.repeat(5000), [], {}, [[]], [null], { action: {} }];

class Maker {
  constructor(description, real, seed) {
    this.random = randomOf(seed);
    this.real = real;
    this.operations = description.operations('dashboard').filter((one) => !one.path.endsWith('/events') && !/log(in|out)/.test(one.path));
  }
  pick(list) {
    return list[Math.floor(this.random() * list.length)];
  }
  // A word for an address: a good one, or an odd one.
  word(schema, real) {
    if (real && this.random() < 0.6) return encodeURIComponent(this.pick(real));
    if (schema?.enum && this.random() < 0.5) return encodeURIComponent(this.pick(schema.enum));
    if (this.random() < 0.2) return encodeURIComponent(String(Math.floor(this.random() * 1e6)));
    const odd = this.pick(ODD);
    return /^[\w%.~-]*$/.test(odd) ? odd : encodeURI(odd).replace(/[?#/]/g, encodeURIComponent);
  }
  body(schema) {
    const dice = this.random();
    if (dice < 0.1) return this.pick(['', '{', '[', 'null', '"', '{"a":}', '\ufeff{}', `${'['.repeat(2000)}`, `{"ids":[${'"x",'.repeat(2000)}"x"]}`]);
    const names = Object.keys(schema?.properties ?? schema?.oneOf?.[0]?.properties ?? {});
    const made = {};
    for (const name of [...names, this.pick(['priority', 'state', 'ids', 'extra'])]) {
      if (this.random() < 0.85) made[name] = this.value(schema?.properties?.[name]);
    }
    return JSON.stringify(made);
  }
  value(schema) {
    if (schema?.enum && this.random() < 0.6) return this.pick(schema.enum);
    if (schema?.type === 'array' && this.random() < 0.6) return Array.from({ length: Math.floor(this.random() * 5) }, () => this.pick([...ODD, ...VALUES]));
    return this.pick([...VALUES, ...ODD, 'cancel', 'requeue', 'priority', 'failed']);
  }
  next(description) {
    const { path, method, operation } = this.pick(this.operations);
    if (method === 'POST' && this.random() < 0.6) return this.next(description);
    const at = path.replace(/\{(\w+)\}/g, (_, name) => this.word(null, this.real[name]));
    const query = [];
    for (const one of operation.parameters ?? []) {
      if (one.in === 'query' && this.random() < 0.6) query.push(`${one.name}=${this.word(one.schema, this.real[one.name])}`);
    }
    if (this.random() < 0.1) query.push(`${this.word()}=${this.word()}`);
    const address = at + (query.length ? `?${query.join('&')}` : '');
    if (method === 'GET') return { method, path, address };
    const [name] = /[^/]+$/.exec(operation.requestBody.content['application/json'].schema.$ref ?? '') ?? [];
    return { method, path, address, body: this.body(description.document.components.schemas[name]) };
  }
}

export function fuzz(scene) {
  let dashboard;
  before(async () => {
    dashboard = await scene.site.dashboard();
  });
  after(() => dashboard?.end());

  test('made-up requests are answered, and described answers are what is answered', async (t) => {
    const seed = Number(process.env.SIMSWARM_SEED ?? (FULL ? Math.floor(Math.random() * 2 ** 32) : 1));
    t.diagnostic(`SIMSWARM_SEED=${seed}`);
    const description = new Description();
    const { study, hostile } = scene.campaigns;
    const real = {
      campaign: [study, hostile], position: ['0', '3', '39'], index: ['0', '1'], queue: ['evil', 'nothing'], job: ['none', `${study}-9999`], worker: ['w'],
      build: [scene.build, `${scene.broken}-build`], name: ['delay:mean'], module: ['Net.sink'], x: ['load'], by: ['load', 'interval'], where: ['$load=1'],
    };
    const maker = new Maker(description, real, seed);
    const api = new Client(dashboard.address, { token: TOKEN });
    const counts = {};
    const one = async (made) => {
      const what = `${made.method} ${made.address} ${made.body?.slice(0, 200) ?? ''} (SIMSWARM_SEED=${seed})`;
      const headers = made.body === undefined ? {} : { 'content-type': 'application/json' };
      const answer = await api.ask(made.method, made.address, { body: made.body, headers, seconds: 25 }).catch((error) => {
        throw new Error(`${what}: ${error.message}; the server has ${dashboard.code == null ? 'not ended' : `ended with ${dashboard.code}: ${dashboard.errors.slice(-500)}`}`);
      });
      counts[answer.status] = (counts[answer.status] ?? 0) + 1;
      if (answer.status === 503) assert.match(answer.text, KNOWN, what);
      else assert.ok(answer.status < 500, `${what}: ${answer.status} ${answer.text}`);
      if (answer.status < 300) description.check(made.method, made.path, answer, what);
      else if (answer.type.startsWith('application/json')) description.checkAs('Error', answer.json, what);
    };
    let left = REQUESTS;
    const work = async () => {
      while (left-- > 0) await one(maker.next(description));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    await api.post('/api/v1/resume', {});
    t.diagnostic(`answers: ${JSON.stringify(counts)}`);
    assert.ok((counts[200] ?? 0) > REQUESTS / 10 && (counts[400] ?? 0) + (counts[404] ?? 0) > REQUESTS / 10, JSON.stringify(counts));
    assert.equal((await api.get('/healthz')).status, 200);
    assert.equal(dashboard.code, null);
  });
}
