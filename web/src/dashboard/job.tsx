// A job: how it stands, what it writes, what can be done with it.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { apiPath } from '../common/api';
import { act } from '../common/dialog';
import { count, duration, plural, secondsSince } from '../common/formats';
import { useResource } from '../common/resource';
import { mayChange } from '../common/session';
import { Title, WaitingPage } from '../common/shell';
import { cleanLog, shorten, Text } from '../common/text';
import { At, Ago, ErrorLine, Facts, Section, Stale, State, tick } from '../common/ui';
import { allActionsOf, changeSome, confirmChange, type JobAction } from './job_actions';
import { campaignAt, jobAt, Link, queueAt, runAt, WorkerLink } from './links';
import { Output } from './output';
import { ProgressText } from './progress';
import type { Job, Seen } from './types';

interface JobDetail extends Seen {
  job: Job;
  payload?: unknown;
  depends_on?: string[];
  result?: unknown;
  message?: string | null;
  ahead: number | null;
  workers: number | null;
  campaign_id?: string | null;
  position?: number | null;
}

export function JobButtons({ job, done }: { job: Job; done: () => void }): JSX.Element | null {
  const [busy, setBusy] = useState(false);
  if (!mayChange()) return null;
  const change = async (action: JobAction): Promise<void> => {
    if (!(await confirmChange(action, 1, job.state, false))) return;
    setBusy(true);
    await act(() => changeSome(action, [job.id]));
    setBusy(false);
    done();
  };
  return (
    <span class="row">
      {allActionsOf(job.state).map(({ action, text, danger }) => (
        <button
          type="button"
          key={action}
          class={danger ? 'warn' : 'primary'}
          disabled={busy || (action === 'stop' && job.stop_requested)}
          onClick={() => void change(action)}
        >
          {action === 'stop' && job.stop_requested ? 'Asked to stop' : text}
        </button>
      ))}
    </span>
  );
}

export function Took({ job }: { job: Job }): JSX.Element {
  if (!job.started) return <>–</>;
  const end = job.ended ? Date.parse(job.ended) : tick.value;
  return <>{duration(secondsSince(job.started, end))}</>;
}

function standing(detail: JobDetail): string {
  if (detail.job.state !== 'queued' || detail.ahead == null) return '';
  return `${count(detail.ahead)} ahead of it, ${plural(detail.workers ?? 0, 'worker')}.`;
}

function asText(value: unknown): string {
  return cleanLog(shorten(typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? ''), 100_000));
}

function JobFacts({ detail }: { detail: JobDetail }): JSX.Element {
  const { job } = detail;
  return (
    <Facts
      list={[
        ['State', <State of={job.state} />],
        ['Queue', <Link to={queueAt(job.queue)} text={job.queue} />],
        [
          'Run',
          detail.campaign_id && detail.position != null ? (
            <Link to={runAt(detail.campaign_id, detail.position)} text={`run at position ${detail.position}`} />
          ) : detail.campaign_id ? (
            <Link to={campaignAt(detail.campaign_id)} text="its campaign" />
          ) : null,
        ],
        ['Attempt', job.attempt],
        ['Tries left', job.retries_left],
        [
          'Lost',
          job.lost
            ? `${count(job.lost)} times${job.lost_on?.length ? ` on ${shorten(job.lost_on.join(', '), 200)}` : ''}`
            : null,
        ],
        ['Worker', job.worker ? <WorkerLink name={job.worker} /> : null],
        ['Node', job.node ? <Text of={job.node} /> : null],
        ['Created', <At at={job.created} />],
        ['Enqueued', job.enqueued ? <Ago at={job.enqueued} /> : null],
        ['Started', job.started ? <At at={job.started} /> : null],
        ['Ended', job.ended ? <At at={job.ended} /> : null],
        [job.ended ? 'Took' : 'Runs for', job.started ? <Took job={job} /> : null],
      ]}
    />
  );
}

function WaitsFor({ ids }: { ids: string[] }): JSX.Element | null {
  if (ids.length === 0) return null;
  return (
    <Section title="Waits for">
      <ul>
        {ids.slice(0, 100).map((one) => (
          <li key={one}>
            <Link to={jobAt(one)} text={one} />
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Raw({ title, value }: { title: string; value: unknown }): JSX.Element | null {
  if (value == null) return null;
  return (
    <Section title={title}>
      <pre class="log short" tabIndex={0}>
        {asText(value)}
      </pre>
    </Section>
  );
}

export function JobPage({ id }: { id: string }): JSX.Element {
  const [queue, setQueue] = useState<string | null>(null);
  const shown = useResource<JobDetail>(apiPath`/api/v1/jobs/${id}`, {
    topics: queue ? [`queue:${queue}`] : ['overview'],
    poll: 10_000,
  });
  const { data } = shown;
  if (!data) return <WaitingPage title={`Job ${id}`} failure={shown.failure} what="the job" />;
  const { job } = data;
  if (queue !== job.queue) setQueue(job.queue);
  const error = data.message || job.error;
  return (
    <>
      <p class="crumbs">
        <a href="/">Overview</a> › <Link to={queueAt(job.queue, job.state)} text={job.queue} />
      </p>
      <div class="head">
        <Title text={`Job ${job.description || job.id}`} />
        <span class="grow" />
        <JobButtons job={job} done={shown.again} />
        <p class="under">
          <State of={job.state} /> {standing(data)}
        </p>
      </div>
      <Stale failure={shown.failure} />
      {error && (
        <ErrorLine>
          <Text of={error} most={4000} />
        </ErrorLine>
      )}
      {job.state === 'started' && (
        <Section title="Progress">
          <ProgressText of={job.progress} />
        </Section>
      )}
      <Section title="Facts">
        <JobFacts detail={data} />
      </Section>
      <WaitsFor ids={data.depends_on ?? []} />
      <Section title="Output">
        <Output
          path={apiPath`/api/v1/jobs/${id}/output`}
          label="Output of the job"
          live={job.state === 'started'}
          grow
        />
      </Section>
      <Raw title="Result" value={data.result} />
      <Raw title="What was asked" value={data.payload} />
    </>
  );
}
