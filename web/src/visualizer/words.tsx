// States of tasks and nodes: the word, the kind of colour, the sign.
import type { JSX } from 'preact';
import { apiPath } from '../common/api';
import { Text } from '../common/text';
import type { Label, Node, Swarm, Task } from './types';

const KINDS: Record<string, string> = {
  running: 'completed',
  complete: 'known',
  failed: 'failed',
  rejected: 'failed',
  orphaned: 'lost',
  shutdown: 'cancelled',
  remove: 'cancelled',
  preparing: 'running',
  starting: 'running',
  ready: 'running',
  assigned: 'waiting',
  accepted: 'waiting',
  pending: 'timed_out',
  new: 'waiting',
  allocated: 'waiting',
};
const SIGNS: Record<string, string> = {
  completed: '✓',
  known: '=',
  failed: '✕',
  lost: '?',
  cancelled: '–',
  running: '▸',
  waiting: '·',
  timed_out: '…',
  stalled: '‖',
};

export const kindOf = (task: Task): string => KINDS[task.state] ?? 'unknown';
export const hasFailed = (task: Task): boolean => ['failed', 'rejected', 'orphaned'].includes(task.state);

export function nodeKind(node: Node): string {
  if (node.state !== 'ready') return node.state === 'down' ? 'failed' : 'lost';
  return node.availability === 'drain' ? 'cancelled' : node.availability === 'pause' ? 'stalled' : 'completed';
}

export function nodeWord(node: Node): string {
  const drained = { drain: 'drained', pause: 'paused' }[node.availability];
  return [node.state, drained].filter(Boolean).join(', ');
}

export function Sign({ kind, word }: { kind: string; word: string }): JSX.Element {
  return (
    <span class={`state s-${kind}`}>
      <span class="sign" aria-hidden="true">
        {SIGNS[kind] ?? ''}
      </span>
      <Text of={word} most={40} />
    </span>
  );
}

export const signOf = (kind: string): string => SIGNS[kind] ?? '';

// «redis:7.2-alpine@sha256:…» is shown as «redis:7.2-alpine».
export function imageText(image: string | null): string {
  const plain = (image ?? '').split('@')[0]!;
  return plain.split('/').slice(-1)[0]! || plain;
}

export function labelsOf(node: Node): Label[] {
  if (Array.isArray(node.labels)) return node.labels;
  return Object.entries(node.labels ?? {}).map(([name, value]) => ({ name, value }));
}

export function serviceName(swarm: Swarm, task: Task): string {
  return swarm.services.find((one) => one.id === task.service_id)?.name ?? task.name.split('.')[0] ?? task.service;
}

export const nodeAt = (id: string): string => apiPath`/nodes/${id}`;
export const serviceAt = (id: string): string => apiPath`/services/${id}`;
export const taskAt = (id: string): string => apiPath`/tasks/${id}`;

// All words of the filter occur in what is known of the task.
export function matcher(filter: string): (...texts: (string | null | undefined)[]) => boolean {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return (...texts) => {
    if (!words.length) return true;
    const all = texts.join(' ').toLowerCase();
    return words.every((word) => all.includes(word));
  };
}
