// The jobs of a queue: by state, newest first, with what can be done to one, many and all.
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { apiPath, post, withQuery } from '../common/api';
import { act } from '../common/dialog';
import { count, duration, plural, secondsSince } from '../common/formats';
import { place, queryNumber, setQuery } from '../common/router';
import { mayChange } from '../common/session';
import { Title } from '../common/shell';
import { Pager, Table, type Column } from '../common/table';
import { clean, Text } from '../common/text';
import { Ago, Search, Stale, State, Tabs, tick, Waiting } from '../common/ui';
import { useResource } from '../common/resource';
import { changeAll, changeSome, confirmChange, allActionsOf, type JobAction, type QueueAction } from './job_actions';
import { jobAt, Link, WorkerLink } from './links';
import { ProgressText } from './progress';
import type { Counts, Job, Seen } from './types';

const MOST = 100;
const STATES: { name: keyof Counts; text: string }[] = [
  { name: 'queued', text: 'Queued' },
  { name: 'started', text: 'Started' },
  { name: 'failed', text: 'Failed' },
  { name: 'finished', text: 'Finished' },
  { name: 'canceled', text: 'Cancelled' },
  { name: 'scheduled', text: 'Scheduled' },
  { name: 'deferred', text: 'Deferred' },
];

interface JobList extends Seen {
  total: number;
  searched?: number | null;
  counts: Counts;
  workers: number | null;
  priority: number | null;
  suspended: boolean;
  jobs: Job[];
}

const NAME: Column<Job> = {
  name: 'id',
  head: 'Job',
  rowHead: true,
  kind: 'wide',
  cell: (job) => (
    <>
      <Link to={jobAt(job.id)} text={job.description || job.id} most={120} />
      {job.description && job.description !== job.id && (
        <div class="quiet mono">
          <Text of={job.id} most={60} />
        </div>
      )}
    </>
  ),
};
const ATTEMPT: Column<Job> = { name: 'attempt', head: 'Attempt', kind: 'number', cell: (job) => job.attempt ?? '–' };
const WORKER: Column<Job> = { name: 'worker', head: 'Worker', cell: (job) => <WorkerLink name={job.worker} /> };
const ERROR: Column<Job> = {
  name: 'error',
  head: 'Error',
  kind: 'wide',
  cell: (job) => (job.error ? <Text class="bad" of={job.error} most={200} /> : ''),
};

function Running({ since }: { since: string | null }): JSX.Element {
  return <>{duration(secondsSince(since, tick.value))}</>;
}

function time(name: 'created' | 'enqueued' | 'started' | 'ended', head: string): Column<Job> {
  return { name, head, kind: 'number', cell: (job) => <Ago at={job[name]} /> };
}

function columnsOf(state: string): Column<Job>[] {
  switch (state) {
    case 'started':
      return [
        NAME,
        { name: 'progress', head: 'Progress', kind: 'wide', cell: (job) => <ProgressText of={job.progress} /> },
        WORKER,
        ATTEMPT,
        { name: 'runs', head: 'Runs for', kind: 'number', cell: (job) => <Running since={job.started} /> },
        { name: 'stop', head: 'Asked to stop', cell: (job) => (job.stop_requested ? 'yes' : '') },
      ];
    case 'failed':
      return [NAME, ERROR, WORKER, ATTEMPT, time('ended', 'Failed')];
    case 'finished':
      return [
        NAME,
        WORKER,
        ATTEMPT,
        {
          name: 'took',
          head: 'Took',
          kind: 'number',
          cell: (job) =>
            duration(job.started && job.ended ? (Date.parse(job.ended) - Date.parse(job.started)) / 1000 : null),
        },
        time('ended', 'Finished'),
      ];
    case 'canceled':
      return [NAME, ERROR, WORKER, ATTEMPT, time('ended', 'Cancelled')];
    default:
      return [
        NAME,
        ATTEMPT,
        { name: 'lost', head: 'Lost on', cell: (job) => <Text of={(job.lost_on ?? []).join(', ')} most={80} /> },
        time('created', 'Created'),
        time('enqueued', 'Enqueued'),
      ];
  }
}

function Priority({ name, now, done }: { name: string; now: number; done: () => void }): JSX.Element {
  const change = (priority: number): void =>
    void act(async () => {
      await post(apiPath`/api/v1/queues/${name}`, { action: 'priority', priority });
      done();
      return `The queue's priority is ${priority}.`;
    });
  return (
    <label class="field">
      Priority
      <select
        value={String(now)}
        onChange={(event) => change(Number(event.currentTarget.value))}
        title="Higher ones come first"
      >
        {Array.from({ length: 21 }, (_, i) => 10 - i).map((value) => (
          <option key={value} value={String(value)}>
            {value}
          </option>
        ))}
      </select>
    </label>
  );
}

interface BulkProps {
  queue: string;
  state: string;
  chosen: Set<string>;
  total: number;
  done: () => void;
}

// With rows chosen the buttons mean those; else all of the state.
function Bulk({ queue, state, chosen, total, done }: BulkProps): JSX.Element {
  const [busy, setBusy] = useState(false);
  const ids = [...chosen];
  const some = ids.length > 0;
  const list = allActionsOf(state);
  const change = async (action: JobAction): Promise<void> => {
    if (!some && action === 'stop') return;
    if (!(await confirmChange(action, some ? ids.length : total, state, !some))) return;
    setBusy(true);
    await act(() => (some ? changeSome(action, ids) : changeAll(queue, action as QueueAction, state)));
    setBusy(false);
    done();
  };
  const n = some ? ids.length : total;
  return (
    <div class="bulk" role="group" aria-label="What to do with jobs">
      <span class="said-count" aria-live="polite">
        {some ? `${plural(n, 'job')} selected` : `All ${plural(total, 'job')} of this state`}
      </span>
      {list.map(({ action, text, danger, onlySome }) => (
        <button
          type="button"
          key={action}
          class={`small ${danger ? 'warn' : ''}`}
          disabled={busy || n === 0 || (onlySome && !some)}
          title={onlySome && !some ? 'Select jobs first' : undefined}
          onClick={() => void change(action)}
        >
          {onlySome && !some ? `${text} the selected` : `${text} ${some ? count(n) : 'all'}`}
        </button>
      ))}
      {some && (
        <button type="button" class="small plain" onClick={done}>
          Select none
        </button>
      )}
    </div>
  );
}

function Jobs({
  list,
  state,
  columns,
  chosen,
  setChosen,
  busy,
}: {
  list: Job[];
  state: string;
  columns: Column<Job>[];
  chosen: Set<string>;
  setChosen: (next: Set<string>) => void;
  busy: boolean;
}): JSX.Element {
  const choose = (job: Job, on: boolean): void => {
    const next = new Set(chosen);
    if (on && next.size < 1000) next.add(job.id);
    if (!on) next.delete(job.id);
    setChosen(next);
  };
  const all = (on: boolean): void => {
    const next = new Set(chosen);
    for (const job of list) {
      if (on && next.size < 1000) next.add(job.id);
      if (!on) next.delete(job.id);
    }
    setChosen(next);
  };
  const select = mayChange()
    ? { has: (job: Job) => chosen.has(job.id), choose, all, name: (job: Job) => clean(job.description || job.id, 60) }
    : undefined;
  return (
    <Table
      label={`Jobs that are ${state}`}
      columns={columns}
      rows={list}
      keyOf={(job) => job.id}
      busy={busy}
      select={select}
      empty={place.value.query.get('search') ? 'No job matches the search.' : `No job is ${state}.`}
    />
  );
}

function QueueHead({ name, data, again }: { name: string; data: JobList | null; again: () => void }): JSX.Element {
  return (
    <>
      <p class="crumbs">
        <a href="/">Overview</a>
      </p>
      <div class="head">
        <Title text={name}>
          Queue <Text of={name} />
        </Title>
        <span class="grow" />
        {data && mayChange() && <Priority name={name} now={data.priority ?? 0} done={again} />}
        <p class="under">
          {data ? (
            <>
              {plural(data.counts.queued, 'job waits', 'jobs wait')}, {plural(data.workers ?? 0, 'worker')} for this
              queue. {data.suspended && <State of="suspended" word="All work is suspended: no job begins." />}
            </>
          ) : (
            ' '
          )}
        </p>
      </div>
    </>
  );
}

function tabsOf(counts: Counts | undefined): { name: string; text: JSX.Element }[] {
  return STATES.map(({ name, text }) => ({
    name,
    text: (
      <>
        {text} <span class="n">{count(counts?.[name])}</span>
      </>
    ),
  }));
}

export function QueuePage({ name }: { name: string }): JSX.Element {
  const query = place.value.query;
  const state = query.get('state') ?? 'queued';
  const search = query.get('search') ?? '';
  const offset = queryNumber('offset', 0);
  const [chosen, setChosen] = useState<Set<string>>(new Set());
  const shown = useResource<JobList>(
    withQuery(apiPath`/api/v1/queues/${name}/jobs`, { state, search, offset, most: MOST }),
    { topics: [`queue:${name}`] },
  );
  const columns = useMemo(() => columnsOf(state), [state]);
  const { data } = shown;
  const clear = (): void => {
    setChosen(new Set());
    shown.again();
  };
  const to = (next: string): void => {
    setChosen(new Set());
    setQuery({ state: next, offset: null });
  };
  return (
    <>
      <QueueHead name={name} data={data} again={shown.again} />
      <Tabs label="State of jobs" tabs={tabsOf(data?.counts)} chosen={state} choose={to}>
        <div class="card">
          <div class="row between list-head">
            <Search label="Search jobs" value={search} change={(text) => setQuery({ search: text, offset: null })} />
            {data && mayChange() && (
              <Bulk
                queue={name}
                state={state}
                chosen={chosen}
                total={data.counts[state as keyof Counts] ?? data.total}
                done={clear}
              />
            )}
          </div>
          {data && <Stale failure={shown.failure} />}
          {data ? (
            <Jobs
              list={data.jobs}
              state={state}
              columns={columns}
              chosen={chosen}
              setChosen={setChosen}
              busy={shown.waiting}
            />
          ) : (
            <Waiting failure={shown.failure} what="the jobs" />
          )}
          {data?.searched != null && search && <p class="quiet">{count(data.searched)} jobs were searched.</p>}
          {data && <Pager total={data.total} most={MOST} shown={data.jobs.length} />}
        </div>
      </Tabs>
    </>
  );
}
