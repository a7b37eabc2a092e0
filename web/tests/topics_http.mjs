// Malformed and slow HTTP: the server serves on.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from './support/client.mjs';
import { Raw } from './support/raw.mjs';
import { FULL, TOKEN } from './support/site.mjs';
import { until } from './support/wait.mjs';

const HEAD = 'Host: x\r\n';
const BIG = 'x'.repeat(20_000);

// What is sent, and the statuses that may come of it; 0: closed without a word.
const MALFORMED = [
  ['no HTTP', 'hello\r\n\r\n', [400, 0]],
  ['binary', Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 10, 13, 10, 13, 10]), [400, 0]],
  ['NUL in the path', 'GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n', [400]],
  ['huge header', `GET / HTTP/1.1\r\n${HEAD}X-Big: ${BIG}\r\n\r\n`, [431]],
  ['many headers', `GET / HTTP/1.1\r\n${HEAD}${'a: b\r\n'.repeat(5000)}\r\n`, [431]],
  ['long path', `GET /${'x'.repeat(5000)} HTTP/1.1\r\n${HEAD}\r\n`, [414]],
  ['bad UTF-8 in the path', Buffer.from(`GET /api/v1/campaigns/\xff\xfe\xc3\x28 HTTP/1.1\r\n${HEAD}\r\n`, 'latin1'), [400, 401, 404]],
  ['bad UTF-8, encoded', `GET /api/v1/campaigns/%ff%fe%c3%28 HTTP/1.1\r\n${HEAD}Authorization: Bearer ${TOKEN}\r\n\r\n`, [404]],
  ['half an escape', `GET /api/v1/jobs/%f?state=%&%=%zz HTTP/1.1\r\n${HEAD}Authorization: Bearer ${TOKEN}\r\n\r\n`, [400, 404]],
  ['a path upwards', `GET /assets/../../../etc/passwd HTTP/1.1\r\n${HEAD}\r\n`, [401, 404]],
  ['a path upwards, encoded', `GET /assets/%2e%2e%2f%2e%2e%2fetc/passwd HTTP/1.1\r\n${HEAD}\r\n`, [401, 404]],
  ['body too large', `POST /api/v1/jobs HTTP/1.1\r\n${HEAD}Content-Length: 99999999\r\n\r\n`, [413]],
  ['chunks too large', `POST /api/v1/jobs HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n${'4000\r\n'.concat('x'.repeat(0x4000), '\r\n').repeat(6)}`, [413]],
  ['length and chunks', `POST /api/v1/jobs HTTP/1.1\r\n${HEAD}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n`, [400, 401, 0]],
  ['two lengths', `POST /api/v1/jobs HTTP/1.1\r\n${HEAD}Content-Length: 4\r\nContent-Length: 5\r\n\r\n{}{}{`, [400]],
  ['negative length', `POST /api/v1/jobs HTTP/1.1\r\n${HEAD}Content-Length: -1\r\n\r\n`, [400]],
  ['no host', 'GET / HTTP/1.1\r\n\r\n', [400]],
  ['two hosts', `GET / HTTP/1.1\r\n${HEAD}${HEAD}\r\n`, [400]],
  ['HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', [505]],
  ['HTTP/9.9', `GET / HTTP/9.9\r\n${HEAD}\r\n`, [400, 505]],
  ['another method', `DELETE / HTTP/1.1\r\n${HEAD}\r\n`, [405]],
  ['CONNECT', 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n', [400, 405]],
  ['a whole URL', `GET http://127.0.0.1/ HTTP/1.1\r\n${HEAD}\r\n`, [400]],
  ['a folded header', `GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n`, [200, 400]],
  ['deep JSON', `POST /api/v1/login HTTP/1.1\r\n${HEAD}Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n${'['.repeat(60_000)}`, [400]],
  ['JSON of bad UTF-8', Buffer.from(`POST /api/v1/login HTTP/1.1\r\n${HEAD}Content-Type: application/json\r\nContent-Length: 14\r\n\r\n{"token":"\xff\xfe"}`, 'latin1'), [400, 401]],
];

export function http(scene) {
  let dashboard;
  let client;
  before(async () => {
    dashboard = await scene.site.dashboard();
    client = new Client(dashboard.address, { token: TOKEN });
  });
  after(() => dashboard?.end());

  // Others are answered meanwhile, and soon.
  const servesOn = async (what) => {
    const begun = Date.now();
    assert.equal((await client.get('/healthz')).status, 200, what);
    assert.equal((await client.get('/api/v1/overview')).status, 200, what);
    assert.ok(Date.now() - begun < 5000, `${what}: an answer took ${Date.now() - begun} ms`);
    assert.equal(dashboard.code, null, `${what}: the server has ended`);
  };

  test('what is no good request gets a word, and no more', async () => {
    for (const [what, bytes, statuses] of MALFORMED) {
      const raw = new Raw(dashboard.address).send(bytes);
      await until(`an answer to: ${what}`, () => raw.status || raw.isClosed);
      assert.ok(statuses.includes(raw.status), `${what}: ${raw.said.toString('latin1').slice(0, 300)}`);
      raw.end();
    }
    await servesOn('after malformed requests');
  });

  test('two requests in one piece are answered one after the other', async () => {
    const raw = new Raw(dashboard.address).send(`GET /healthz HTTP/1.1\r\n${HEAD}\r\n`.repeat(2));
    await until('both are answered', () => raw.said.toString().match(/HTTP\/1\.1 200/g)?.length === 2);
    raw.end();
  });

  test('slow ones, hundreds of them, keep nobody waiting and are closed', async () => {
    const slow = [];
    for (let i = 0; i < 500; i++) slow.push(new Raw(dashboard.address).send(i % 2 ? 'GET / HTTP/1.1\r\nHost: x\r\nX-A: ' : ''));
    await Promise.all(slow.map((one) => one.connected));
    const drip = setInterval(() => slow.forEach((one, i) => i % 2 && !one.isClosed && one.send('a')), 500);
    try {
      await servesOn('with 500 slow connections');
      const more = [];
      for (let i = 0; i < 400; i++) more.push(new Raw(dashboard.address));
      await servesOn('with 900 connections');
      more.forEach((one) => one.end());
      // Who sends a byte now and then is done in time, too.
      if (FULL) await until('the slow ones are closed', () => slow.every((one, i) => i % 2 === 0 || one.isClosed), 30);
    } finally {
      clearInterval(drip);
      slow.forEach((one) => one.end());
    }
    await servesOn('after slow ones');
  });

  test('who does not read what is answered keeps nobody waiting', async () => {
    const deaf = [];
    for (let i = 0; i < 50; i++) {
      const raw = new Raw(dashboard.address);
      raw.socket.pause();
      raw.send(`GET /assets/dashboard.js HTTP/1.1\r\n${HEAD}\r\n`.repeat(30));
      raw.send(`GET /api/v1/events HTTP/1.1\r\n${HEAD}Authorization: Bearer ${TOKEN}\r\n\r\n`);
      deaf.push(raw);
    }
    await Promise.all(deaf.map((one) => one.connected));
    await servesOn('with those who do not read');
    deaf.forEach((one) => one.end());
  });
}
