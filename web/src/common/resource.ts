// What a page shows of the server: fetched, fetched again when it changed, kept while the server is away.
import { useEffect, useRef, useState } from 'preact/hooks';
import { Failure, getJson, isAborted } from './api';
import { onChange } from './events';

export interface Shown<T> {
  data: T | null;
  failure: Failure | null;
  // The data belong to an address asked before; those of this one are on their way.
  waiting: boolean;
  again: () => void;
}

interface Options {
  topics: string[];
  every?: number; // least time between two fetches, ms
  poll?: number; // fetch without an event after this time, ms; 0: never
  load?: (path: string, signal: AbortSignal) => Promise<unknown>;
}

const kept = new Map<string, unknown>(); // a few answers, for a quick way back
const MOST_KEPT = 12;

function keep(path: string, data: unknown): void {
  kept.delete(path);
  kept.set(path, data);
  if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value as string);
}

export function forgetAll(): void {
  kept.clear();
}

// Takes over of the old answer what is equal in the new one: rows that did not change stay the same objects.
export function share<T>(before: unknown, after: T): T {
  if (before === after) return after;
  if (typeof after !== 'object' || after === null || typeof before !== 'object' || before === null) return after;
  if (Array.isArray(after)) {
    if (!Array.isArray(before)) return after;
    return shareList(before, after) as unknown as T;
  }
  const old = before as Record<string, unknown>;
  const fresh = after as Record<string, unknown>;
  let same = true;
  for (const name of Object.keys(fresh)) {
    fresh[name] = share(old[name], fresh[name]);
    if (fresh[name] !== old[name]) same = false;
  }
  return same && Object.keys(old).length === Object.keys(fresh).length ? (before as T) : after;
}

function identity(one: unknown): unknown {
  if (typeof one !== 'object' || one === null) return undefined;
  const object = one as Record<string, unknown>;
  return object['id'] ?? object['position'] ?? object['key'] ?? object['name'];
}

function shareList(before: unknown[], after: unknown[]): unknown[] {
  const byId = new Map<unknown, unknown>();
  for (const one of before) {
    const id = identity(one);
    if (id !== undefined) byId.set(id, one);
  }
  let same = before.length === after.length;
  for (let i = 0; i < after.length; i++) {
    const id = identity(after[i]);
    after[i] = share(id !== undefined ? byId.get(id) : before[i], after[i]);
    if (after[i] !== before[i]) same = false;
  }
  return same ? before : after;
}

class Fetcher {
  private control: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private begun = 0;
  private took = 0;
  private wanted = false;
  private failed = 0;
  private done = false;
  private readonly stops: (() => void)[] = [];

  constructor(
    private readonly path: string,
    private readonly options: Options,
    private readonly take: (data: unknown) => void,
    private readonly refuse: (failure: Failure) => void,
  ) {
    const { topics } = options;
    this.stops.push(
      onChange((changed) => {
        if (changed === 'all' || topics.some((topic) => changed.has(topic))) this.want();
      }),
    );
    const seen = (): void => {
      if (!document.hidden && this.wanted) this.plan();
    };
    document.addEventListener('visibilitychange', seen);
    this.stops.push(() => document.removeEventListener('visibilitychange', seen));
    void this.run();
  }

  want(): void {
    this.wanted = true;
    this.plan();
  }

  close(): void {
    this.done = true;
    this.control?.abort();
    clearTimeout(this.timer);
    for (const stop of this.stops) stop();
  }

  private plan(): void {
    if (this.done || this.control || document.hidden) return;
    const gap = Math.max(
      this.options.every ?? 1000,
      this.took * 3,
      this.failed ? Math.min(10_000, 2000 * this.failed) : 0,
    );
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.run(), Math.max(0, this.begun + gap - Date.now()));
  }

  private async run(): Promise<void> {
    const control = new AbortController();
    this.control = control;
    this.wanted = false;
    this.begun = Date.now();
    const late = setTimeout(() => control.abort('late'), 30_000);
    try {
      const data = await (this.options.load ?? getJson)(this.path, control.signal);
      this.failed = 0;
      if (!this.done) this.take(data);
    } catch (error) {
      this.fail(error);
    }
    clearTimeout(late);
    this.took = Date.now() - this.begun;
    this.control = null;
    if (this.wanted) this.plan();
    else if (this.options.poll && !this.done) this.timer = setTimeout(() => this.want(), this.options.poll);
  }

  private fail(error: unknown): void {
    if (this.done) return;
    const late = isAborted(error) || error === 'late';
    const failure =
      error instanceof Failure
        ? error
        : new Failure(0, late ? 'The server takes too long.' : 'The answer cannot be read.');
    this.failed += 1;
    if (failure.passing) this.wanted = true;
    this.refuse(failure);
  }
}

// With path null nothing is fetched.
export function useResource<T>(path: string | null, options: Options): Shown<T> {
  const [state, setState] = useState<{ path: string | null; data: T | null; failure: Failure | null }>({
    path: null,
    data: null,
    failure: null,
  });
  const fetcher = useRef<Fetcher | null>(null);
  const topics = options.topics.join(' ');
  useEffect(() => {
    if (path == null) return undefined;
    const own = new Fetcher(
      path,
      options,
      (data) => {
        keep(path, data);
        setState((before) => {
          const shared = options.load ? (data as T) : share(before.data, data as T);
          return shared === before.data && before.path === path && !before.failure
            ? before
            : { path, data: shared, failure: null };
        });
      },
      (failure) => setState((before) => ({ path: before.path, data: before.data, failure })),
    );
    fetcher.current = own;
    return () => own.close();
  }, [path, topics]);
  const fromKept = path != null && state.path !== path ? (kept.get(path) as T | undefined) : undefined;
  return {
    data: path == null ? null : (fromKept ?? state.data),
    failure: state.failure,
    waiting: path != null && state.path !== path && fromKept === undefined,
    again: () => fetcher.current?.want(),
  };
}
