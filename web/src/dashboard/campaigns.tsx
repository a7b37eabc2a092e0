// All campaigns, by pages.
import type { JSX } from 'preact';
import { withQuery } from '../common/api';
import { place, queryNumber, setQuery } from '../common/router';
import { Title } from '../common/shell';
import { Pager } from '../common/table';
import { Search, Stale, Waiting } from '../common/ui';
import { useResource } from '../common/resource';
import { CampaignTable } from './campaign_table';
import type { Campaign, Seen } from './types';

const MOST = 50;

export function CampaignsPage(): JSX.Element {
  const search = place.value.query.get('search') ?? '';
  const offset = queryNumber('offset', 0);
  const shown = useResource<Seen & { total: number; campaigns: Campaign[] }>(
    withQuery('/api/v1/campaigns', { offset, most: MOST, search }),
    { topics: ['overview'], every: 2000 },
  );
  return (
    <>
      <div class="head">
        <Title text="Campaigns" />
        <span class="grow" />
        <Search label="Search campaigns" value={search} change={(text) => setQuery({ search: text, offset: null })} />
      </div>
      {shown.data && <Stale failure={shown.failure} />}
      {shown.data ? (
        <div class="card">
          <CampaignTable rows={shown.data.campaigns} busy={shown.waiting} />
          <Pager total={shown.data.total} most={MOST} shown={shown.data.campaigns.length} />
        </div>
      ) : (
        <Waiting failure={shown.failure} what="the campaigns" />
      )}
    </>
  );
}
