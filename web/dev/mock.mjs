// The pages without a server: node dev/mock.mjs [PORT [SERVICE]]; SERVICE is dashboard or visualizer.
// The token is mock-token-mock-token; MOCK_LOGIN=0 needs none. POST /mock/away {"seconds": n} takes the made-up Redis away.
import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { answer, topicsOf, troubleNow } from './mock_api.mjs';
import { goOn } from './mock_data.mjs';
import { goOnSwarm } from './mock_swarm.mjs';

const dist = process.env.DIST ?? join(dirname(fileURLToPath(import.meta.url)), '../dist');
const service = process.argv[3] ?? 'dashboard';
const port = Number(process.argv[2] ?? (service === 'dashboard' ? 9181 : 8080));
const TOKEN = 'mock-token-mock-token';
const CODE = 'c0dec0dec0de';
const KINDS = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.html': 'text/html' };
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const state = { away: 0, login: process.env.MOCK_LOGIN !== '0' };
const streams = new Set();

const isIn = (request) => !state.login || /session=mock/.test(request.headers.cookie ?? '');
const sessionOf = (inside) => ({
  version: 1,
  service,
  name: 'simswarm',
  simswarm: '0.9.0',
  logged_in: inside,
  login: state.login,
  csrf: inside ? 'mock-csrf' : null,
  may_change: true,
  local: false,
  store: true,
});

function send(response, status, body, headers = {}) {
  const text = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify({ version: 1, ...body });
  response.writeHead(status, {
    'content-type':
      typeof body === 'object' && !Buffer.isBuffer(body) ? 'application/json' : 'text/plain; charset=utf-8',
    'content-security-policy': POLICY,
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(text);
}

function sendFile(response, name) {
  const path = join(dist, name);
  if (name.includes('..') || !existsSync(path)) return send(response, 404, { error: 'no such file' });
  response.writeHead(200, {
    'content-type': `${KINDS[extname(name)]}; charset=utf-8`,
    'content-security-policy': POLICY,
    'cache-control': 'no-cache',
  });
  return createReadStream(path).pipe(response);
}

function bodyOf(request) {
  return new Promise((resolve) => {
    let text = '';
    request.on('data', (part) => (text += part));
    request.on('end', () => {
      try {
        resolve(JSON.parse(text || '{}'));
      } catch {
        resolve(null);
      }
    });
  });
}

function stream(response) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.write('retry: 2000\n\n');
  const one = { response, seen: {} };
  streams.add(one);
  response.on('close', () => streams.delete(one));
  tell(one);
}

function tell(one) {
  const all = topicsOf(service);
  const topics = Object.fromEntries(Object.entries(all).filter(([name, version]) => one.seen[name] !== version));
  one.seen = all;
  const away = Date.now() < state.away;
  one.response.write(
    `event: change\ndata: ${JSON.stringify({ topics: away ? {} : topics, age: away ? 8 : 0.3, trouble: troubleNow(service, away) })}\n\n`,
  );
}

setInterval(
  () => {
    goOn();
    goOnSwarm();
    for (const one of streams) tell(one);
  },
  Number(process.env.MOCK_TICK ?? 1000),
);
setInterval(() => streams.forEach((one) => one.response.write(': beat\n\n')), 15_000);

async function login(request, response) {
  const body = await bodyOf(request);
  if (body?.token !== TOKEN && body?.code !== CODE) return send(response, 401, { error: 'That is not the token.' });
  return send(response, 200, sessionOf(true), { 'set-cookie': 'session=mock; HttpOnly; SameSite=Strict; Path=/' });
}

async function api(request, response, url) {
  const path = url.pathname.slice('/api/v1'.length);
  if (path === '/session') return send(response, 200, sessionOf(isIn(request)));
  if (path === '/login') return login(request, response);
  if (path === '/logout') return send(response, 200, {}, { 'set-cookie': 'session=; Max-Age=0; Path=/' });
  if (!isIn(request)) return send(response, 401, { error: 'Log in first.' });
  if (path === '/events') return stream(response);
  if (Date.now() < state.away)
    return send(response, 503, { error: 'Redis at redis://queue:6379 does not answer since 8 s.' });
  const body = request.method === 'POST' ? await bodyOf(request) : null;
  if (request.method === 'POST' && request.headers['x-simswarm-csrf'] !== 'mock-csrf')
    return send(response, 403, { error: 'The call comes from another page.' });
  const got = answer(path.split('/').slice(1).map(decodeURIComponent), url.searchParams, body);
  if (got == null) return send(response, 404, { error: 'There is nothing of that name.' });
  if (got.text != null) return send(response, 200, got.text, got.headers);
  return send(response, got.status ?? 200, got);
}

createServer(async (request, response) => {
  const url = new URL(request.url, 'http://mock');
  if (url.pathname === '/mock/away') {
    state.away = Date.now() + 1000 * ((await bodyOf(request))?.seconds ?? 10);
    return send(response, 200, {});
  }
  if (url.pathname.startsWith('/api/v1/')) return api(request, response, url);
  if (url.pathname.startsWith('/assets/')) return sendFile(response, url.pathname.slice('/assets/'.length));
  return sendFile(response, `${service}.html`);
}).listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}/#code=${CODE}`));
