#include "store/needs.h"

namespace simswarm::store {
namespace {

// Trees that kept ones are based on are kept, too, however old they are.
void add_bases(const std::map<std::string, SourceRecord>& sources, Needs& needs) {
  const Stamp before = system_clock().stamp() - kKeepBuilds;
  std::vector<std::string> todo;
  for (const auto& [tree, record] : sources) {
    if (record.created > before) todo.push_back(tree);
  }
  std::unordered_set<std::string> kept;
  while (!todo.empty()) {
    const std::string tree = std::move(todo.back());
    todo.pop_back();
    const auto found = sources.find(tree);
    if (found == sources.end() || !kept.insert(tree).second) continue;
    needs.referenced.insert(found->second.pack.hex());
    if (!found->second.base.empty()) todo.push_back(found->second.base);
  }
  for (const auto& [tree, record] : sources) {
    if (!kept.contains(tree)) needs.outdated.emplace_back(kSources, tree);
  }
}

Status add_builds(BackEnd& back_end, Needs& needs) {
  const Stamp before = system_clock().stamp() - kKeepBuilds;
  std::map<std::string, SourceRecord> sources;
  SIMSWARM_CHECK(back_end.each(kSources, {}, [&](const Document& document) -> Status {
    auto record = source_from(document);
    if (!record) return needs.outdated.emplace_back(kSources, document.id), Status();  // made anew by who wants it
    sources.emplace(document.id, std::move(*record));
    return {};
  }));
  add_bases(sources, needs);
  SIMSWARM_CHECK(back_end.each(kBuilds, {}, [&](const Document& document) -> Status {
    const auto read = build_from(document);
    const BuildRecord record = read ? *read : BuildRecord();
    if (record.created <= before) return needs.outdated.emplace_back(kBuilds, document.id), Status();
    for (const Digest* digest : {&record.artifact, &record.listing, &record.log}) {
      if (!digest->empty()) needs.referenced.insert(digest->hex());
    }
    return {};
  }));
  return back_end.each(kPlans, {}, [&](const Document& document) -> Status {
    const auto read = plan_from(document);
    const PlanRecord record = read ? *read : PlanRecord();
    if (record.created <= before) return needs.outdated.emplace_back(kPlans, document.id), Status();
    needs.referenced.insert(record.document.hex());
    return {};
  });
}

}  // namespace

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
    if (!record.foretold.empty()) needs.referenced.insert(record.foretold.hex());
    return {};
  }));
  SIMSWARM_CHECK(add_builds(back_end, needs));
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
