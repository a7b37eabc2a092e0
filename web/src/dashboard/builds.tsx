// Builds: what was built, from which tree, how much of it came from the cache, and what went wrong first.
import type { JSX } from 'preact';
import { apiPath, withQuery } from '../common/api';
import { bytes, count, duration, percent, plural } from '../common/formats';
import { useResource } from '../common/resource';
import { queryNumber } from '../common/router';
import { Title } from '../common/shell';
import { Pager, Table, type Column } from '../common/table';
import { Text } from '../common/text';
import { Ago, At, ErrorLine, Facts, Section, Stale, State, Waiting } from '../common/ui';
import { buildAt, campaignAt, Link } from './links';
import { Output } from './output';
import type { Build, Seen } from './types';

const MOST = 50;

function cached(one: Build): string {
  const all = (one.compiled ?? 0) + (one.hits ?? 0);
  return one.hits == null || all === 0 ? '–' : `${count(one.hits)} of ${count(all)} (${percent(one.hits / all)})`;
}

const COLUMNS: Column<Build>[] = [
  {
    name: 'key',
    head: 'Build',
    rowHead: true,
    cell: (one) => (
      <span class="mono">
        <Link to={buildAt(one.key)} text={one.key} most={24} />
      </span>
    ),
  },
  { name: 'state', head: 'State', cell: (one) => <State of={one.state} /> },
  {
    name: 'tree',
    head: 'Tree',
    cell: (one) => (
      <span class="mono">
        <Text of={one.tree ?? '–'} most={20} />
      </span>
    ),
  },
  { name: 'host', head: 'Built on', cell: (one) => <Text of={one.host ?? '–'} most={40} /> },
  { name: 'seconds', head: 'Took', kind: 'number', cell: (one) => duration(one.seconds) },
  { name: 'hits', head: 'From cache', kind: 'number', cell: cached },
  { name: 'remote', head: 'By other hosts', kind: 'number', cell: (one) => count(one.remote) },
  { name: 'bytes', head: 'Size', kind: 'number', cell: (one) => bytes(one.bytes) },
  {
    name: 'error',
    head: 'First error',
    kind: 'wide',
    cell: (one) => (one.error ? <Text class="bad" of={one.error} most={160} /> : ''),
  },
  { name: 'created', head: 'Begun', kind: 'number', cell: (one) => <Ago at={one.created} /> },
];

export function BuildsPage(): JSX.Element {
  const shown = useResource<Seen & { total: number; builds: Build[] }>(
    withQuery('/api/v1/builds', { offset: queryNumber('offset', 0), most: MOST }),
    { topics: ['builds'] },
  );
  const { data } = shown;
  return (
    <>
      <div class="head">
        <Title text="Builds" />
      </div>
      {data ? (
        <>
          <Stale failure={shown.failure} />
          <div class="card">
            <Table
              label="Builds"
              columns={COLUMNS}
              rows={data.builds}
              keyOf={(one) => one.key}
              empty="Nothing was built yet."
              busy={shown.waiting}
            />
            <Pager total={data.total} most={MOST} shown={data.builds.length} />
          </div>
        </>
      ) : (
        <Waiting failure={shown.failure} what="the builds" />
      )}
    </>
  );
}

type Host = NonNullable<Build['by_host']>[number];

const HOSTS: Column<Host>[] = [
  { name: 'name', head: 'Host', rowHead: true, cell: (one) => <Text of={one.name} most={60} /> },
  { name: 'done', head: 'Compiled there', kind: 'number', cell: (one) => count(one.done) },
  {
    name: 'failed',
    head: 'Failed or refused there',
    kind: 'number',
    cell: (one) => (one.failed ? <span class="bad">{count(one.failed)}</span> : <span class="quiet">0</span>),
  },
];

// How far it is while it goes on.
function underWay(build: Build): string | null {
  if (build.state !== 'building' || !build.phase) return null;
  const hosts = build.hosts ? `, with ${plural(build.hosts, 'other host')}` : '';
  return build.phase + (build.expected ? `, about ${plural(build.expected, 'file')} to compile` : '') + hosts;
}

// What a campaign shows of its build, and the page of a build.
export function BuildView({ id }: { id: string }): JSX.Element {
  const shown = useResource<Seen & { build: Build; campaigns: string[] }>(apiPath`/api/v1/builds/${id}`, {
    topics: ['builds'],
  });
  const { data } = shown;
  if (!data) return <Waiting failure={shown.failure} what="the build" />;
  const { build } = data;
  const under = build.state === 'building' || build.state === 'waiting';
  return (
    <>
      <Stale failure={shown.failure} />
      {build.error && (
        <ErrorLine>
          <strong>First error:</strong> <Text of={build.error} most={2000} />
        </ErrorLine>
      )}
      <Section title="Facts">
        <Facts
          list={[
            ['State', <State of={build.state} />],
            ['Phase', underWay(build)],
            ['Built on', build.host ? <Text of={build.host} /> : null],
            ['Compiler', build.compiler ? <Text of={build.compiler} /> : null],
            ['Image', build.image ? <Text of={build.image} /> : null],
            ['Begun', <At at={build.created} />],
            ['Took', duration(build.seconds)],
            ['From cache', cached(build)],
            ['Compiled', count(build.compiled)],
            ['By other hosts', count(build.remote)],
            ['Size', bytes(build.bytes)],
            [
              'Tree',
              build.tree ? (
                <span class="mono">
                  <Text of={build.tree} />
                </span>
              ) : null,
            ],
            [
              'Campaigns',
              data.campaigns.length
                ? data.campaigns.slice(0, 30).map((one, i) => (
                    <span key={one}>
                      {i > 0 && ', '}
                      <Link to={campaignAt(one)} text={one} />
                    </span>
                  ))
                : null,
            ],
          ]}
        />
      </Section>
      {build.by_host && build.by_host.length > 0 && (
        <Section title="Hosts that compiled">
          <Table
            label="Hosts that compiled"
            low
            columns={HOSTS}
            rows={build.by_host}
            keyOf={(one) => one.name}
            empty="None."
          />
        </Section>
      )}
      <Section title="Log">
        <Output path={apiPath`/api/v1/builds/${id}/log`} label="Log of the build" live={under} />
      </Section>
    </>
  );
}

export function BuildPage({ id }: { id: string }): JSX.Element {
  return (
    <>
      <p class="crumbs">
        <a href="/builds">Builds</a>
      </p>
      <div class="head">
        <Title text={`Build ${id}`} />
      </div>
      <BuildView id={id} />
    </>
  );
}
