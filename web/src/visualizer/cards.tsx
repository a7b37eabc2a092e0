// Nodes as cards with their tasks as boxes; or services as cards.
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { bytes, count, percent } from '../common/formats';
import { memo } from '../common/memo';
import { clean, Text } from '../common/text';
import { For, Meter } from '../common/ui';
import type { Node, Service, Swarm, Task } from './types';
import {
  hasFailed,
  imageText,
  kindOf,
  labelsOf,
  matcher,
  nodeAt,
  nodeKind,
  nodeWord,
  serviceAt,
  Sign,
  signOf,
  taskAt,
} from './words';

interface BoxProps {
  task: Task;
  title: string;
}

function PlainBox({ task, title }: BoxProps): JSX.Element {
  const kind = kindOf(task);
  const run = task.runs?.[0];
  return (
    <a class={`task s-${kind}${hasFailed(task) ? ' bad-task' : ''}`} href={taskAt(task.id)}>
      <span class="edge" aria-hidden="true">
        {signOf(kind)}
      </span>
      <span class="task-text">
        <span class="name">
          <Text of={title} most={40} />
          {task.slot ? <span class="slot">.{task.slot}</span> : null}
        </span>
        <span class="quiet">
          <Text of={imageText(task.image)} most={40} />
        </span>
        <span class="line">
          <span class="word">
            <Text of={task.state} most={20} />
          </span>{' '}
          <For since={task.since} />
          {task.restarts ? <span title="times restarted"> · {count(task.restarts)} restarts</span> : null}
        </span>
        {task.error && (
          <span class="bad">
            <Text of={task.error} most={90} />
          </span>
        )}
        {!task.error && run && (
          <span class="quiet run-of">
            <Text of={run.name} most={48} />
            {run.fraction != null && ` ${percent(run.fraction)}`}
            {task.runs!.length > 1 && ` and ${task.runs!.length - 1} more`}
          </span>
        )}
      </span>
    </a>
  );
}

const Box = memo(PlainBox);

interface NodeProps {
  node: Node;
  tasks: { task: Task; title: string }[];
  all: number;
}

function NodeCard({ node, tasks, all }: NodeProps): JSX.Element {
  const kind = nodeKind(node);
  const labels = labelsOf(node);
  return (
    <section class={`node s-${kind} ${kind === 'completed' ? '' : 'odd'}`} aria-label={`Node ${clean(node.host, 60)}`}>
      <div class="node-head">
        <h2>
          <a href={nodeAt(node.id)}>
            <Text of={node.host} most={60} />
          </a>
        </h2>
        <Sign kind={kind} word={nodeWord(node)} />
        <span class="quiet facts-line">
          {node.role}
          {node.leader && ', leader'} · {node.cores ?? '–'} cores · {bytes(node.memory)}
        </span>
        <span
          class="reserve"
          title={`Reserved: ${node.reserved_cores ?? 0} cores, ${bytes(node.reserved_memory ?? 0)}`}
        >
          <Meter
            value={node.cores ? (node.reserved_cores ?? 0) / node.cores : 0}
            label={`${node.reserved_cores ?? 0} of ${node.cores ?? '–'} cores reserved`}
          />
          <Meter
            value={node.memory ? (node.reserved_memory ?? 0) / node.memory : 0}
            label={`${bytes(node.reserved_memory ?? 0)} of ${bytes(node.memory)} reserved`}
          />
        </span>
        {labels.length > 0 && (
          <span class="labels">
            {labels.slice(0, 6).map((one) => (
              <span key={one.name} class="label">
                <Text of={`${one.name}=${one.value}`} most={36} />
              </span>
            ))}
          </span>
        )}
        {node.message && (
          <span class="bad">
            <Text of={node.message} most={120} />
          </span>
        )}
      </div>
      <div class="boxes">
        {tasks.map(({ task, title }) => (
          <Box key={task.id} task={task} title={title} />
        ))}
        {tasks.length === 0 && (
          <span class="quiet none">{all ? 'No task matches the filter.' : 'No task is here.'}</span>
        )}
      </div>
    </section>
  );
}

interface Grouped {
  node: Node;
  tasks: { task: Task; title: string }[];
  all: number;
}

function byNode(swarm: Swarm, filter: string): Grouped[] {
  const matches = matcher(filter);
  const names = new Map(swarm.services.map((one) => [one.id, one.name]));
  const groups = new Map<string, Grouped>(swarm.nodes.map((node) => [node.id, { node, tasks: [], all: 0 }]));
  for (const task of swarm.tasks) {
    const group = groups.get(task.node ?? '');
    if (!group) continue;
    group.all += 1;
    const title = names.get(task.service_id) ?? task.name;
    const { node } = group;
    if (
      matches(
        title,
        task.name,
        task.image,
        task.state,
        task.error,
        node.host,
        node.role,
        nodeWord(node),
        task.runs?.map((run) => run.name).join(' '),
        ...labelsOf(node).map((one) => `${one.name}=${one.value}`),
      )
    )
      group.tasks.push({ task, title });
  }
  for (const group of groups.values()) {
    group.tasks.sort((a, b) =>
      a.title < b.title
        ? -1
        : a.title > b.title
          ? 1
          : (a.task.slot ?? 0) - (b.task.slot ?? 0) || (a.task.id < b.task.id ? -1 : 1),
    );
  }
  const rank = (node: Node): number => (node.state === 'ready' ? (node.role === 'manager' ? 1 : 2) : 0);
  return [...groups.values()]
    .filter(
      (group) => !filter || group.tasks.length > 0 || matches(group.node.host, group.node.role, nodeWord(group.node)),
    )
    .sort((a, b) => rank(a.node) - rank(b.node) || (a.node.host < b.node.host ? -1 : 1));
}

export function NodeCards({ swarm, filter }: { swarm: Swarm; filter: string }): JSX.Element {
  const groups = useMemo(() => byNode(swarm, filter), [swarm, filter]);
  const homeless = useMemo(() => {
    const known = new Set(swarm.nodes.map((one) => one.id));
    return swarm.tasks.filter((task) => !known.has(task.node ?? ''));
  }, [swarm]);
  return (
    <>
      {homeless.length > 0 && (
        <section class="node odd s-timed_out wide-node" aria-label="Tasks without a node">
          <div class="node-head">
            <h2>Without a node</h2>
            <span class="quiet">They wait for a place, or their node is gone.</span>
          </div>
          <div class="boxes">
            {homeless.map((task) => (
              <Box
                key={task.id}
                task={task}
                title={swarm.services.find((one) => one.id === task.service_id)?.name ?? task.name}
              />
            ))}
          </div>
        </section>
      )}
      <div class="nodes">
        {groups.map(({ node, tasks, all }) => (
          <NodeCard key={node.id} node={node} tasks={tasks} all={all} />
        ))}
      </div>
      {groups.length === 0 && (
        <p class="note quiet">{filter ? 'Nothing matches the filter.' : 'The swarm has no node.'}</p>
      )}
    </>
  );
}

function ServiceCard({ service, tasks }: { service: Service; tasks: Task[] }): JSX.Element {
  const short = (service.running ?? 0) < (service.wanted ?? 0);
  return (
    <section
      class={`node ${short ? 'odd s-timed_out' : 's-completed'}`}
      aria-label={`Service ${clean(service.name, 60)}`}
    >
      <div class="node-head">
        <h2>
          <a href={serviceAt(service.id)}>
            <Text of={service.name} most={60} />
          </a>
        </h2>
        <Sign
          kind={short ? 'timed_out' : 'completed'}
          word={`${count(service.running)} of ${count(service.wanted)} run`}
        />
        <span class="quiet facts-line">
          {service.mode} · <Text of={imageText(service.image)} most={60} />
        </span>
        {service.update_message && (
          <span class="quiet">
            <Text of={service.update_message} most={120} />
          </span>
        )}
      </div>
      <div class="boxes">
        {tasks.map((task) => (
          <Box key={task.id} task={task} title={task.host ?? 'no node'} />
        ))}
      </div>
    </section>
  );
}

export function ServiceCards({ swarm, filter }: { swarm: Swarm; filter: string }): JSX.Element {
  const groups = useMemo(() => {
    const matches = matcher(filter);
    return swarm.services
      .map((service) => ({
        service,
        tasks: swarm.tasks
          .filter(
            (task) =>
              task.service_id === service.id &&
              matches(service.name, task.name, task.image, task.state, task.error, task.host),
          )
          .sort((a, b) => (a.slot ?? 0) - (b.slot ?? 0) || ((a.host ?? '') < (b.host ?? '') ? -1 : 1)),
      }))
      .filter(({ service, tasks }) => tasks.length > 0 || matches(service.name, service.image));
  }, [swarm, filter]);
  return (
    <div class="nodes by-service">
      {groups.map(({ service, tasks }) => (
        <ServiceCard key={service.id} service={service} tasks={tasks} />
      ))}
      {groups.length === 0 && (
        <p class="note quiet">{filter ? 'Nothing matches the filter.' : 'The swarm has no service.'}</p>
      )}
    </div>
  );
}
