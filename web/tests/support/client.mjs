import { rest } from './wait.mjs';

// The API as programs use it.
export class Client {
  constructor(address, { token, cookie } = {}) {
    this.address = address;
    this.headers = {};
    if (token) this.headers.authorization = `Bearer ${token}`;
    if (cookie) this.headers.cookie = cookie;
  }

  async ask(method, path, { body, headers = {}, seconds = 20 } = {}) {
    const answer = await fetch(this.address + path, {
      method,
      body,
      redirect: 'manual',
      headers: { ...this.headers, ...headers },
      signal: AbortSignal.timeout(seconds * 1000),
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    const type = answer.headers.get('content-type') ?? '';
    const text = bytes.toString('utf8');
    const json = type.startsWith('application/json') ? JSON.parse(text) : null;
    return { status: answer.status, headers: answer.headers, type, text, bytes, json };
  }
  // Again where the server asks for that: it keeps how often it asks Redis and the store itself.
  async get(path, options) {
    for (;;) {
      const answer = await this.ask('GET', path, options);
      const wait = answer.headers.get('retry-after');
      if (answer.status !== 503 || !wait) return answer;
      await rest(Number(wait) * 1000);
    }
  }
  post(path, body, options = {}) {
    const headers = { 'content-type': 'application/json', ...options.headers };
    return this.ask('POST', path, { ...options, body: typeof body === 'string' ? body : JSON.stringify(body), headers });
  }
}
