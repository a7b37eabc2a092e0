// A run: its outcome, and apart from that each attempt; live progress and output; files; how to repeat it.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { apiPath, withQuery } from '../common/api';
import { bytes, count, duration, measure, plural } from '../common/formats';
import { useResource } from '../common/resource';
import { Title, WaitingPage } from '../common/shell';
import { wordOf } from '../common/states';
import { Table, type Column } from '../common/table';
import { clean, Text } from '../common/text';
import { At, Copy, ErrorLine, Facts, Section, Stale, State, Tabs } from '../common/ui';
import { JobButtons } from './job';
import { buildAt, campaignAt, jobAt, Link, queueAt, runAt, WorkerLink } from './links';
import { Output } from './output';
import { ProgressText } from './progress';
import type { Attempt, RunDetail } from './types';

// What an attempt said, and where in simulated time and in the model.
function Said({ of }: { of: Attempt }): JSX.Element {
  return (
    <>
      <Text of={of.message ?? ''} most={400} />
      {(of.simulated_time != null || of.module) && (
        <div class="quiet">
          {of.simulated_time != null && (
            <>
              at t = <Text of={String(of.simulated_time)} most={30} /> s{' '}
            </>
          )}
          {of.module && (
            <>
              in <Text of={of.module} most={120} />
            </>
          )}
        </div>
      )}
    </>
  );
}

function attemptColumns(accepted: number | null): Column<Attempt>[] {
  return [
    { name: 'number', head: 'Attempt', rowHead: true, kind: 'number', cell: (one) => one.number },
    {
      name: 'outcome',
      head: 'Outcome',
      cell: (one) => (
        <>
          <State of={one.outcome ?? 'running'} />
          {one.number === accepted && <span class="badge">accepted</span>}
        </>
      ),
    },
    {
      name: 'message',
      head: 'What it said',
      kind: 'wide',
      cell: (one) => <Said of={one} />,
    },
    {
      name: 'worker',
      head: 'Worker',
      cell: (one) => (
        <>
          <WorkerLink name={one.worker} />
          {one.host && (
            <div class="quiet">
              <Text of={one.host} most={40} />
            </div>
          )}
        </>
      ),
    },
    { name: 'started', head: 'Started', kind: 'number', cell: (one) => <At at={one.started} /> },
    { name: 'wall', head: 'Took', kind: 'number', cell: (one) => duration(one.wall_seconds) },
    {
      name: 'cpu',
      head: 'CPU',
      kind: 'number',
      cell: (one) => (one.user_seconds == null ? '–' : duration(one.user_seconds + (one.system_seconds ?? 0))),
    },
    { name: 'memory', head: 'Most memory', kind: 'number', cell: (one) => bytes(one.peak_memory) },
    { name: 'exit', head: 'Exit code', kind: 'number', cell: (one) => one.exit_code ?? '–' },
  ];
}

type File = RunDetail['files'][number];

function fileColumns(id: string, position: number): Column<File>[] {
  return [
    {
      name: 'path',
      head: 'File',
      rowHead: true,
      kind: 'wide',
      cell: (file) => (
        <a href={apiPath`/api/v1/campaigns/${id}/runs/${position}/files/${file.index}`} download>
          <Text of={file.path} most={160} />
        </a>
      ),
    },
    { name: 'size', head: 'Size', kind: 'number', cell: (file) => bytes(file.size) },
    {
      name: 'sha',
      head: 'SHA-256',
      cell: (file) => (
        <span class="mono quiet">
          <Text of={file.sha256 ?? '–'} most={16} />
        </span>
      ),
    },
  ];
}

function Outputs({ id, detail }: { id: string; detail: RunDetail }): JSX.Element {
  const live = detail.run.state === 'running';
  const able = detail.attempts.filter((one) => one.has_output);
  const last = able[able.length - 1]?.number;
  const [attempt, setAttempt] = useState<number | null>(null);
  const [stream, setStream] = useState('output');
  const now = attempt ?? (live ? 0 : (last ?? null));
  if (now == null)
    return (
      <Section title="Output">
        <p class="quiet">No output is kept of this run.</p>
      </Section>
    );
  const path = withQuery(apiPath`/api/v1/campaigns/${id}/runs/${detail.run.position}/output`, { attempt: now, stream });
  const aside = (
    <label class="field">
      of
      <select value={String(now)} onChange={(event) => setAttempt(Number(event.currentTarget.value))}>
        {live && <option value="0">what runs now</option>}
        {able.map((one) => (
          <option key={one.number} value={String(one.number)}>
            attempt {one.number}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <Section title="Output" aside={aside}>
      {now === 0 ? (
        <Output key={path} path={path} label="The last lines of what runs" live />
      ) : (
        <Tabs
          label="Stream"
          chosen={stream}
          choose={setStream}
          tabs={[
            { name: 'output', text: 'Output' },
            { name: 'errors', text: 'Errors' },
          ]}
        >
          <Output key={path} path={path} label={stream === 'output' ? 'Standard output' : 'Standard error'} />
        </Tabs>
      )}
    </Section>
  );
}

const ORIGINS: [string, string][] = [
  ['simulator', 'Simulator'],
  ['tree', 'Source tree'],
  ['build', 'Build'],
  ['artifact', 'Artifact'],
  ['plan', 'Plan'],
  ['canonical', 'Canonical description'],
];

function Provenance({ of, runKey }: { of: RunDetail['provenance']; runKey: string | null }): JSX.Element {
  return (
    <Section title="Provenance">
      <dl class="facts wide">
        {(
          [['key', 'Key of the run', runKey], ...ORIGINS.map(([name, text]) => [name, text, of?.[name] ?? null])] as [
            string,
            string,
            string | null,
          ][]
        )
          .filter(([, , value]) => value)
          .map(([name, text, value]) => (
            <div key={name}>
              <dt>{text}</dt>
              <dd class="mono">
                {name === 'build' ? <Link to={buildAt(value!)} text={value!} /> : <Text of={value} most={2000} />}
              </dd>
            </div>
          ))}
      </dl>
    </Section>
  );
}

function RunFacts({ detail }: { detail: RunDetail }): JSX.Element {
  const { run } = detail;
  return (
    <Facts
      list={[
        ['Configuration', run.config ? <Text of={run.config} /> : null],
        ['Run number', run.number == null ? null : count(run.number)],
        ['Repetition', run.repetition == null ? null : count(run.repetition)],
        ['Seed set', run.seed_set == null ? null : count(run.seed_set)],
        ...run.variables.map((one) => [`$${clean(one.name, 60)}`, <Text of={one.value} />] as [string, JSX.Element]),
      ]}
    />
  );
}

function Around({ id, position, runs }: { id: string; position: number; runs?: number }): JSX.Element {
  return (
    <span class="row">
      {position > 0 && (
        <a class="button small" href={runAt(id, position - 1)} rel="prev">
          Previous run
        </a>
      )}
      {(runs == null || position + 1 < runs) && (
        <a class="button small" href={runAt(id, position + 1)} rel="next">
          Next run
        </a>
      )}
    </span>
  );
}

function JobOfRun({ detail, again }: { detail: RunDetail; again: () => void }): JSX.Element | null {
  const { job } = detail;
  if (!job) return null;
  return (
    <Section title="Its job" aside={<JobButtons job={job} done={again} />}>
      <Facts
        list={[
          ['Job', <Link to={jobAt(job.id)} text={job.id} />],
          ['State', <State of={job.state} />],
          ['Queue', <Link to={queueAt(job.queue)} text={job.queue} />],
          ['Worker', job.worker ? <WorkerLink name={job.worker} /> : null],
          ['Tries left', job.retries_left == null ? null : count(job.retries_left)],
          ['Error', job.error ? <Text class="bad" of={job.error} /> : null],
        ]}
      />
    </Section>
  );
}

function verdict({ run, accepted, attempts }: RunDetail): string {
  if (accepted != null) return `The result of attempt ${accepted} is accepted.`;
  const ended = run.outcome && run.outcome !== 'known';
  return ended ? `No result is accepted after ${plural(attempts.length, 'attempt')}.` : '';
}

function RunHead({ detail, id }: { detail: RunDetail; id: string }): JSX.Element {
  const { run } = detail;
  return (
    <div class="head">
      <Title text={run.name || `Run ${run.position}`} />
      <span class="grow" />
      <Around id={id} position={run.position} />
      <p class="under">
        <State of={run.outcome ?? run.state} /> {verdict(detail)}
      </p>
    </div>
  );
}

// The error it ended with, or how far it has come.
function WhatNow({ detail }: { detail: RunDetail }): JSX.Element {
  const { run, attempts, progress } = detail;
  const last = attempts[attempts.length - 1];
  const failed = last?.message && !['completed', 'known', 'running', 'waiting'].includes(run.outcome ?? run.state);
  return (
    <>
      {failed && (
        <ErrorLine>
          {wordOf(last.outcome)}: <Text of={last.message} most={2000} />
          {last.simulated_time != null && <> (at t = {measure(Number(last.simulated_time), 8)} s)</>}
        </ErrorLine>
      )}
      {(run.state === 'running' || progress) && (
        <Section title="Now">
          <ProgressText of={progress} />
          {progress?.line && (
            <pre class="one-line" dir="ltr">
              <Text of={progress.line} most={300} />
            </pre>
          )}
        </Section>
      )}
    </>
  );
}

export function RunPage({ id, position }: { id: string; position: number }): JSX.Element {
  const shown = useResource<RunDetail>(apiPath`/api/v1/campaigns/${id}/runs/${position}`, {
    poll: 60_000, // the server forgets what nobody asks for
    topics: [`campaign:${id}`],
    every: 1500,
  });
  const { data } = shown;
  const crumbs = (
    <p class="crumbs">
      <a href="/campaigns">Campaigns</a> › <Link to={campaignAt(id)} text={id} /> ›{' '}
      <a href={`${campaignAt(id)}?tab=runs`}>Runs</a>
    </p>
  );
  if (!data) return <WaitingPage title={`Run at position ${position}`} failure={shown.failure} what="the run" />;
  const { run } = data;
  return (
    <>
      {crumbs}
      <RunHead detail={data} id={id} />
      <Stale failure={shown.failure} />
      <WhatNow detail={data} />
      <Section title="Run">
        <RunFacts detail={data} />
      </Section>
      <Section title="Attempts">
        <Table
          label="Attempts"
          columns={attemptColumns(data.accepted)}
          rows={data.attempts}
          keyOf={(one) => one.number}
          empty="There was no attempt yet."
        />
      </Section>
      <Outputs id={id} detail={data} />
      {data.command && (
        <Section title="Repeat it here">
          <Copy text={data.command} what="The command that repeats this run" />
        </Section>
      )}
      <Section title="Files">
        <Table
          label="Files"
          low
          columns={fileColumns(id, position)}
          rows={data.files}
          keyOf={(file) => file.index}
          empty="No file is stored of this run."
        />
      </Section>
      <JobOfRun detail={data} again={shown.again} />
      <Provenance of={data.provenance} runKey={run.key} />
    </>
  );
}
