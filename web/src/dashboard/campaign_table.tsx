// Campaigns as rows: of the overview, and of the page of all.
import type { JSX } from 'preact';
import { count, duration, percent, plural } from '../common/formats';
import { Table, type Column } from '../common/table';
import { Text } from '../common/text';
import { Ago, Bar, Meter, State } from '../common/ui';
import { buildAt, campaignAt, Link } from './links';
import type { BuildProgress, Campaign } from './types';

export function buildText(build: BuildProgress): string {
  const done = build.compiled + build.hits;
  if (build.phase === 'waiting')
    return build.ahead > 0 ? `waits for a builder, ${plural(build.ahead, 'build')} before it` : 'waits for a builder';
  if (build.phase !== 'building') return `${build.phase} …`;
  const of = build.expected > 0 ? ` of ${count(build.expected)}` : '';
  const from = build.hits > 0 ? `, ${count(build.hits)} from the cache` : '';
  return `${count(done)}${of} compiled${from}`;
}

// Of a campaign whose runs are not known yet: how far its build is, or why it came to nothing.
function EarlyProgress({ of }: { of: Campaign }): JSX.Element {
  const { building: build } = of;
  const link = of.build ? <Link to={buildAt(of.build)} text="Build" /> : null;
  if (!build)
    return (
      <span class="progress">
        <span class="text long">
          {of.error && <Text class="bad" of={of.error} most={160} />} {link}
        </span>
      </span>
    );
  const text = buildText(build);
  return (
    <span class="progress">
      {build.expected > 0 && (
        <Meter value={(build.compiled + build.hits) / build.expected} label={`The build of ${of.name}: ${text}`} />
      )}
      <span class="text">
        {text} {link}
      </span>
    </span>
  );
}

export function CampaignProgress({ of }: { of: Campaign }): JSX.Element {
  if (of.planned === false) return <EarlyProgress of={of} />;
  const ended = of.finished + of.failed + of.canceled;
  const text = `${count(ended)} of ${count(of.runs)} ended`;
  const parts = [
    { name: 'completed', value: of.finished },
    { name: 'failed', value: of.failed },
    { name: 'cancelled', value: of.canceled },
    { name: 'running', value: of.running },
    { name: 'waiting', value: of.waiting },
  ];
  const label =
    `${text}: ${count(of.finished)} completed, ${count(of.failed)} failed, ${count(of.canceled)} cancelled, ` +
    `${count(of.running)} running, ${count(of.waiting)} waiting`;
  return (
    <span class="progress">
      <Bar parts={parts} whole={of.runs} label={label} />
      <span class="text">
        {text}
        {of.runs > 0 && ` (${percent(Math.floor((1000 * ended) / of.runs) / 1000, 1)})`}
      </span>
    </span>
  );
}

export function Failures({ n, to }: { n: number; to: string }): JSX.Element {
  return n > 0 ? (
    <a class="bad" href={to}>
      {count(n)}
    </a>
  ) : (
    <span class="quiet">0</span>
  );
}

const COLUMNS: Column<Campaign>[] = [
  {
    name: 'name',
    head: 'Campaign',
    rowHead: true,
    kind: 'wide',
    cell: (one) => <Link to={campaignAt(one.id)} text={one.name} />,
  },
  { name: 'state', head: 'State', cell: (one) => <State of={one.state} /> },
  { name: 'progress', head: 'Progress', kind: 'wide', cell: (one) => <CampaignProgress of={one} /> },
  {
    name: 'failed',
    head: 'Failed',
    kind: 'number',
    cell: (one) =>
      one.planned === false ? '–' : <Failures n={one.failed} to={`${campaignAt(one.id)}?tab=runs&show=failed`} />,
  },
  {
    name: 'running',
    head: 'Running',
    kind: 'number',
    cell: (one) => (one.planned === false ? '–' : count(one.running)),
  },
  {
    name: 'rate',
    head: 'Runs a minute',
    kind: 'number',
    cell: (one) => (one.rate == null ? '–' : Number(one.rate.toPrecision(3))),
  },
  { name: 'left', head: 'Time left', kind: 'number', cell: (one) => duration(one.left) },
  { name: 'user', head: 'Of', cell: (one) => <Text of={one.user ?? one.host ?? '–'} most={30} /> },
  { name: 'created', head: 'Begun', kind: 'number', cell: (one) => <Ago at={one.created} /> },
];

export function CampaignTable({ rows, busy }: { rows: Campaign[]; busy?: boolean }): JSX.Element {
  return (
    <Table
      label="Campaigns"
      columns={COLUMNS}
      rows={rows}
      keyOf={(one) => one.id}
      busy={busy}
      empty="There is no campaign."
    />
  );
}
