// Nodes, services and tasks as tables.
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { bytes, count, percent } from '../common/formats';
import { place } from '../common/router';
import { sortBy, Table, type Column } from '../common/table';
import { Text } from '../common/text';
import { For } from '../common/ui';
import type { Node, Service, Swarm, Task } from './types';
import { imageText, kindOf, labelsOf, matcher, nodeAt, nodeKind, nodeWord, serviceAt, Sign, taskAt } from './words';

const NODES: Column<Node>[] = [
  {
    name: 'host',
    head: 'Node',
    rowHead: true,
    cell: (one) => (
      <a href={nodeAt(one.id)}>
        <Text of={one.host} most={60} />
      </a>
    ),
  },
  {
    name: 'state',
    head: 'State',
    cell: (one) => (
      <>
        <Sign kind={nodeKind(one)} word={nodeWord(one)} />
        {one.message && (
          <div class="bad">
            <Text of={one.message} most={120} />
          </div>
        )}
      </>
    ),
  },
  { name: 'role', head: 'Role', cell: (one) => `${one.role}${one.leader ? ', leader' : ''}` },
  { name: 'running', head: 'Tasks running', kind: 'number', cell: (one) => count(one.running) },
  {
    name: 'cores',
    head: 'Cores reserved',
    kind: 'number',
    cell: (one) => `${one.reserved_cores ?? 0} of ${one.cores ?? '–'}`,
  },
  {
    name: 'memory',
    head: 'Memory reserved',
    kind: 'number',
    cell: (one) => `${bytes(one.reserved_memory ?? 0)} of ${bytes(one.memory)}`,
  },
  { name: 'address', head: 'Address', cell: (one) => <Text of={one.address ?? '–'} most={50} /> },
  { name: 'engine', head: 'Engine', cell: (one) => <Text of={one.engine ?? '–'} most={30} /> },
  {
    name: 'labels',
    head: 'Labels',
    cell: (one) => (
      <span class="labels">
        {labelsOf(one)
          .slice(0, 12)
          .map((label) => (
            <span key={label.name} class="label">
              <Text of={`${label.name}=${label.value}`} most={50} />
            </span>
          ))}
      </span>
    ),
  },
];

const SERVICES: Column<Service>[] = [
  {
    name: 'name',
    head: 'Service',
    rowHead: true,
    cell: (one) => (
      <a href={serviceAt(one.id)}>
        <Text of={one.name} most={60} />
      </a>
    ),
  },
  {
    name: 'running',
    head: 'Run',
    kind: 'number',
    cell: (one) => (
      <span class={(one.running ?? 0) < (one.wanted ?? 0) ? 'bad' : ''}>
        {count(one.running)} of {count(one.wanted)}
      </span>
    ),
  },
  { name: 'mode', head: 'Mode', cell: (one) => one.mode ?? '–' },
  { name: 'stack', head: 'Stack', cell: (one) => <Text of={one.stack ?? '–'} most={40} /> },
  { name: 'image', head: 'Image', cell: (one) => <Text of={(one.image ?? '–').split('@')[0]} most={80} /> },
  {
    name: 'update',
    head: 'Update',
    kind: 'wide',
    cell: (one) => <Text of={[one.update, one.update_message].filter(Boolean).join(': ')} most={160} />,
  },
];

function TaskState({ of }: { of: Task }): JSX.Element {
  return (
    <>
      <Sign kind={kindOf(of)} word={of.state} />
      {of.desired && of.desired !== of.state && (
        <div class="quiet">
          shall be <Text of={of.desired} most={20} />
        </div>
      )}
    </>
  );
}

function NodeLink({ of }: { of: Task }): JSX.Element {
  if (!of.node) return <>–</>;
  return (
    <a href={nodeAt(of.node)}>
      <Text of={of.host ?? of.node} most={50} />
    </a>
  );
}

function WhatItRuns({ of }: { of: Task }): JSX.Element {
  return (
    <>
      {of.runs?.slice(0, 4).map((run) => (
        <div key={run.name}>
          <Text of={run.name} most={60} />
          {run.fraction != null && ` ${percent(run.fraction)}`}
        </div>
      ))}
    </>
  );
}

export function taskColumns(names: Map<string, string>): Column<Task>[] {
  return [
    {
      name: 'name',
      head: 'Task',
      sort: 'name',
      rowHead: true,
      cell: (one) => (
        <a href={taskAt(one.id)}>
          <Text of={one.name || one.id} most={70} />
        </a>
      ),
    },
    {
      name: 'state',
      head: 'State',
      sort: 'state',
      cell: (one) => <TaskState of={one} />,
    },
    { name: 'since', head: 'For', sort: 'since', kind: 'number', cell: (one) => <For since={one.since} /> },
    {
      name: 'node',
      head: 'Node',
      sort: 'node',
      cell: (one) => <NodeLink of={one} />,
    },
    {
      name: 'service',
      head: 'Service',
      cell: (one) => (
        <a href={serviceAt(one.service_id)}>
          <Text of={names.get(one.service_id) ?? one.service} most={50} />
        </a>
      ),
    },
    { name: 'image', head: 'Image', cell: (one) => <Text of={imageText(one.image)} most={50} /> },
    { name: 'restarts', head: 'Restarts', sort: 'restarts', kind: 'number', cell: (one) => count(one.restarts ?? 0) },
    {
      name: 'error',
      head: 'Error',
      kind: 'wide',
      cell: (one) => (
        <>
          <Text class="bad" of={one.error ?? ''} most={160} />
          {one.exit_code != null && one.exit_code !== 0 && <span class="quiet"> (code {one.exit_code})</span>}
        </>
      ),
    },
    {
      name: 'runs',
      head: 'What it runs',
      kind: 'wide',
      cell: (one) => <WhatItRuns of={one} />,
    },
  ];
}

export function NodeTable({ swarm, filter }: { swarm: Swarm; filter: string }): JSX.Element {
  const matches = matcher(filter);
  const rows = swarm.nodes.filter((one) =>
    matches(
      one.host,
      one.role,
      nodeWord(one),
      one.address,
      ...labelsOf(one).map((label) => `${label.name}=${label.value}`),
    ),
  );
  return <Table label="Nodes" columns={NODES} rows={rows} keyOf={(one) => one.id} empty="No node matches." />;
}

export function ServiceTable({ swarm, filter }: { swarm: Swarm; filter: string }): JSX.Element {
  const matches = matcher(filter);
  return (
    <Table
      label="Services"
      columns={SERVICES}
      rows={swarm.services.filter((one) => matches(one.name, one.image, one.stack, one.mode))}
      keyOf={(one) => one.id}
      empty="No service matches."
    />
  );
}

const byName = (a: Task, b: Task): number =>
  a.name.localeCompare(b.name, 'en', { numeric: true }) || (a.id < b.id ? -1 : 1);
// By time in a state: the shortest first.
const ORDERS: Record<string, (a: Task, b: Task) => number> = {
  state: (a, b) => a.state.localeCompare(b.state) || byName(a, b),
  since: (a, b) => (b.since ?? '').localeCompare(a.since ?? '') || byName(a, b),
  node: (a, b) => (a.host ?? '').localeCompare(b.host ?? '') || byName(a, b),
  restarts: (a, b) => (a.restarts ?? 0) - (b.restarts ?? 0) || byName(a, b),
};

export function TaskTable({
  swarm,
  tasks,
  filter = '',
}: {
  swarm: Swarm;
  tasks: Task[];
  filter?: string;
}): JSX.Element {
  const matches = matcher(filter);
  const sort = place.value.query.get('sort') ?? 'name';
  const order = place.value.query.get('order') ?? 'asc';
  const names = new Map(swarm.services.map((one) => [one.id, one.name]));
  const columns = useMemo(() => taskColumns(names), [swarm.services]);
  const rows = tasks
    .filter((one) => matches(one.name, names.get(one.service_id), one.state, one.host, one.image, one.error))
    .sort(ORDERS[sort] ?? byName);
  if (order === 'desc') rows.reverse();
  return (
    <Table
      label="Tasks"
      columns={columns}
      rows={rows}
      sort={sort}
      order={order}
      onSort={sortBy}
      keyOf={(one) => one.id}
      empty="No task matches."
    />
  );
}
