// The address is the view: path and query, as signals.
import { signal } from '@preact/signals';

export interface Place {
  path: string;
  query: URLSearchParams;
}

function here(): Place {
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}

export const place = signal<Place>(here());
// Grows with each move to another page; the focus then goes to the page's heading.
export const moves = signal(0);

const heights = new Map<string, number>(); // where the reader was on pages left
let key = String(Math.random());

function remember(): void {
  heights.set(key, window.scrollY);
  if (heights.size > 50) heights.delete(heights.keys().next().value as string);
}

function restore(height: number): void {
  let tries = 0;
  const step = (): void => {
    window.scrollTo(0, height);
    tries += 1;
    if (Math.abs(window.scrollY - height) > 2 && tries < 20) setTimeout(step, 50);
  };
  requestAnimationFrame(step);
}

export function go(address: string, replace = false): void {
  const target = new URL(address, location.href);
  const other = target.pathname !== location.pathname;
  remember();
  if (!replace) key = String(Math.random());
  history[replace ? 'replaceState' : 'pushState']({ key }, '', target.pathname + target.search + target.hash);
  place.value = here();
  if (other) {
    window.scrollTo(0, 0);
    moves.value += 1;
  }
}

export type Changes = Record<string, string | number | string[] | null>;

// The address of this page with some of its query changed; null and '' take a name out.
export function hereWith(changes: Changes): string {
  const query = new URLSearchParams(place.value.query);
  for (const [name, value] of Object.entries(changes)) {
    query.delete(name);
    if (value == null || value === '') continue;
    for (const one of Array.isArray(value) ? value : [value]) query.append(name, String(one));
  }
  const text = query.toString();
  return text ? `${place.value.path}?${text}` : place.value.path;
}

export function setQuery(changes: Changes, replace = true): void {
  go(hereWith(changes), replace);
}

export function queryNumber(name: string, otherwise: number): number {
  const value = Number(place.value.query.get(name));
  return place.value.query.get(name) && Number.isFinite(value) ? value : otherwise;
}

function followLink(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const link = (event.target as Element | null)?.closest?.('a');
  if (!link || link.target || link.hasAttribute('download')) return;
  const target = new URL(link.href, location.href);
  const own =
    target.origin === location.origin && !/^\/(api|assets|metrics|healthz|readyz)(\/|$)/.test(target.pathname);
  if (!own || link.getAttribute('href')!.startsWith('#')) return;
  event.preventDefault();
  go(target.href);
}

export function startRouter(): void {
  history.scrollRestoration = 'manual';
  history.replaceState({ key }, '', location.href);
  document.addEventListener('click', followLink);
  window.addEventListener('popstate', (event) => {
    const before = place.peek().path;
    remember();
    key = (event.state as { key?: string } | null)?.key ?? String(Math.random());
    place.value = here();
    if (before !== place.peek().path) moves.value += 1;
    restore(heights.get(key) ?? 0);
  });
}
