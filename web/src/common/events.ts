// The stream of events: what has changed, how old the server's own sight is, and what is wrong.
// Read with fetch, because EventSource hides the server's beats.
import { signal } from '@preact/signals';
import { loggedOut, mayLook } from './session';

export interface Trouble {
  what: string;
  todo?: string;
  since: string | null;
  level: 'error' | 'warning';
}

interface Change {
  topics?: Record<string, number>;
  age?: number | null;
  trouble?: (Trouble | string)[];
}

const SILENCE = 20_000; // without event or beat
const OLD = 5; // seconds
const MOST_TOPICS = 5_000;

// Since when what is shown is old, in ms; null: it is fresh.
export const oldSince = signal<number | null>(null);
export const oldWhy = signal('');
export const troubles = signal<Trouble[]>([]);

type Listener = (changed: ReadonlySet<string> | 'all') => void;
const listeners = new Set<Listener>();
const topics = new Map<string, number>();

let lastHeard = Date.now();
let lastFresh = Date.now();
let connected = false;
let serverAge = 0;
let control: AbortController | null = null;
let again: ReturnType<typeof setTimeout> | undefined;
let failures = 0;

export function onChange(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tellAll(changed: ReadonlySet<string> | 'all'): void {
  for (const listener of [...listeners]) listener(changed);
}

function judge(): void {
  const now = Date.now();
  const silent = now - lastHeard > SILENCE;
  if (connected && !silent && serverAge <= OLD) {
    lastFresh = now;
    oldSince.value = null;
    oldWhy.value = '';
    return;
  }
  if (!connected || silent) {
    if (now - lastFresh < 3000) return; // a reconnect at once is nobody's concern
    oldWhy.value = silent && connected ? 'The server has fallen silent.' : 'The server does not answer.';
  } else {
    oldWhy.value = 'The server itself sees nothing new.';
  }
  oldSince.value = oldSince.peek() ?? lastFresh - (serverAge > OLD ? serverAge * 1000 : 0);
  if (silent && connected) reconnect(0);
}

export function troublesOf(list: (Trouble | string)[] | null | undefined): Trouble[] {
  return (list ?? []).map((one) => (typeof one === 'string' ? { what: one, since: null, level: 'error' } : one));
}

function take(change: Change, first: boolean): void {
  const wasOld = serverAge > OLD;
  serverAge = change.age ?? 0;
  if (change.trouble) {
    const next = troublesOf(change.trouble);
    if (JSON.stringify(next) !== JSON.stringify(troubles.peek())) troubles.value = next;
  }
  if (first) topics.clear();
  const changed = new Set<string>();
  for (const [name, version] of Object.entries(change.topics ?? {})) {
    if (topics.get(name) !== version) changed.add(name);
    topics.set(name, version);
  }
  while (topics.size > MOST_TOPICS) topics.delete(topics.keys().next().value as string);
  tellAll(first || (wasOld && serverAge <= OLD) ? 'all' : changed);
}

async function read(signal: AbortSignal): Promise<void> {
  const answer = await fetch('/api/v1/events', { signal, headers: { accept: 'text/event-stream' }, cache: 'no-store' });
  if (answer.status === 401) loggedOut();
  if (!answer.ok || !answer.body) throw new Error(`status ${answer.status}`);
  const reader = answer.body
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader();
  let rest = '';
  let first = true;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    lastHeard = Date.now();
    connected = true;
    failures = 0;
    rest += value;
    const blocks = rest.split(/\r?\n\r?\n/);
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = block
        .split(/\r?\n/)
        .filter((line) => line.startsWith('data:'))
        .map((line) => line.slice(5));
      if (!data.length) continue;
      take(JSON.parse(data.join('\n')) as Change, first);
      first = false;
    }
    judge();
  }
}

function reconnect(delay: number): void {
  control?.abort();
  control = null;
  clearTimeout(again);
  again = setTimeout(() => void connect(), delay);
}

async function connect(): Promise<void> {
  if (!mayLook() || document.hidden) return;
  const own = new AbortController();
  control = own;
  lastHeard = Date.now();
  try {
    await read(own.signal);
  } catch {
    // told by judge()
  }
  if (control !== own) return;
  connected = false;
  failures += 1;
  judge();
  reconnect(Math.min(10_000, 2000 * failures) * (0.75 + Math.random() / 2));
}

// A browser has six connections to a server: pages nobody looks at give theirs back.
function looked(): void {
  clearTimeout(again);
  if (document.hidden) {
    again = setTimeout(() => {
      control?.abort();
      control = null;
      connected = false;
    }, 5000);
  } else if (!connected || !control) {
    lastFresh = Math.max(lastFresh, Date.now() - 2000);
    reconnect(0);
  }
}

export function startEvents(): void {
  document.addEventListener('visibilitychange', looked);
  setInterval(() => {
    if (!document.hidden && mayLook()) judge();
  }, 1000);
  reconnect(0);
}

export function stopEvents(): void {
  control?.abort();
  control = null;
  connected = false;
  clearTimeout(again);
}
