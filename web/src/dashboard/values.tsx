// Measured values of a scalar over an iteration variable: means with 95 % intervals, as runs come in.
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { apiPath, withQuery } from '../common/api';
import { count, measure } from '../common/formats';
import { useResource } from '../common/resource';
import { place, setQuery } from '../common/router';
import { clean, Text } from '../common/text';
import { Search, Stale, Waiting } from '../common/ui';
import type { Seen, Variable } from './types';
import { SeriesChart, type Series } from './values_chart';

interface Scalar {
  name: string;
  module: string;
  runs: number;
}

interface Answer extends Seen {
  read: number;
  runs: number;
  unit: string | null;
  categories: string[];
  series: Series[];
}

const MOST_SERIES = 16;

function emptyWord(find: string, data: { read: number; runs: number }): string {
  if (data.read < data.runs) return `Results are being read: ${count(data.read)} of ${count(data.runs)} runs.`;
  if (find) return 'No scalar matches.';
  return data.runs ? 'The results hold no scalars.' : 'There is no result yet.';
}

function ScalarList({ id }: { id: string }): JSX.Element {
  const query = place.value.query;
  const find = query.get('find') ?? '';
  const shown = useResource<Seen & { total: number; scalars: Scalar[]; read: number; runs: number }>(
    withQuery(apiPath`/api/v1/campaigns/${id}/scalars`, { search: find }),
    { topics: [`campaign:${id}`], every: 5000 },
  );
  const { data } = shown;
  const chosen = (one: Scalar): boolean => one.name === query.get('name') && one.module === query.get('module');
  return (
    <div class="scalars">
      <Search label="Search scalars" value={find} change={(text) => setQuery({ find: text })} />
      {data && <Stale failure={shown.failure} />}
      {!data && <Waiting failure={shown.failure} what="the scalars" />}
      {data && (
        <>
          <p class="quiet" role="status">
            {data.total > data.scalars.length
              ? `The first ${count(data.scalars.length)} of ${count(data.total)} scalars`
              : `${count(data.total)} scalars`}
          </p>
          <ul class="choice" aria-label="Scalars" tabIndex={0}>
            {data.scalars.map((one) => (
              <li key={`${one.module} ${one.name}`}>
                <button
                  type="button"
                  aria-pressed={chosen(one)}
                  onClick={() => setQuery({ name: one.name, module: one.module })}
                >
                  <Text of={one.name} most={80} />
                  <span class="quiet">
                    <Text of={one.module} most={100} />
                  </span>
                </button>
              </li>
            ))}
            {data.scalars.length === 0 && (
              <li class="note quiet">{emptyWord(find, data)}</li>
            )}
          </ul>
        </>
      )}
    </div>
  );
}

function Choose({ variables, x, by }: { variables: Variable[]; x: string; by: string[] }): JSX.Element {
  return (
    <div class="row">
      <label class="field">
        Over
        <select
          value={x}
          onChange={(event) =>
            setQuery({ xv: `$${event.currentTarget.value}`, by: by.filter((one) => one !== event.currentTarget.value) })
          }
        >
          {variables.map((one) => (
            <option key={one.name} value={one.name}>
              ${clean(one.name, 40)}
            </option>
          ))}
        </select>
      </label>
      {variables.length > 1 && (
        <span class="row" role="group" aria-label="A line for each value of">
          <span class="quiet">A line for each value of</span>
          {variables
            .filter((one) => one.name !== x)
            .map((one) => (
              <label key={one.name} class="field">
                <input
                  type="checkbox"
                  checked={by.includes(one.name)}
                  onChange={(event) =>
                    setQuery({
                      by: event.currentTarget.checked ? [...by, one.name] : by.filter((other) => other !== one.name),
                    })
                  }
                />
                <Text of={`$${one.name}`} most={30} />
              </label>
            ))}
        </span>
      )}
    </div>
  );
}

function Numbers({ data, x }: { data: Answer; x: string }): JSX.Element {
  const rows = data.series.flatMap((series) => series.points.map((point) => ({ series, point }))).slice(0, 1000);
  return (
    <details class="spaced">
      <summary>As a table</summary>
      <div class="box low" tabIndex={0} role="group" aria-label="Means and intervals">
        <table>
          <thead>
            <tr>
              <th scope="col">Line</th>
              <th scope="col">${clean(x, 40)}</th>
              <th scope="col" class="number">
                Mean
              </th>
              <th scope="col" class="number">
                ± (95 %)
              </th>
              <th scope="col" class="number">
                Runs
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ series, point }, i) => (
              <tr key={i}>
                <th scope="row">
                  <Text of={series.label} most={80} />
                </th>
                <td>
                  <Text
                    of={data.categories.length ? (data.categories[point.x] ?? String(point.x)) : String(point.x)}
                    most={60}
                  />
                </td>
                <td class="number">{measure(point.mean, 6)}</td>
                <td class="number">{measure(point.half, 3)}</td>
                <td class="number">{count(point.n)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function Chart({
  id,
  name,
  module,
  variables,
}: {
  id: string;
  name: string;
  module: string;
  variables: Variable[];
}): JSX.Element {
  const query = place.value.query;
  const asked = (query.get('xv') ?? '').replace(/^\$/, '');
  const x = variables.some((one) => one.name === asked) ? asked : variables[0]!.name;
  const by = query.getAll('by').filter((one) => one !== x && variables.some((variable) => variable.name === one));
  const shown = useResource<Answer>(
    withQuery(apiPath`/api/v1/campaigns/${id}/series`, { name, module, x, by: by.join(',') }),
    { topics: [`campaign:${id}`], every: 5000 },
  );
  const { data } = shown;
  const some = useMemo(() => data?.series.slice(0, MOST_SERIES) ?? [], [data]);
  return (
    <div class="values-chart">
      <h2>
        <Text of={name} most={120} />{' '}
        <span class="quiet">
          of <Text of={module} most={120} />
        </span>
      </h2>
      <Choose variables={variables} x={x} by={by} />
      <p class="quiet" role="status">
        {data ? `Read ${count(data.read)} of ${count(data.runs)} runs. ` : ' '}
        {data &&
          data.series.length > MOST_SERIES &&
          `The chart shows ${MOST_SERIES} of ${count(data.series.length)} lines; the table has all.`}
      </p>
      {data && <Stale failure={shown.failure} />}
      {data ? (
        <>
          <SeriesChart series={some} categories={data.categories} x={x} unit={data.unit} title={name} />
          <Numbers data={data} x={x} />
        </>
      ) : (
        <div class="chart-space">
          <Waiting failure={shown.failure} what="the values" />
        </div>
      )}
    </div>
  );
}

export function ValuesTab({
  id,
  variables,
  ready,
}: {
  id: string;
  variables: Variable[];
  ready: boolean;
}): JSX.Element {
  const query = place.value.query;
  const [name, module] = [query.get('name'), query.get('module')];
  return (
    <div class="card values">
      <ScalarList id={id} />
      {ready && variables.length === 0 ? (
        <p class="note quiet">The campaign has no iteration variable to lay values over.</p>
      ) : name && module && ready ? (
        <Chart id={id} name={name} module={module} variables={variables} />
      ) : (
        <p class="note quiet">Choose a scalar: its means come here, with 95 % intervals over the repetitions.</p>
      )}
    </div>
  );
}
