// Addresses of what the dashboard shows, and names that lead there.
import type { JSX } from 'preact';
import { apiPath } from '../common/api';
import { Text } from '../common/text';

export const campaignAt = (id: string): string => apiPath`/campaigns/${id}`;
export const runAt = (id: string, position: number): string => apiPath`/campaigns/${id}/runs/${position}`;
export const queueAt = (name: string, state?: string): string =>
  apiPath`/queues/${name}` + (state ? `?state=${encodeURIComponent(state)}` : '');
export const jobAt = (id: string): string => apiPath`/jobs/${id}`;
export const workerAt = (name: string): string => apiPath`/workers/${name}`;
export const buildAt = (key: string): string => apiPath`/builds/${key}`;

export function Link({ to, text, most = 80 }: { to: string; text: string; most?: number }): JSX.Element {
  return (
    <a href={to}>
      <Text of={text || '(no name)'} most={most} />
    </a>
  );
}

export function WorkerLink({ name }: { name: string | null | undefined }): JSX.Element {
  return name ? <Link to={workerAt(name)} text={name} most={40} /> : <span class="quiet">–</span>;
}
