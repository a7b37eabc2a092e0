// A worker: what it runs, what it ran, and its history.
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { apiPath } from '../common/api';
import { count, duration, percent } from '../common/formats';
import { Plot, palette } from '../common/plot';
import { useResource } from '../common/resource';
import { Title, WaitingPage } from '../common/shell';
import { Table, type Column } from '../common/table';
import { Text } from '../common/text';
import { Ago, At, ErrorLine, Facts, Section, Stale, State } from '../common/ui';
import { Took } from './job';
import { jobAt, Link, queueAt, runAt } from './links';
import { ProgressText } from './progress';
import type { Job, Seen, Worker } from './types';

interface Recent {
  campaign_id: string;
  position: number;
  name: string;
  outcome?: string | null;
  state?: string | null;
  started: string | null;
  ended: string | null;
  seconds: number | null;
}

interface WorkerDetail extends Seen {
  worker: Worker;
  history: [number, number, number, number][];
  recent: Recent[];
  now: Job[];
}

const NOW: Column<Job>[] = [
  {
    name: 'job',
    head: 'Job',
    rowHead: true,
    kind: 'wide',
    cell: (job) => <Link to={jobAt(job.id)} text={job.description || job.id} />,
  },
  { name: 'progress', head: 'Progress', kind: 'wide', cell: (job) => <ProgressText of={job.progress} /> },
  { name: 'attempt', head: 'Attempt', kind: 'number', cell: (job) => job.attempt ?? '–' },
  { name: 'for', head: 'Runs for', kind: 'number', cell: (job) => <Took job={job} /> },
];

const RECENT: Column<Recent>[] = [
  {
    name: 'run',
    head: 'Run',
    rowHead: true,
    kind: 'wide',
    cell: (one) => <Link to={runAt(one.campaign_id, one.position)} text={one.name} />,
  },
  { name: 'outcome', head: 'Outcome', cell: (one) => <State of={one.outcome ?? one.state} /> },
  { name: 'started', head: 'Started', kind: 'number', cell: (one) => <At at={one.started} /> },
  { name: 'took', head: 'Took', kind: 'number', cell: (one) => duration(one.seconds) },
];

function History({ rows, slots }: { rows: WorkerDetail['history']; slots: number | null }): JSX.Element {
  const data = useMemo(() => {
    const most = rows.slice(-2000);
    return [most.map((r) => r[0]), most.map((r) => r[1]), most.map((r) => r[2]), most.map((r) => r[3])];
  }, [rows]);
  if (rows.length < 2) return <p class="quiet note">No history is kept of it yet.</p>;
  const from = rows[0]!;
  const to = rows[rows.length - 1]!;
  const busy = rows.reduce((sum, row) => sum + row[1], 0) / rows.length;
  const told =
    `From ${new Date(from[0] * 1000).toLocaleString()} to ${new Date(to[0] * 1000).toLocaleString()}: ` +
    `${count(to[2] - from[2])} runs finished, ${count(to[3] - from[3])} failed` +
    `${slots ? `, ${percent(busy / slots)} of its cores busy on average` : ''}.`;
  return (
    <>
      <p class="quiet">{told}</p>
      <Plot
        label={told}
        height={220}
        data={data}
        make={() => ({
          axes: [
            { grid: { show: false } },
            { scale: 'y', label: 'running' },
            { scale: 'n', side: 1, label: 'ended', grid: { show: false } },
          ],
          scales: {
            x: { time: true },
            y: { range: (_u, _min, max) => [0, Math.max(1, max * 1.1)] },
            n: { range: (_u, min, max) => [Math.min(0, min), Math.max(1, max * 1.1)] },
          },
          series: [
            {},
            {
              label: 'Running',
              stroke: palette().running,
              fill: palette().runningSoft,
              width: 1.5,
              points: { show: false },
              scale: 'y',
            },
            { label: 'Finished', stroke: palette().completed, width: 2, points: { show: false }, scale: 'n' },
            { label: 'Failed', stroke: palette().failed, dash: [6, 4], width: 2, points: { show: false }, scale: 'n' },
          ],
        })}
      />
    </>
  );
}

function WorkerFacts({ of: worker }: { of: Worker }): JSX.Element {
  return (
    <Facts
      list={[
        ['Host', worker.host ? <Text of={worker.host} /> : null],
        ['Processor', worker.cpu ? <Text of={worker.cpu} /> : null],
        ['Version', worker.version ? <Text of={worker.version} /> : null],
        ['Born', <At at={worker.born} />],
        ['Finished', count(worker.finished)],
        ['Failed', count(worker.failed)],
        ['Has worked for', duration(worker.working_seconds)],
        [
          'Queues',
          worker.queues?.length
            ? worker.queues.slice(0, 20).map((queue, i) => (
                <span key={queue}>
                  {i > 0 && ', '}
                  <Link to={queueAt(queue)} text={queue} most={40} />
                </span>
              ))
            : null,
        ],
      ]}
    />
  );
}

export function WorkerPage({ name }: { name: string }): JSX.Element {
  const shown = useResource<WorkerDetail>(apiPath`/api/v1/workers/${name}`, { topics: ['overview'], every: 2000 });
  const { data } = shown;
  if (!data) return <WaitingPage title={`Worker ${name}`} failure={shown.failure} what="the worker" />;
  const { worker } = data;
  return (
    <>
      <p class="crumbs">
        <a href="/">Overview</a> › Workers
      </p>
      <div class="head">
        <Title text={`Worker ${worker.name}`} />
        <p class="under">
          <State of={worker.state} /> · {worker.running ?? 0} of {worker.slots ?? '–'} cores busy, seen{' '}
          <Ago at={worker.seen} />
        </p>
      </div>
      <Stale failure={shown.failure} />
      {worker.obstacle && (
        <ErrorLine>
          <Text of={worker.obstacle} most={1000} />
        </ErrorLine>
      )}
      <Section title="Facts">
        <WorkerFacts of={worker} />
      </Section>
      <Section title="What it runs now">
        <Table
          label="What it runs now"
          columns={NOW}
          rows={data.now}
          keyOf={(job) => job.id}
          empty="It runs nothing."
        />
      </Section>
      <Section title="History">
        <History rows={data.history} slots={worker.slots} />
      </Section>
      <Section title="What it ran last">
        <Table
          label="What it ran last"
          columns={RECENT}
          rows={data.recent}
          keyOf={(one) => `${one.campaign_id} ${one.position} ${one.started}`}
          empty="It has ended no run yet."
        />
      </Section>
    </>
  );
}
