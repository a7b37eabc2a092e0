// What can be done with jobs, and how it is asked and told.
import { apiPath, post } from '../common/api';
import { ask } from '../common/dialog';
import { count, plural } from '../common/formats';

export type JobAction = 'requeue' | 'cancel' | 'delete' | 'stop';
export type QueueAction = 'requeue' | 'cancel' | 'delete' | 'empty';

interface Offer {
  action: JobAction;
  text: string;
  danger: boolean;
  onlySome: boolean; // for chosen jobs alone, not for all of a state
}

const REQUEUE: Offer = { action: 'requeue', text: 'Requeue', danger: false, onlySome: false };
const CANCEL: Offer = { action: 'cancel', text: 'Cancel', danger: true, onlySome: false };
const DELETE: Offer = { action: 'delete', text: 'Delete', danger: true, onlySome: false };
const STOP: Offer = { action: 'stop', text: 'Stop', danger: true, onlySome: true };

export function allActionsOf(state: string): Offer[] {
  switch (state) {
    case 'started':
      return [STOP];
    case 'failed':
      return [REQUEUE, DELETE];
    case 'finished':
      return [REQUEUE, DELETE];
    case 'canceled':
      return [REQUEUE, DELETE];
    default:
      return [CANCEL, DELETE];
  }
}

const MEANING: Record<JobAction, string> = {
  requeue: 'They wait again at the end of their queue, with a new attempt each.',
  cancel: 'They do not run. They stay listed as cancelled, and can be requeued.',
  delete:
    'They disappear from the queue, with what is known of them. This cannot be undone. Results that were stored stay.',
  stop: 'The workers end them, and they count as failed.',
};

const MEANING_ONE: Record<JobAction, string> = {
  requeue: 'It waits again at the end of its queue, with a new attempt.',
  cancel: 'It does not run. It stays listed as cancelled, and can be requeued.',
  delete:
    'It disappears from the queue, with what is known of it. This cannot be undone. Results that were stored stay.',
  stop: 'The worker ends it, and it counts as failed.',
};

const WORD: Record<JobAction, string> = { requeue: 'Requeue', cancel: 'Cancel', delete: 'Delete', stop: 'Stop' };

export function confirmChange(action: JobAction, n: number, state: string, all: boolean): Promise<boolean> {
  const what = all
    ? `all ${plural(n, 'job')} that ${n === 1 ? 'is' : 'are'} ${state === 'canceled' ? 'cancelled' : state}`
    : plural(n, 'job');
  const danger = action === 'delete' || action === 'stop' || action === 'cancel';
  const meaning = (n === 1 ? MEANING_ONE : MEANING)[action];
  return ask(`${WORD[action]} ${what}?`, meaning, WORD[action], danger);
}

const PAST: Record<string, string> = {
  requeue: 'requeued',
  cancel: 'cancelled',
  delete: 'deleted',
  stop: 'asked to stop',
  empty: 'deleted',
};

function told(action: string, done: number, refused: number, other: string): string {
  return `${plural(done, 'job')} ${PAST[action]}${refused ? `, ${count(refused)} refused` : ''}${other}.`;
}

export async function changeSome(action: JobAction, ids: string[]): Promise<string> {
  const answer = await post<{ done: number; refused: number; gone: number }>('/api/v1/jobs', { action, ids });
  return told(action, answer.done, answer.refused, answer.gone ? `, ${count(answer.gone)} no longer there` : '');
}

// The server does a part at a time, and says how many are left. Not more than there were: those that are requeued may
// fail again meanwhile.
export async function changeAll(queue: string, action: QueueAction, state: string): Promise<string> {
  let done = 0;
  let refused = 0;
  let all = 0;
  for (let rounds = 0; rounds < 1000; rounds++) {
    const answer = await post<{ done: number; refused: number; left?: number }>(apiPath`/api/v1/queues/${queue}`, {
      action,
      state,
    });
    done += answer.done;
    refused += answer.refused;
    if (rounds === 0) all = done + refused + (answer.left ?? 0);
    if (!answer.left || answer.done === 0 || done + refused >= all) break;
  }
  return told(action, done, refused, '');
}
