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
  get(path, options) {
    return this.ask('GET', path, options);
  }
  post(path, body, options = {}) {
    const headers = { 'content-type': 'application/json', ...options.headers };
    return this.ask('POST', path, { ...options, body: typeof body === 'string' ? body : JSON.stringify(body), headers });
  }
}
