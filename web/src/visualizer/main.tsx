// The visualizer: the swarm's nodes, services and tasks, to be looked at.
import type { JSX } from 'preact';
import { troubles, troublesOf } from '../common/events';
import { bytes, count, plural } from '../common/formats';
import { useResource } from '../common/resource';
import { hereWith, place, setQuery } from '../common/router';
import { start, Title, Troubles } from '../common/shell';
import { Text } from '../common/text';
import { Search, Stale, Tabs, Waiting } from '../common/ui';
import { NodeCards, ServiceCards } from './cards';
import { NodePage, ServicePage, TaskPage } from './details';
import { EventList } from './events';
import { NodeTable, ServiceTable, TaskTable } from './tables';
import type { Swarm } from './types';
import { hasFailed } from './words';

function Tiles({ swarm }: { swarm: Swarm }): JSX.Element {
  const ready = swarm.nodes.filter((one) => one.state === 'ready');
  const drained = swarm.nodes.filter((one) => one.availability === 'drain').length;
  const paused = swarm.nodes.filter((one) => one.availability === 'pause').length;
  const running = swarm.tasks.filter((one) => one.state === 'running').length;
  const failed = swarm.tasks.filter(hasFailed).length;
  const short = swarm.services.filter((one) => (one.running ?? 0) < (one.wanted ?? 0)).length;
  const sum = (name: 'cores' | 'memory' | 'reserved_cores' | 'reserved_memory'): number =>
    ready.reduce((n, one) => n + (one[name] ?? 0), 0);
  const away = swarm.nodes.length - ready.length;
  return (
    <div class="tiles" role="group" aria-label="Totals">
      <div class={away ? 'tile bad' : 'tile'}>
        <span class="name">Nodes ready</span>
        <span class="figure">
          {count(ready.length)}
          <small> of {count(swarm.nodes.length)}</small>
        </span>
        <span class="more">
          {[drained ? `${drained} drained` : '', paused ? `${paused} paused` : ''].filter(Boolean).join(', ')}
        </span>
      </div>
      <div class="tile">
        <span class="name">Services</span>
        <span class="figure">{count(swarm.services.length)}</span>
        <span class="more">{short ? `${count(short)} with fewer tasks than wanted` : 'all as wanted'}</span>
      </div>
      <div class="tile">
        <span class="name">Tasks running</span>
        <span class="figure">
          {count(running)}
          <small> of {count(swarm.tasks.length)}</small>
        </span>
      </div>
      <div class={failed ? 'tile bad' : 'tile'}>
        <span class="name">Tasks failed</span>
        <span class="figure">{count(failed)}</span>
      </div>
      <div class="tile">
        <span class="name">Cores reserved</span>
        <span class="figure">
          {count(sum('reserved_cores'))}
          <small> of {count(sum('cores'))}</small>
        </span>
      </div>
      <div class="tile">
        <span class="name">Memory reserved</span>
        <span class="figure">{bytes(sum('reserved_memory'))}</span>
        <span class="more">of {bytes(sum('memory'))}</span>
      </div>
    </div>
  );
}

const VIEWS = [
  { name: 'cards', text: 'Cards' },
  { name: 'nodes', text: 'Nodes' },
  { name: 'services', text: 'Services' },
  { name: 'tasks', text: 'Tasks' },
  { name: 'events', text: 'Events' },
];

function View({ view, swarm, filter }: { view: string; swarm: Swarm; filter: string }): JSX.Element {
  switch (view) {
    case 'nodes':
      return (
        <div class="card">
          <NodeTable swarm={swarm} filter={filter} />
        </div>
      );
    case 'services':
      return (
        <div class="card">
          <ServiceTable swarm={swarm} filter={filter} />
        </div>
      );
    case 'tasks':
      return (
        <div class="card">
          <TaskTable swarm={swarm} tasks={swarm.tasks} filter={filter} />
        </div>
      );
    case 'events':
      return <EventList filter={filter} />;
    default:
      return place.value.query.get('group') === 'service' ? (
        <ServiceCards swarm={swarm} filter={filter} />
      ) : (
        <NodeCards swarm={swarm} filter={filter} />
      );
  }
}

function SwarmPage({ swarm }: { swarm: Swarm }): JSX.Element {
  const query = place.value.query;
  const asked = query.get('view') ?? 'cards';
  const view = VIEWS.some((one) => one.name === asked) ? asked : 'cards';
  const filter = query.get('filter') ?? '';
  const byService = query.get('group') === 'service';
  const list = troubles.value.length ? troubles.value : troublesOf(swarm.trouble);
  return (
    <>
      <div class="head">
        <Title text="Swarm" />
        {swarm.engine && (
          <span class="quiet">
            seen from <Text of={swarm.engine.host ?? '–'} most={40} />, engine{' '}
            <Text of={swarm.engine.version ?? '–'} most={20} />
          </span>
        )}
      </div>
      <Troubles list={list} />
      <Tiles swarm={swarm} />
      <Tabs
        label="Views of the swarm"
        tabs={VIEWS}
        chosen={view}
        choose={(next) => setQuery({ view: next === 'cards' ? null : next }, false)}
      >
        <div class="row spaced" role="search">
          <Search label="Filter tasks and nodes" value={filter} change={(text) => setQuery({ filter: text })} />
          {view === 'cards' && (
            <span class="row" role="group" aria-label="Cards for">
              <a class="button small" aria-current={byService ? undefined : 'true'} href={hereWith({ group: null })}>
                by node
              </a>
              <a
                class="button small"
                aria-current={byService ? 'true' : undefined}
                href={hereWith({ group: 'service' })}
              >
                by service
              </a>
            </span>
          )}
          <span class="grow" />
          <span class="quiet" role="status">
            {plural(swarm.tasks.length, 'task')} on {plural(swarm.nodes.length, 'node')}
          </span>
        </div>
        <View view={view} swarm={swarm} filter={filter} />
      </Tabs>
    </>
  );
}

function Page(): JSX.Element {
  const path = place.value.path;
  const [kind, id] = path
    .split('/')
    .slice(1)
    .map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    });
  const shown = useResource<Swarm>('/api/v1/swarm', { topics: ['swarm'] });
  const { data } = shown;
  if (!data)
    return (
      <>
        <div class="head">
          <Title text="Swarm" />
        </div>
        <Waiting failure={shown.failure} what="the swarm" />
      </>
    );
  return (
    <>
      <Stale failure={shown.failure} />
      {kind === 'nodes' && id ? (
        <NodePage key={path} swarm={data} id={id} />
      ) : kind === 'services' && id ? (
        <ServicePage key={path} swarm={data} id={id} />
      ) : kind === 'tasks' && id ? (
        <TaskPage key={path} swarm={data} id={id} />
      ) : path === '/' || kind === 'login' ? (
        <SwarmPage swarm={data} />
      ) : (
        <>
          <div class="head">
            <Title text="There is no such page" />
          </div>
          <p>
            <a href="/">To the swarm</a>
          </p>
        </>
      )}
    </>
  );
}

void start([{ path: '/', text: 'Swarm' }], Page);
