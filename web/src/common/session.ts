// Who looks, and what he may do.
import { signal } from '@preact/signals';

export interface Session {
  service: string;
  name: string;
  simswarm: string;
  logged_in: boolean;
  login: boolean;
  csrf: string | null;
  may_change: boolean;
  local: boolean;
  store: boolean;
}

export const session = signal<Session | null>(null);

export function mayLook(): boolean {
  const now = session.value;
  return now != null && (now.logged_in || !now.login);
}

export function mayChange(): boolean {
  return mayLook() && session.value!.may_change;
}

// Campaigns of one machine, without queue and store.
export function isLocal(): boolean {
  return session.value?.local ?? false;
}

export function loggedOut(): void {
  const now = session.peek();
  if (now && now.login && now.logged_in) session.value = { ...now, logged_in: false, csrf: null };
}
