// What changed in the swarm, newest first.
import type { JSX } from 'preact';
import { useResource } from '../common/resource';
import { Table, type Column } from '../common/table';
import { Text } from '../common/text';
import { Ago, At, Stale, Waiting } from '../common/ui';
import type { SwarmEvents } from './types';
import { matcher, nodeAt, serviceAt, taskAt } from './words';

type SwarmEvent = SwarmEvents['events'][number];

const AT: Record<string, (id: string) => string> = { node: nodeAt, service: serviceAt, task: taskAt };

const COLUMNS: Column<SwarmEvent>[] = [
  { name: 'at', head: 'At', kind: 'tight', cell: (one) => <At at={one.at} /> },
  {
    name: 'ago',
    head: 'Ago',
    kind: 'tight',
    cell: (one) => (
      <span class="quiet">
        <Ago at={one.at} />
      </span>
    ),
  },
  { name: 'kind', head: 'What', kind: 'tight', cell: (one) => <Text of={one.kind} most={20} /> },
  {
    name: 'what',
    head: 'Change',
    kind: 'wide',
    cell: (one) =>
      AT[one.kind] ? (
        <a href={AT[one.kind]!(one.id)}>
          <Text of={one.what} most={200} />
        </a>
      ) : (
        <Text of={one.what} most={200} />
      ),
  },
];

const MOST = 300;

export function EventList({ filter }: { filter: string }): JSX.Element {
  const shown = useResource<SwarmEvents>('/api/v1/swarm/events', { topics: ['swarm'], every: 2000 });
  const { data } = shown;
  if (!data)
    return (
      <div class="card">
        <Waiting failure={shown.failure} what="the events" />
      </div>
    );
  const matches = matcher(filter);
  const rows = data.events.filter((one) => matches(one.kind, one.what)).slice(0, MOST);
  return (
    <div class="card">
      <Stale failure={shown.failure} />
      <Table
        label="Events"
        columns={COLUMNS}
        rows={rows}
        keyOf={(one) => `${one.at} ${one.id} ${one.what}`}
        empty="Nothing changed since the visualizer began to look."
      />
      {data.events.length > rows.length && rows.length === MOST && (
        <p class="quiet spaced">The newest {MOST}: filter to see others.</p>
      )}
    </div>
  );
}
