// The overview: what is wrong, what is under way, who works.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { post } from '../common/api';
import { act, ask } from '../common/dialog';
import { troubles, troublesOf } from '../common/events';
import { count, percent, plural } from '../common/formats';
import { useResource } from '../common/resource';
import { isLocal, mayChange } from '../common/session';
import { Title, Troubles } from '../common/shell';
import { Table, type Column } from '../common/table';
import { Text } from '../common/text';
import { Ago, Meter, Section, Stale, State, Waiting } from '../common/ui';
import { CampaignTable, Failures } from './campaign_table';
import { campaignAt, Link, queueAt, WorkerLink } from './links';
import type { Counts, Overview, Queue, Worker } from './types';

function Tile({
  name,
  figure,
  of,
  more,
  bad,
  children,
}: {
  name: string;
  figure: number | null;
  of?: number;
  more?: string;
  bad?: boolean;
  children?: JSX.Element;
}): JSX.Element {
  return (
    <div class={bad ? 'tile bad' : 'tile'}>
      <span class="name">{name}</span>
      <span class="figure">
        {count(figure)}
        {of != null && <small> of {count(of)}</small>}
      </span>
      {children ?? <span class="more">{more}</span>}
    </div>
  );
}

// Of campaigns on one machine there is neither queue nor worker: their processes work.
function LocalTotals({ of, active }: { of: Overview; active: number }): JSX.Element {
  const sum = (part: (one: Overview['campaigns'][number]) => number): number =>
    of.campaigns.reduce((all, one) => all + part(one), 0);
  const failed = sum((one) => one.failed);
  return (
    <div class="tiles" role="group" aria-label="Totals">
      <Tile
        name="Cores busy"
        figure={of.totals.running}
        of={of.totals.slots || undefined}
        more={of.totals.slots ? '' : 'Nothing goes on.'}
      />
      <Tile name="Campaigns that go on" figure={active} more={`${count(of.campaigns_total)} in all`} />
      <Tile name="Runs that wait" figure={sum((one) => one.waiting)} />
      <Tile name="Complete runs" figure={sum((one) => one.finished)} />
      <Tile name="Failed runs" figure={failed} bad={failed > 0} />
    </div>
  );
}

function Totals({ of }: { of: Overview }): JSX.Element {
  const { totals } = of;
  const busy = totals.slots > 0 ? totals.running / totals.slots : 0;
  const active = of.campaigns.filter((one) => one.waiting + one.running > 0).length;
  const building = of.campaigns.filter((one) => one.building).length;
  if (isLocal()) return <LocalTotals of={of} active={active} />;
  return (
    <div class="tiles" role="group" aria-label="Totals">
      <Tile name="Cores busy" figure={totals.running} of={totals.slots}>
        <Meter value={busy} label={`${percent(busy)} of the cores are busy`} />
      </Tile>
      <Tile name="Workers" figure={totals.workers} more={totals.workers ? '' : 'Nobody works.'} />
      <Tile
        name="Campaigns with work"
        figure={active}
        more={`${count(of.campaigns_total)} in all${building ? `, ${count(building)} being built` : ''}`}
      />
      <Tile
        name="Jobs that wait"
        figure={totals.queued + totals.scheduled}
        more={totals.deferred ? `${count(totals.deferred)} more wait for others` : ''}
      />
      <Tile name="Finished jobs" figure={totals.finished} />
      <Tile name="Failed jobs" figure={totals.failed} bad={totals.failed > 0} />
    </div>
  );
}

export function SuspendButton({ suspended, done }: { suspended: boolean; done: () => void }): JSX.Element | null {
  const [busy, setBusy] = useState(false);
  if (!mayChange()) return suspended ? <State of="suspended" word="suspended: no job begins" /> : null;
  const change = async (): Promise<void> => {
    const text = suspended
      ? 'Workers begin waiting jobs again.'
      : 'Workers finish what they run, and begin no other job until this is resumed. This holds for all queues.';
    const name = suspended ? 'Resume' : 'Suspend';
    if (!(await ask(`${name} all work?`, text, name))) return;
    setBusy(true);
    await act(async () => {
      const answer = await post<{ suspended: boolean }>(suspended ? '/api/v1/resume' : '/api/v1/suspend', {});
      return answer.suspended ? 'Suspended: no job begins until it is resumed.' : 'Resumed.';
    });
    setBusy(false);
    done();
  };
  return (
    <span class="row">
      {suspended && <State of="suspended" word="suspended: no job begins" />}
      <button type="button" class={suspended ? 'primary' : ''} disabled={busy} onClick={() => void change()}>
        {suspended ? 'Resume work' : 'Suspend work'}
      </button>
    </span>
  );
}

const jobs = (state: keyof Counts, head: string): Column<Queue> => ({
  name: state,
  head,
  kind: 'number',
  cell: (one) =>
    one[state] ? (
      <a href={queueAt(one.name, state)} aria-label={`${count(one[state])} ${state}`}>
        {count(one[state])}
      </a>
    ) : (
      <span class="quiet">0</span>
    ),
});

const QUEUES: Column<Queue>[] = [
  {
    name: 'name',
    head: 'Queue',
    rowHead: true,
    kind: 'wide',
    cell: (one) => <Link to={queueAt(one.name)} text={one.name} />,
  },
  {
    name: 'campaign',
    head: 'Campaign',
    cell: (one) =>
      one.campaign_id ? (
        <Link to={campaignAt(one.campaign_id)} text={one.campaign ?? one.campaign_id} most={50} />
      ) : (
        <span class="quiet">–</span>
      ),
  },
  { name: 'priority', head: 'Priority', kind: 'number', cell: (one) => one.priority ?? 0 },
  jobs('deferred', 'Deferred'),
  jobs('scheduled', 'Scheduled'),
  jobs('queued', 'Queued'),
  jobs('started', 'Started'),
  jobs('finished', 'Finished'),
  {
    name: 'failed',
    head: 'Failed',
    kind: 'number',
    cell: (one) => <Failures n={one.failed} to={queueAt(one.name, 'failed')} />,
  },
  jobs('canceled', 'Cancelled'),
];

export const WORKERS: Column<Worker>[] = [
  { name: 'name', head: 'Worker', rowHead: true, cell: (one) => <WorkerLink name={one.name} /> },
  { name: 'host', head: 'Host', cell: (one) => <Text of={one.host ?? '–'} most={40} /> },
  { name: 'state', head: 'State', cell: (one) => <State of={one.state} /> },
  { name: 'busy', head: 'Cores busy', kind: 'number', cell: (one) => `${one.running ?? '–'} of ${one.slots ?? '–'}` },
  {
    name: 'obstacle',
    head: 'What hinders it',
    cell: (one) => (one.obstacle ? <Text class="bad" of={one.obstacle} most={120} /> : ''),
  },
  { name: 'finished', head: 'Finished', kind: 'number', cell: (one) => count(one.finished) },
  { name: 'failed', head: 'Failed', kind: 'number', cell: (one) => count(one.failed) },
  { name: 'version', head: 'Version', cell: (one) => <Text of={one.version ?? '–'} most={20} /> },
  { name: 'cpu', head: 'Processor', cell: (one) => <Text of={one.cpu ?? '–'} most={48} /> },
  { name: 'seen', head: 'Seen', kind: 'number', cell: (one) => <Ago at={one.seen} /> },
];

function Workers({ list, total }: { list: Worker[]; total: number }): JSX.Element {
  const [filter, setFilter] = useState('');
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = list.filter((one) =>
    words.every((word) =>
      `${one.name} ${one.host} ${one.state} ${one.obstacle ?? ''} ${one.cpu ?? ''}`.toLowerCase().includes(word),
    ),
  );
  const aside = (
    <label class="search">
      <span class="hidden">Filter workers</span>
      <input
        type="search"
        placeholder="Filter workers"
        value={filter}
        onInput={(event) => setFilter(event.currentTarget.value)}
      />
    </label>
  );
  return (
    <Section title="Workers" aside={aside}>
      {total > list.length && (
        <p class="quiet">
          The first {count(list.length)} of {plural(total, 'worker')}.
        </p>
      )}
      <Table
        label="Workers"
        low
        columns={WORKERS}
        rows={rows}
        keyOf={(one) => one.name}
        empty={list.length ? 'No worker matches the filter.' : 'There is no worker. Start one: simswarm worker run.'}
      />
    </Section>
  );
}

export function OverviewPage(): JSX.Element {
  const shown = useResource<Overview>('/api/v1/overview', { topics: ['overview'] });
  const { data } = shown;
  const list = troubles.value.length ? troubles.value : troublesOf(data?.trouble);
  return (
    <>
      <div class="head">
        <Title text="Overview" />
        <span class="grow" />
        {data && <SuspendButton suspended={data.suspended} done={shown.again} />}
      </div>
      {!data && (list.length > 0 ? <Troubles list={list} /> : null)}
      {!data && <Waiting failure={shown.failure} what="the overview" />}
      {data && (
        <>
          <Troubles list={list} />
          <Stale failure={shown.failure} />
          <Totals of={data} />
          <Section
            title="Campaigns"
            aside={
              data.campaigns_total > data.campaigns.length && (
                <a href="/campaigns">All {count(data.campaigns_total)} campaigns</a>
              )
            }
          >
            <CampaignTable rows={data.campaigns} />
          </Section>
          {!isLocal() && (
            <Section title="Queues">
              <Table
                label="Queues"
                low
                columns={QUEUES}
                rows={data.queues}
                keyOf={(one) => one.name}
                empty="There is no queue."
              />
            </Section>
          )}
          {!isLocal() && <Workers list={data.workers} total={data.workers_total ?? data.workers.length} />}
        </>
      )}
    </>
  );
}
