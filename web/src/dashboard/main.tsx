// The dashboard: which page an address shows.
import type { JSX } from 'preact';
import { isLocal } from '../common/session';
import { place } from '../common/router';
import { start, Title } from '../common/shell';
import { BuildPage, BuildsPage } from './builds';
import { CampaignPage } from './campaign';
import { CampaignsPage } from './campaigns';
import { JobPage } from './job';
import { OverviewPage } from './overview';
import { QueuePage } from './queue';
import { RunPage } from './run';
import { WorkerPage } from './worker';

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function Page(): JSX.Element {
  const path = place.value.path;
  const [kind, name, under, position] = path.split('/').slice(1).map(decode);
  if (path === '/' || kind === 'login') return <OverviewPage />;
  if (kind === 'campaigns' && !name) return <CampaignsPage />;
  if (kind === 'campaigns' && name && !under) return <CampaignPage key={path} id={name} />;
  if (kind === 'campaigns' && name && under === 'runs' && /^\d+$/.test(position ?? '')) {
    return <RunPage key={path} id={name} position={Number(position)} />;
  }
  if (kind === 'queues' && name) return <QueuePage key={path} name={name} />;
  if (kind === 'jobs' && name) return <JobPage key={path} id={name} />;
  if (kind === 'workers' && name) return <WorkerPage key={path} name={name} />;
  if (kind === 'builds' && !name) return <BuildsPage />;
  if (kind === 'builds' && name) return <BuildPage key={path} id={name} />;
  return (
    <>
      <div class="head">
        <Title text="There is no such page" />
      </div>
      <p>
        <a href="/">To the overview</a>
      </p>
    </>
  );
}

void start(
  [
    { path: '/', text: 'Overview' },
    { path: '/campaigns', text: 'Campaigns' },
    { path: '/builds', text: 'Builds', hidden: isLocal },
  ],
  Page,
);
