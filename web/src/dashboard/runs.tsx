// The runs of a campaign as a list, with the filters of the map.
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { apiPath, withQuery } from '../common/api';
import { bytes, count, duration } from '../common/formats';
import { useResource } from '../common/resource';
import { place, queryNumber, setQuery } from '../common/router';
import { STATES } from '../common/states';
import { Pager, sortBy, Table, type Column } from '../common/table';
import { Text } from '../common/text';
import { At, Search, Stale, State, Waiting } from '../common/ui';
import { Link, runAt, WorkerLink } from './links';
import { statesShown } from './map';
import type { RunRow, Seen } from './types';

const MOST = 100;

function columnsOf(id: string): Column<RunRow>[] {
  return [
    { name: 'position', head: '#', sort: 'position', kind: 'number', cell: (run) => run.position },
    {
      name: 'name',
      head: 'Run',
      rowHead: true,
      kind: 'wide',
      cell: (run) => <Link to={runAt(id, run.position)} text={run.name} most={120} />,
    },
    { name: 'state', head: 'State', cell: (run) => <State of={run.outcome ?? run.state} /> },
    { name: 'attempts', head: 'Attempts', kind: 'number', cell: (run) => count(run.attempts) },
    { name: 'seconds', head: 'Took', sort: 'seconds', kind: 'number', cell: (run) => duration(run.seconds) },
    { name: 'memory', head: 'Most memory', sort: 'memory', kind: 'number', cell: (run) => bytes(run.memory) },
    { name: 'worker', head: 'Worker', cell: (run) => <WorkerLink name={run.worker} /> },
    { name: 'started', head: 'Started', sort: 'started', kind: 'number', cell: (run) => <At at={run.started} /> },
    { name: 'message', head: 'What it said', kind: 'wide', cell: (run) => <Text of={run.message ?? ''} most={160} /> },
  ];
}

function FilterChips(): JSX.Element | null {
  const filters = place.value.query.getAll('f');
  if (!filters.length) return null;
  return (
    <span class="row" role="group" aria-label="Filters by value">
      {filters.map((one) => (
        <button
          type="button"
          key={one}
          class="small chip"
          onClick={() => setQuery({ f: filters.filter((other) => other !== one), offset: null })}
        >
          <Text of={one} most={60} />
          <span aria-hidden="true"> ✕</span>
          <span class="hidden"> (take this filter away)</span>
        </button>
      ))}
    </span>
  );
}

// What the address says, as the server is asked for it.
function runsPath(id: string, sort: string, order: string): string {
  const { query } = place.value;
  const asked = {
    state: statesShown(query).join(','),
    search: query.get('search'),
    sort,
    order,
    offset: queryNumber('offset', 0),
    most: MOST,
  };
  const where = query.getAll('f').map((one) => `&where=${encodeURIComponent(one)}`);
  return withQuery(apiPath`/api/v1/campaigns/${id}/runs`, asked) + where.join('');
}

function StateChoice({ shown }: { shown: string[] }): JSX.Element {
  return (
    <label class="field">
      State
      <select
        value={shown.length === 1 ? shown[0] : shown.length ? 'some' : ''}
        onChange={(event) => setQuery({ show: event.currentTarget.value || null, offset: null })}
      >
        <option value="">all</option>
        {shown.length > 1 && (
          <option value="some" disabled>
            {shown.length} of them
          </option>
        )}
        {STATES.map((one) => (
          <option key={one.name} value={one.name}>
            {one.word}
          </option>
        ))}
      </select>
    </label>
  );
}

export function RunsTab({ id }: { id: string }): JSX.Element {
  const query = place.value.query;
  const search = query.get('search') ?? '';
  const sort = query.get('sort') ?? 'position';
  const order = query.get('order') ?? 'asc';
  const shownStates = statesShown(query);
  const path = runsPath(id, sort, order);
  const shown = useResource<Seen & { total: number; matching: number; runs: RunRow[] }>(path, {
    topics: [`campaign:${id}`],
    every: 1500,
  });
  const columns = useMemo(() => columnsOf(id), [id]);
  const { data } = shown;
  return (
    <div class="card">
      <div class="row">
        <Search label="Search runs" value={search} change={(text) => setQuery({ search: text, offset: null })} />
        <StateChoice shown={shownStates} />
        <FilterChips />
        <span class="grow" />
        <span class="quiet" role="status">
          {data ? `${count(data.matching)} of ${count(data.total)} runs` : ' '}
        </span>
      </div>
      {data && <Stale failure={shown.failure} />}
      {data ? (
        <div class="spaced">
          <Table
            label="Runs"
            columns={columns}
            rows={data.runs}
            keyOf={(run) => run.position}
            empty="No run matches."
            busy={shown.waiting}
            sort={sort}
            order={order}
            onSort={sortBy}
          />
          <Pager total={data.matching} most={MOST} shown={data.runs.length} />
        </div>
      ) : (
        <Waiting failure={shown.failure} what="the runs" />
      )}
    </div>
  );
}
