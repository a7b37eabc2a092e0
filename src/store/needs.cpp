#include "store/needs.h"

namespace simswarm::store {

Result<Needs> Needs::of(BackEnd& back_end, const Going& without) {
  Needs needs;
  const auto goes = [&](const char* collection, const std::string& id) {
    return !without.empty() && without.contains(std::string(collection) + "/" + id);
  };
  // Uses first: whoever has noted one, and then its reference, is seen by one of both.
  SIMSWARM_CHECK(back_end.each(kUses, {}, [&](const Document& document) -> Status {
    SIMSWARM_TRY(UseRecord use, use_from(document));
    needs.uses.emplace(document.id, std::move(use));
    return {};
  }));
  SIMSWARM_CHECK(back_end.each(kCampaigns, {}, [&](const Document& document) -> Status {
    if (goes(kCampaigns, document.id)) return {};
    SIMSWARM_TRY(const CampaignRecord record, campaign_from(document));
    needs.referenced.insert(record.artifact.hex());
    needs.referenced.insert(record.plan.hex());
    return {};
  }));
  for (const char* collection : {kConflicts, kResults}) {
    SIMSWARM_CHECK(back_end.each(collection, {}, [&](const Document& document) -> Status {
      if (is_distrusted(document) || goes(collection, document.id)) return {};
      SIMSWARM_TRY(const RunRecord record, run_from(document));
      for (const Digest& digest : record.blobs()) needs.referenced.insert(digest.hex());
      return {};
    }));
  }
  return needs;
}

}  // namespace simswarm::store
