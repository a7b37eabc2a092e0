// Calls of the server. Failures are values of one kind, with a line for people.
import { loggedOut, session, type Session } from './session';

export class Failure extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
  // Trying again later can help: the server, or what it asks, is away or busy.
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export function isAborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

export function apiPath(parts: TemplateStringsArray, ...names: (string | number)[]): string {
  return parts.reduce((path, part, i) => path + part + (i < names.length ? encodeURIComponent(names[i]!) : ''), '');
}

export function withQuery(path: string, query: Record<string, string | number | null | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value != null && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}

async function failureOf(answer: Response): Promise<Failure> {
  let text = '';
  try {
    const said = (await answer.json()) as { error?: unknown };
    if (typeof said.error === 'string') text = said.error;
  } catch {
    // not ours: a proxy's page, say
  }
  if (!text) text = answer.status === 404 ? 'There is nothing of that name.' : `The server answers ${answer.status}.`;
  return new Failure(answer.status, text);
}

async function call(path: string, options: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, { cache: 'no-cache', credentials: 'same-origin', ...options });
  } catch (error) {
    if (isAborted(error)) throw error;
    throw new Failure(0, 'The server does not answer.');
  }
  if (answer.ok) return answer;
  if (answer.status === 401) loggedOut();
  throw await failureOf(answer);
}

export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const answer = await call(path, { signal, headers: { accept: 'application/json' } });
  try {
    return (await answer.json()) as T;
  } catch (error) {
    if (isAborted(error)) throw error;
    throw new Failure(0, 'The answer of the server is not whole.');
  }
}

export async function getText(path: string, signal?: AbortSignal): Promise<{ text: string; next: number | null }> {
  const answer = await call(path, { signal });
  const next = answer.headers.get('x-simswarm-next');
  try {
    return { text: await answer.text(), next: next == null ? null : Number(next) };
  } catch (error) {
    if (isAborted(error)) throw error;
    throw new Failure(0, 'The answer of the server is not whole.');
  }
}

async function send(path: string, body: object): Promise<Response> {
  const headers: Record<string, string> = { 'content-type': 'application/json', accept: 'application/json' };
  const csrf = session.peek()?.csrf;
  if (csrf) headers['x-simswarm-csrf'] = csrf;
  return call(path, { method: 'POST', headers, body: JSON.stringify(body) });
}

export async function post<T>(path: string, body: object): Promise<T> {
  const before = session.peek()?.csrf;
  try {
    return (await (await send(path, body)).json()) as T;
  } catch (error) {
    // The server may have begun anew since, with another word against forged calls.
    if (!(error instanceof Failure) || error.status !== 403 || !before) throw error;
    await loadSession();
    if (session.peek()?.csrf === before) throw error;
    return (await (await send(path, body)).json()) as T;
  }
}

export async function loadSession(): Promise<void> {
  session.value = await getJson<Session>('/api/v1/session');
}

export async function login(proof: { token: string } | { code: string }): Promise<void> {
  session.value = await post<Session>('/api/v1/login', proof);
}

export async function logout(): Promise<void> {
  await post('/api/v1/logout', {});
  await loadSession();
}

export function sayFailure(error: unknown): string {
  return error instanceof Failure ? error.message : 'The page has met an error of its own.';
}
