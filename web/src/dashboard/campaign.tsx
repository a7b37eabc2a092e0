// A campaign: how it stands, and its views.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { apiPath, post } from '../common/api';
import { act, ask } from '../common/dialog';
import { troublesOf } from '../common/events';
import { count, duration, plural } from '../common/formats';
import { useResource } from '../common/resource';
import { place, setQuery } from '../common/router';
import { isLocal, mayChange } from '../common/session';
import { Title, Troubles } from '../common/shell';
import { Text } from '../common/text';
import { Ago, Copy, Facts, Stale, State, Tabs, Waiting } from '../common/ui';
import { BuildView } from './builds';
import { CampaignProgress } from './campaign_table';
import { DistributionsTab } from './distributions';
import { buildAt, Link, queueAt } from './links';
import { MapTab } from './map';
import { RunsTab } from './runs';
import { TimelineTab } from './timeline';
import type { CampaignDetail } from './types';
import { ValuesTab } from './values';

const TABS = [
  { name: 'map', text: 'Map' },
  { name: 'runs', text: 'Runs' },
  { name: 'timeline', text: 'Timeline' },
  { name: 'distributions', text: 'Distributions' },
  { name: 'values', text: 'Values' },
  { name: 'build', text: 'Build' },
];

function CancelButton({ detail, again }: { detail: CampaignDetail; again: () => void }): JSX.Element | null {
  const { campaign } = detail;
  if (!mayChange() || (campaign.waiting + campaign.running === 0 && !campaign.building)) return null;
  const cancel = async (): Promise<void> => {
    const text = campaign.building
      ? 'Its build is ended, and none of its runs will begin.'
      : `${plural(campaign.waiting, 'run that waits', 'runs that wait')} will not begin, ` +
        `${plural(campaign.running, 'that runs', 'that run')} will be ended. Results so far stay.`;
    if (!(await ask(`Cancel the campaign ${campaign.name}?`, text, 'Cancel the campaign', true))) return;
    await act(async () => {
      const answer = await post<{ waiting: number; running: number }>(apiPath`/api/v1/campaigns/${campaign.id}`, {
        action: 'cancel',
      });
      if (campaign.building) return 'Cancelled: its build is told to end.';
      return `Cancelled: ${count(answer.waiting)} that waited, ${count(answer.running)} that ran.`;
    });
    again();
  };
  return (
    <button type="button" class="warn" onClick={() => void cancel()}>
      Cancel the campaign
    </button>
  );
}

function Summary({ detail }: { detail: CampaignDetail }): JSX.Element {
  const { campaign } = detail;
  const active = campaign.waiting + campaign.running > 0;
  return (
    <div class="card summary">
      <CampaignProgress of={campaign} />
      <Facts
        list={[
          ['Time left', active ? duration(campaign.left) : null],
          ['Runs a minute', campaign.rate == null ? null : String(Number(campaign.rate.toPrecision(3)))],
          ['Running', count(campaign.running)],
          ['Waiting', count(campaign.waiting)],
          ['Failed', campaign.failed ? <span class="bad">{count(campaign.failed)}</span> : '0'],
          ['Begun', <Ago at={campaign.created} />],
          ['Time of all runs', duration(detail.wall_seconds)],
          [
            'Of',
            campaign.user || campaign.host ? (
              <>
                <Text of={campaign.user ?? ''} most={40} />
                {campaign.host && (
                  <>
                    {' '}
                    on <Text of={campaign.host} most={40} />
                  </>
                )}
              </>
            ) : null,
          ],
          ['Queue', campaign.queue ? <Link to={queueAt(campaign.queue)} text={campaign.queue} /> : null],
          [
            'Build',
            campaign.build ? (
              <span class="mono">
                <Link to={buildAt(campaign.build)} text={campaign.build} most={20} />
              </span>
            ) : null,
          ],
          ['Simulator', detail.simulator ? <Text of={detail.simulator} most={80} /> : null],
        ]}
      />
    </div>
  );
}

function View({ id, tab, detail }: { id: string; tab: string; detail: CampaignDetail | null }): JSX.Element {
  switch (tab) {
    case 'runs':
      return <RunsTab id={id} />;
    case 'timeline':
      return <TimelineTab id={id} />;
    case 'distributions':
      return <DistributionsTab id={id} />;
    case 'values':
      return <ValuesTab id={id} variables={detail?.variables ?? []} ready={detail != null} />;
    case 'build':
      return detail == null ? (
        <Waiting failure={null} what="the campaign" />
      ) : detail.campaign.build ? (
        <BuildView id={detail.campaign.build} />
      ) : (
        <p class="note quiet">Nothing was built for this campaign: it runs a program as it is.</p>
      );
    default:
      return <MapTab id={id} />;
  }
}

// Of one whose runs are not known yet.
function Early({ detail }: { detail: CampaignDetail }): JSX.Element {
  const { campaign } = detail;
  return (
    <>
      <div class="card">
        {campaign.building && <CampaignProgress of={campaign} />}
        <Facts
          list={[
            ['Asked for', <Ago at={campaign.created} />],
            ['Of', campaign.host ? <Text of={campaign.host} most={40} /> : null],
          ]}
        />
      </div>
      {campaign.build && <BuildView id={campaign.build} />}
    </>
  );
}

export function CampaignPage({ id }: { id: string }): JSX.Element {
  const [early, setEarly] = useState(false);
  const shown = useResource<CampaignDetail>(apiPath`/api/v1/campaigns/${id}`, {
    topics: early ? [`campaign:${id}`, 'overview'] : [`campaign:${id}`],
    poll: 60_000, // the server forgets what nobody asks for
  });
  const asked = place.value.query.get('tab') ?? 'map';
  const tabs = isLocal() ? TABS.filter((one) => one.name !== 'build') : TABS;
  const tab = tabs.some((one) => one.name === asked) ? asked : 'map';
  const { data } = shown;
  const isEarly = data?.campaign.planned === false;
  useEffect(() => setEarly(isEarly), [isEarly]);
  const list = troublesOf(data?.trouble);
  return (
    <>
      <p class="crumbs">
        <a href="/campaigns">Campaigns</a>
      </p>
      <div class="head">
        <Title text={data?.campaign.name ?? id} />
        {data && <State of={data.campaign.state} />}
        <span class="grow" />
        {data && <CancelButton detail={data} again={shown.again} />}
      </div>
      {list.length > 0 && <Troubles list={list} />}
      {data && isEarly ? (
        <>
          <Stale failure={shown.failure} />
          <Early detail={data} />
        </>
      ) : data ? (
        <>
          <Stale failure={shown.failure} />
          <Summary detail={data} />
        </>
      ) : (
        <div class="card summary">
          <Waiting failure={shown.failure} what="the campaign" />
        </div>
      )}
      {data && !isEarly && (
        <Tabs
          label="Views of the campaign"
          tabs={tabs}
          chosen={tab}
          choose={(next) =>
            setQuery({ tab: next === 'map' ? null : next, offset: null, sort: null, order: null, search: null }, false)
          }
        >
          <View id={id} tab={tab} detail={data} />
        </Tabs>
      )}
      {data?.command && (
        <details class="repeat">
          <summary>The command that repeats this campaign</summary>
          <Copy text={data.command} what="The command that repeats this campaign" />
        </details>
      )}
    </>
  );
}
