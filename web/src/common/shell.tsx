// What stands around each page: name, ways, whether it is live, what is wrong; the login; the foot.
import type { ComponentChildren, JSX } from 'preact';
import { render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Failure, loadSession, login, logout, sayFailure } from './api';
import { Dialogs, act } from './dialog';
import { oldSince, oldWhy, startEvents, stopEvents, troubles, type Trouble } from './events';
import { clock, moment, parseTime, plural } from './formats';
import { forgetAll } from './resource';
import { go, moves, place, startRouter } from './router';
import { mayLook, session } from './session';
import { clean, Text } from './text';
import { setTheme, startTheme, theme, type Theme } from './theme';
import { Ago, Waiting } from './ui';

export interface Way {
  path: string;
  text: string;
  hidden?: () => boolean;
}

export function Mark(): JSX.Element {
  return <img class="mark" src="/assets/favicon.svg" alt="" width="26" height="26" />;
}

const THEMES: Record<Theme, { next: Theme; sign: string; text: string }> = {
  system: { next: 'light', sign: '◐', text: 'Colours: as the system' },
  light: { next: 'dark', sign: '☀', text: 'Colours: light' },
  dark: { next: 'system', sign: '☾', text: 'Colours: dark' },
};

function ThemeButton(): JSX.Element {
  const now = THEMES[theme.value];
  return (
    <button
      type="button"
      class="plain icon"
      title={now.text}
      aria-label={`${now.text}. Change`}
      onClick={() => setTheme(now.next)}
    >
      <span aria-hidden="true">{now.sign}</span>
    </button>
  );
}

function Live(): JSX.Element {
  const since = oldSince.value;
  return (
    <span class={since ? 'live old' : 'live'} role="status">
      <span class="dot" aria-hidden="true" />
      {since ? `old, ${clock(new Date(since))}` : 'live'}
    </span>
  );
}

function TroubleLink(): JSX.Element {
  const list = troubles.value;
  const bad = list.some((one) => one.level === 'error');
  return (
    <a
      class={`trouble-link ${list.length ? (bad ? 'error' : 'warning') : 'none'}`}
      href="/#trouble"
      onClick={(event) => {
        event.preventDefault();
        toTrouble();
      }}
      title={list.length ? clean(list[0]!.what) : undefined}
    >
      <span class="long">{list.length ? plural(list.length, 'trouble') : 'no trouble'}</span>
      <span class="short" aria-hidden="true">
        {list.length ? `!${list.length}` : '✓'}
      </span>
    </a>
  );
}

function toTrouble(): void {
  if (place.peek().path !== '/') go('/');
  setTimeout(() => {
    const target = document.getElementById('trouble');
    target?.scrollIntoView({ block: 'center' });
    target?.focus();
  }, 50);
}

function Header({ ways }: { ways: Way[] }): JSX.Element {
  const now = session.value!;
  const path = place.value.path;
  const isAt = (way: Way): boolean => (way.path === '/' ? path === '/' : path.startsWith(way.path));
  const leave = (): void =>
    void act(async () => {
      await logout();
      forgetAll();
      return 'Logged out.';
    });
  return (
    <header class="top">
      <a class="brand" href="/">
        <Mark />
        <span>{clean(now.name, 40)}</span>
        <span class="service">{clean(now.service, 20)}</span>
      </a>
      <nav aria-label="Pages">
        {ways.filter((way) => !way.hidden?.()).map((way) => (
          <a key={way.path} href={way.path} aria-current={isAt(way) ? 'page' : undefined}>
            {way.text}
          </a>
        ))}
      </nav>
      <div class="tools">
        <TroubleLink />
        <span class="hidden" role="status">
          {troubles.value
            .slice(0, 3)
            .map((one) => clean(one.what, 160))
            .join('. ')}
        </span>
        <Live />
        <ThemeButton />
        {now.login && (
          <button type="button" class="plain" onClick={leave}>
            Log out
          </button>
        )}
      </div>
    </header>
  );
}

function OldBar(): JSX.Element {
  const since = oldSince.value;
  return (
    <div class="old-bar" role="alert">
      {since && (
        <p>
          <strong>
            What is shown is old: from {clock(new Date(since))}{' '}
            <span aria-hidden="true">
              (<Ago at={new Date(since).toISOString()} />)
            </span>
            .
          </strong>{' '}
          {oldWhy.value} It is asked again by itself.
        </p>
      )}
    </div>
  );
}

// What is wrong, since when, and what to do. Keeps its place when nothing is.
export function Troubles({ list }: { list: Trouble[] }): JSX.Element {
  return (
    <section id="trouble" tabIndex={-1} aria-label="Trouble" class="troubles">
      {list.length === 0 && (
        <p class="fine">
          <span aria-hidden="true">✓</span> Nothing is wrong.
        </p>
      )}
      {list.slice(0, 20).map((one, i) => {
        const date = parseTime(one.since);
        return (
          <div key={one.what + i} class={`trouble ${one.level}`}>
            <p class="what">
              <span class="sign" aria-hidden="true">
                {one.level === 'error' ? '✕' : '!'}
              </span>
              <span class="hidden">{one.level}: </span>
              <Text of={one.what} />
              {date && (
                <span class="since">
                  {' '}
                  since {moment(date)} (<Ago at={one.since} />)
                </span>
              )}
            </p>
            {one.todo && (
              <p class="todo">
                <Text of={one.todo} />
              </p>
            )}
          </div>
        );
      })}
      {list.length > 20 && <p class="quiet">and {plural(list.length - 20, 'more', 'more')}</p>}
    </section>
  );
}

// The heading of a page: takes the focus when the reader comes here, and names the tab.
export function Title({ text, children }: { text: string; children?: ComponentChildren }): JSX.Element {
  const head = useRef<HTMLHeadingElement>(null);
  const move = moves.value;
  useEffect(() => {
    document.title = `${clean(text, 80)} – ${session.peek()?.name ?? 'simswarm'}`;
  }, [text]);
  useEffect(() => {
    if (move > 0) head.current?.focus({ preventScroll: true });
  }, [move]);
  return (
    <h1 ref={head} tabIndex={-1}>
      {children ?? <Text of={text} most={160} />}
    </h1>
  );
}

// A page whose data are on their way, or refused.
export function WaitingPage({
  title,
  failure,
  what,
}: {
  title: string;
  failure: Failure | null;
  what: string;
}): JSX.Element {
  return (
    <>
      <div class="head">
        <Title text={title} />
      </div>
      <Waiting failure={failure} what={what} />
    </>
  );
}

function LoginPage(): JSX.Element {
  const [token, setToken] = useState('');
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const now = session.value!;
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!token.trim() || busy) return;
    setBusy(true);
    setError('');
    try {
      await login({ token: token.trim() });
      enter();
    } catch (failure) {
      setError(sayFailure(failure));
    }
    setBusy(false);
  };
  useEffect(() => {
    document.title = `Log in – ${clean(now.name, 40)}`;
  }, []);
  return (
    <main class="login" id="main">
      <Mark />
      <h1>
        {clean(now.name, 40)} {clean(now.service, 20)}
      </h1>
      <form onSubmit={(event) => void submit(event)}>
        <label for="token">Token</label>
        <input
          id="token"
          type="password"
          autocomplete="current-password"
          autofocus
          value={token}
          maxLength={512}
          aria-describedby="token-help token-error"
          onInput={(event) => setToken(event.currentTarget.value)}
        />
        <p id="token-error" class="bad" role="alert">
          {error && <Text of={error} />}
        </p>
        <button type="submit" class="primary" disabled={busy}>
          Log in
        </button>
        <p id="token-help" class="quiet">
          The token was made by <code>simswarm init</code>. On the machine of the installation,{' '}
          <code>simswarm connect</code> prints a link that logs in without it.
        </p>
      </form>
    </main>
  );
}

function enter(): void {
  startEvents();
  if (place.peek().path === '/login') {
    const next = place.peek().query.get('next') ?? '/';
    go(next.startsWith('/') && !next.startsWith('//') ? next : '/', true);
  }
}

// The one-time code of a link, in its fragment.
async function useCode(): Promise<void> {
  const code = /^#code=([0-9A-Za-z_-]{8,256})$/.exec(location.hash)?.[1];
  if (!code) return;
  history.replaceState(history.state, '', location.pathname + location.search);
  try {
    await login({ code });
  } catch (error) {
    const text =
      error instanceof Failure && error.status === 401
        ? 'The link is used or older than a minute: ask for a new one.'
        : sayFailure(error);
    void act(() => Promise.reject(error instanceof Failure ? new Failure(error.status, text) : error));
  }
}

interface AppProps {
  ways: Way[];
  Page: () => JSX.Element;
}

function App({ ways, Page }: AppProps): JSX.Element {
  const inside = mayLook();
  useEffect(() => {
    if (!inside) stopEvents();
  }, [inside]);
  if (!inside)
    return (
      <>
        <LoginPage />
        <Dialogs />
      </>
    );
  return (
    <>
      <a class="skip" href="#main">
        To the content
      </a>
      <Header ways={ways} />
      <main id="main">
        <Page />
      </main>
      <footer class="foot quiet">
        simswarm {clean(session.value!.simswarm, 40)}
        {session.value!.local && ', on this machine'}
        {' · '}
        <a href="/api/v1/openapi.json">API</a>
      </footer>
      <OldBar />
      <Dialogs />
    </>
  );
}

function Unreachable(): JSX.Element {
  return (
    <main class="login" id="main">
      <Mark />
      <h1>simswarm</h1>
      <p role="status">The server does not answer. It is asked again by itself.</p>
    </main>
  );
}

export async function start(ways: Way[], Page: () => JSX.Element): Promise<void> {
  const root = document.getElementById('app')!;
  startTheme();
  startRouter();
  for (let tries = 0; session.peek() == null; tries++) {
    try {
      await loadSession();
    } catch {
      render(<Unreachable />, root);
      await new Promise((resolve) => setTimeout(resolve, Math.min(10_000, 1000 + 1000 * tries)));
    }
  }
  await useCode();
  if (mayLook()) enter();
  render(<App ways={ways} Page={Page} />, root);
}
